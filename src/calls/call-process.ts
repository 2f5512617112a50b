import type { ExitReason } from "../errors.js";
import type { CallReference } from "../rpc/internal-functions.js";
import type { PendingCall } from "../rpc/pending-calls.js";
import type { KeepAs } from "../rpc/reference-traffic.js";
import type { StopRule } from "../rpc/stop-rule.js";
import type { Labels } from "./labels.js";
import type { ProcessPlace } from "./process-filter.js";

/** What can be called: a process at the other end of a session, or this one. */
export interface CallableProcess {
  /** False from the end of its connection on, also while it is not known yet why that ended. */
  readonly isOpen: boolean;
  readonly hasRoom: boolean;
  /** Calls from here that it has not answered. */
  readonly callsWaiting: number;
  room(): Promise<void>;
  /** Gives the id under which it can be abandoned, or -1 if `call` has been rejected already and nothing was sent. */
  call(reference: CallReference, args: readonly unknown[], call: PendingCall, limitMs?: number): number;
  /** As `call`, but the result stays there, and `call` is told that it is there. */
  callAndKeep(
    reference: CallReference,
    args: readonly unknown[],
    keepAs: KeepAs,
    call: PendingCall,
    limitMs?: number,
  ): number;
  callAndForget(reference: CallReference, args: readonly unknown[]): void;
  /** The caller no longer waits; `call` is not settled any more. Calls `ended` when the process is done with the call. */
  abandon(id: number, rule?: StopRule, ended?: () => void): void;
  /** It need not keep the function: it is sent again if it is called again. */
  forget(reference: CallReference): void;
}

export interface FoundProcess {
  readonly pid: number;
  readonly process: CallableProcess;
}

/** What a process knows of a worker of its cluster. */
export interface KnownWorker {
  readonly pid: number;
  readonly labels: Labels;
  readonly place: ProcessPlace;
}

/** The processes of a cluster as one of them knows them: each has a directory of its own. */
export interface ProcessDirectory {
  /** The process whose directory this is. */
  readonly myPid: number;
  /** Nothing can be called any more. */
  readonly isClosed: boolean;
  /** Workers that take calls, by pid, ascending. */
  readonly workers: readonly KnownWorker[];
  /** Those of them that this process may call, itself included where it is a worker. */
  readonly callable: readonly FoundProcess[];

  /**
   * The process that a pid names. A promise where somebody must be asked first. Throws, or rejects with, a
   * `ProcessExitedError` or `NoSuchProcessError`, or a `NoWorkersError` for `any`; with the signal's reason if that aborts.
   */
  find(pid: number | "any", signal?: AbortSignal): FoundProcess | Promise<FoundProcess>;
  /** As `find`, for what lives in a process and not for work that it should do: one that is leaving is found too. */
  reach(pid: number): FoundProcess | Promise<FoundProcess>;
  /** Where a process runs. Throws as `find` does. */
  placeOf(pid: number): ProcessPlace;
  /** Throws, or rejects, as `find` does, unless the process is there. Nobody is connected. */
  confirm(pid: number): void | Promise<void>;
  /** Calls back once for every worker that is gone from now on. Returns how to stop that. */
  onExited(listener: (pid: number, reason: ExitReason) => void): () => void;
  /** Calls back when workers come or go, or the directory closes. Returns how to stop that. */
  onChange(listener: () => void): () => void;
}
