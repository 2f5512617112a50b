/** Items longer than this are sent one at a time: the gap between two is nothing, a bad place in a queue is not. */
const LONG_ITEM_MS = 10;
/** Work that should lie ready at a worker, to cover the time until the next item arrives. */
const READY_WORK_MS = 2;
const MAX_WINDOW = 128;

/**
 * How many items of a map a worker should have at once, from the time that it takes for one. Starts with one; short
 * items are sent ahead, so that the worker need not wait for the wire. Pure: time comes in as `now`, in milliseconds.
 */
export class InFlightWindow {
  readonly #fixed: number | undefined;
  #itemMs: number | undefined;
  #busySince = 0;

  /** A fixed size, or undefined to find one. */
  constructor(fixed: number | undefined) {
    this.#fixed = fixed;
  }

  get size(): number {
    if (this.#fixed !== undefined) return this.#fixed;
    if (this.#itemMs === undefined || this.#itemMs > LONG_ITEM_MS) return 1;
    return Math.min(MAX_WINDOW, 1 + Math.ceil(READY_WORK_MS / Math.max(this.#itemMs, 0.001)));
  }

  /** An item went out to an idle worker. */
  began(now: number): void {
    this.#busySince = now;
  }

  /** An item came back; the worker goes on with the next, if it has one. */
  ended(now: number): void {
    const took = now - this.#busySince;
    this.#busySince = now;
    this.#itemMs = this.#itemMs === undefined ? took : this.#itemMs + (took - this.#itemMs) / 8;
  }
}
