import { NoSuchProcessError, ProcessExitedError, type ExitReason } from "../errors.js";
import type { Member } from "./member.js";

/** All workers of a cluster, those that are gone included: a pid is never used again. */
export class Members {
  readonly #members = new Map<number, Member>();
  readonly #byKeyId = new Map<string, Member>();
  readonly #byLaunchedId = new Map<string, Member>();
  /** By pid, ascending; made anew after a change. */
  #sorted: readonly Member[] | undefined;
  readonly #gone = new Map<number, ExitReason>();
  #nextPid = 2;

  newPid(): number {
    return this.#nextPid++;
  }

  add(member: Member): void {
    this.#members.set(member.pid, member);
    this.#byKeyId.set(member.keyId, member);
    this.#byLaunchedId.set(member.info.launched.id, member);
    this.#sorted = undefined;
  }

  /** Takes a worker out for good. */
  remove(pid: number, reason: ExitReason): void {
    const member = this.#members.get(pid);
    if (member === undefined) return;
    this.#members.delete(pid);
    this.#byKeyId.delete(member.keyId);
    this.#byLaunchedId.delete(member.info.launched.id);
    this.#sorted = undefined;
    this.#gone.set(pid, reason);
  }

  /** By pid, ascending, which is not always the order in which they joined. */
  get all(): readonly Member[] {
    this.#sorted ??= [...this.#members.values()].toSorted((one, other) => one.pid - other.pid);
    return this.#sorted;
  }

  /** Workers that may be given calls, by pid, ascending. */
  get available(): readonly Member[] {
    return this.all.filter((member) => member.takesCalls);
  }

  byKeyId(keyId: string): Member | undefined {
    return this.#byKeyId.get(keyId);
  }

  byLaunchedId(id: string): Member | undefined {
    return this.#byLaunchedId.get(id);
  }

  find(pid: number): Member | undefined {
    return this.#members.get(pid);
  }

  /** Throws `ProcessExitedError` for a worker that is gone, `NoSuchProcessError` for a pid that never was. */
  get(pid: number): Member {
    const member = this.#members.get(pid);
    if (member !== undefined) return member;
    const reason = this.#gone.get(pid);
    if (reason !== undefined) throw new ProcessExitedError(pid, reason);
    throw new NoSuchProcessError(pid, [1, ...this.all.map((other) => other.pid)]);
  }

  /** The worker with the fewest calls in flight; of equals the oldest. Undefined if there is none. */
  leastLoaded(): Member | undefined {
    let best: Member | undefined;
    for (const member of this.#members.values()) {
      if (!member.takesCalls) continue;
      if (best === undefined || member.session.callsWaiting < best.session.callsWaiting) best = member;
    }
    return best;
  }
}
