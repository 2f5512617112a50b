/**
 * Which members a pool has and which of them are free. A member is free or taken, never both, and a process that is no
 * member is neither. Pure.
 */
export class PoolMembers {
  readonly #members = new Set<number>();
  /** In the order in which they became free. */
  readonly #free = new Set<number>();

  get size(): number {
    return this.#members.size;
  }

  get free(): number {
    return this.#free.size;
  }

  /** Ascending. */
  get pids(): number[] {
    return [...this.#members].toSorted((one, other) => one - other);
  }

  has(pid: number): boolean {
    return this.#members.has(pid);
  }

  /** A new member is free; one that is a member already stays as it is. */
  add(pid: number): void {
    if (this.#members.has(pid)) return;
    this.#members.add(pid);
    this.#free.add(pid);
  }

  remove(pid: number): void {
    this.#members.delete(pid);
    this.#free.delete(pid);
  }

  /** The member that has been free for longest; it is taken then. */
  take(): number | undefined {
    for (const pid of this.#free) {
      this.#free.delete(pid);
      return pid;
    }
    return undefined;
  }

  /** Makes a taken member free again. Says nothing of a free one, and of one that is no member. */
  putBack(pid: number): void {
    if (this.#members.has(pid)) this.#free.add(pid);
  }
}
