/** Hands on values that come up one by one, until a signal aborts; what is still queued then is handed out first. */
export class OutcomeQueue<T> implements AsyncIterable<T> {
  readonly #signal: AbortSignal;
  readonly #values: T[] = [];
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
  }

  push(value: T): void {
    this.#values.push(value);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      if (this.#values.length > 0) yield this.#values.shift()!;
      else if (this.#signal.aborted) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
