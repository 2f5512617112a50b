import { deferred } from "../util/deferred.js";

/** Outcomes of a launch on their way from the cluster manager that sees them to the cluster that iterates over them. */
export class OutcomeQueue<T> {
  #items: T[] = [];
  #news = deferred<void>();
  #failure: { readonly error: unknown } | undefined;

  push(item: T): void {
    this.#items.push(item);
    this.#news.resolve();
  }

  /** Ends the iteration with this error, once what was pushed before has been taken. The first one counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#news.resolve();
  }

  /** The next item; undefined when `signal` aborts, whatever is left. */
  async next(signal: AbortSignal): Promise<T | undefined> {
    const wake = () => this.#news.resolve();
    signal.addEventListener("abort", wake);
    try {
      while (!signal.aborted) {
        const item = this.#items.shift();
        if (item !== undefined) return item;
        if (this.#failure !== undefined) throw this.#failure.error;
        await this.#news.promise;
        this.#news = deferred();
      }
      return undefined;
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }

  /** Gives the items as they come, until `signal` aborts. */
  async *until(signal: AbortSignal): AsyncGenerator<T, void, void> {
    for (let item = await this.next(signal); item !== undefined; item = await this.next(signal)) yield item;
  }

  /** Takes what nobody has taken. */
  drain(): readonly T[] {
    return this.#items.splice(0);
  }
}
