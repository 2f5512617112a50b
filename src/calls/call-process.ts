import { ProcessExitedError } from "../errors.js";
import type { Members } from "../cluster/members.js";
import type { FunctionReference } from "../functions/function-reference.js";
import type { PendingCall } from "../rpc/pending-calls.js";
import type { LocalProcess } from "./local-process.js";

/** What can be called: a worker's session, or the manager's own process. */
export interface CallableProcess {
  /** False from the end of its connection on, also while it is not known yet why that ended. */
  readonly isOpen: boolean;
  readonly hasRoom: boolean;
  room(): Promise<void>;
  call(reference: FunctionReference, args: readonly unknown[], call: PendingCall): number;
  callAndKeep(
    reference: FunctionReference,
    args: readonly unknown[],
    keepAs: number,
    call: PendingCall,
  ): number;
  callAndForget(reference: FunctionReference, args: readonly unknown[]): void;
  newReference(): number;
  fetch(reference: number, call: PendingCall): void;
  release(reference: number): void;
  abandon(id: number): void;
}

/** Finds the process that a pid names. */
export class Processes {
  constructor(
    readonly members: Members,
    readonly local: LocalProcess,
  ) {}

  /** Throws `ProcessExitedError` or `NoSuchProcessError`, or `NoWorkersError` for `any`. */
  find(pid: number | "any"): { readonly pid: number; readonly process: CallableProcess } {
    if (pid === 1) return { pid, process: this.local };
    const member = pid === "any" ? this.members.leastLoaded() : this.members.get(pid);
    if (!member.takesCalls) {
      throw new ProcessExitedError(member.pid, { kind: "removed", message: "it is leaving the cluster" });
    }
    return { pid: member.pid, process: member.session };
  }
}
