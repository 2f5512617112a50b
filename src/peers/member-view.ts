import type { ExitReason } from "../errors.js";
import type { MemberEntry, MembersMessage } from "../protocol/peer-messages.js";

/** What a worker has been told of the workers of its cluster. It may be a moment behind what the manager knows. */
export class MemberView {
  readonly #entries = new Map<number, MemberEntry>();
  readonly #leaving = new Set<number>();
  readonly #exits = new Map<number, ExitReason>();
  /** By pid, ascending; made anew after a change. */
  #sorted: readonly MemberEntry[] | undefined;

  /** Workers that take calls, by pid, ascending. */
  get available(): readonly MemberEntry[] {
    this.#sorted ??= [...this.#entries.values()]
      .filter(({ pid }) => !this.#leaving.has(pid))
      .toSorted((one, other) => one.pid - other.pid);
    return this.#sorted;
  }

  get(pid: number): MemberEntry | undefined {
    return this.#entries.get(pid);
  }

  isLeaving(pid: number): boolean {
    return this.#leaving.has(pid);
  }

  exitOf(pid: number): ExitReason | undefined {
    return this.#exits.get(pid);
  }

  /** Takes news in, in whatever order they come; returns the workers that are gone and were not known to be. */
  apply({ joined = [], leaving = [], exited = [] }: MembersMessage): MembersMessage["exited"] & object {
    this.#sorted = undefined;
    for (const entry of joined) {
      if (!this.#exits.has(entry.pid)) this.#entries.set(entry.pid, entry);
    }
    for (const pid of leaving) if (!this.#exits.has(pid)) this.#leaving.add(pid);
    const news = exited.filter(({ pid }) => !this.#exits.has(pid));
    for (const { pid, reason } of news) {
      this.#exits.set(pid, reason);
      this.#entries.delete(pid);
      this.#leaving.delete(pid);
    }
    return news;
  }
}
