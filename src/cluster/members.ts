import { NoSuchProcessError, NoWorkersError, ProcessExitedError, type ExitReason } from "../errors.js";
import type { Member } from "./member.js";

/** All workers of a cluster, those that are gone included: a pid is never used again. */
export class Members {
  readonly #members = new Map<number, Member>();
  readonly #gone = new Map<number, ExitReason>();
  #nextPid = 2;

  newPid(): number {
    return this.#nextPid++;
  }

  add(member: Member): void {
    this.#members.set(member.pid, member);
  }

  /** Takes a worker out for good. */
  remove(pid: number, reason: ExitReason): void {
    if (this.#members.delete(pid)) this.#gone.set(pid, reason);
  }

  /** By pid, ascending, which is not always the order in which they joined. */
  get all(): readonly Member[] {
    return [...this.#members.values()].toSorted((one, other) => one.pid - other.pid);
  }

  /** Workers that may be given calls, by pid, ascending. */
  get available(): readonly Member[] {
    return this.all.filter((member) => member.takesCalls);
  }

  byKeyId(keyId: string): Member | undefined {
    return this.all.find((member) => member.keyId === keyId);
  }

  byLaunchedId(id: string): Member | undefined {
    return this.all.find((member) => member.info.launched.id === id);
  }

  /** Throws `ProcessExitedError` for a worker that is gone, `NoSuchProcessError` for a pid that never was. */
  get(pid: number): Member {
    const member = this.#members.get(pid);
    if (member !== undefined) return member;
    const reason = this.#gone.get(pid);
    if (reason !== undefined) throw new ProcessExitedError(pid, reason);
    throw new NoSuchProcessError(pid, [1, ...this.all.map((other) => other.pid)]);
  }

  /** The worker with the fewest calls in flight; of equals the oldest. */
  leastLoaded(): Member {
    let best: Member | undefined;
    for (const member of this.#members.values()) {
      if (!member.takesCalls) continue;
      if (best === undefined || member.session.callsWaiting < best.session.callsWaiting) best = member;
    }
    if (best === undefined) throw new NoWorkersError("the cluster has no workers; add some with addProcs");
    return best;
  }
}
