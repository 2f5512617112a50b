/** Links that one worker makes at once. */
const MOST_AT_ONCE = 8;

/**
 * Makes links ahead of any call. Those that cannot be made now are left to the first call, which tells why; nobody waits
 * for these.
 */
export class EagerLinks {
  readonly #connect: (pid: number) => Promise<void>;
  readonly #todo: number[] = [];
  #running = 0;

  constructor(connect: (pid: number) => Promise<void>) {
    this.#connect = connect;
  }

  add(pid: number): void {
    this.#todo.push(pid);
    this.#next();
  }

  #next(): void {
    while (this.#running < MOST_AT_ONCE) {
      const pid = this.#todo.shift();
      if (pid === undefined) return;
      this.#running++;
      void this.#make(pid);
    }
  }

  async #make(pid: number): Promise<void> {
    try {
      await this.#connect(pid);
    } catch {
      // The first call will find out for itself.
    }
    this.#running--;
    this.#next();
  }
}
