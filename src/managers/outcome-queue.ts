import { deferred } from "../util/deferred.js";

/** Outcomes on their way from what makes them to the one who iterates over a launch. */
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

  /** Takes what nobody has taken. */
  drain(): readonly T[] {
    return this.#items.splice(0);
  }
}
