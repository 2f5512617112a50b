/** Items longer than this are sent one at a time: the gap between two is nothing, a bad place in a queue is not. */
const LONG_ITEM_MS = 10;
/** Work that should lie ready at a worker, to cover the time until the next item arrives. */
const READY_WORK_MS = 2;
const MAX_WINDOW = 128;
/** What a batch of its own size should take: long against what a message costs, short against what people notice. */
const BATCH_MS = 1;
const MAX_BATCH = 4096;

/**
 * How many messages of a map a worker should have at once, and how many items each should hold, from the time that they
 * take. Starts with one of one; short ones are sent ahead, so that the worker need not wait for the wire. Pure: time
 * comes in as `now`, in milliseconds.
 */
export class InFlightWindow {
  readonly #fixed: number | undefined;
  readonly #batch: number | "auto";
  #messageMs: number | undefined;
  #itemMs: number | undefined;
  #largestBatch = 1;
  #busySince = 0;

  /** A fixed number of messages, or undefined to find one; a fixed number of items in each, or `auto` to find one. */
  constructor(fixed: number | undefined, batch: number | "auto" = 1) {
    this.#fixed = fixed;
    this.#batch = batch;
  }

  /** Messages at once. */
  get size(): number {
    if (this.#fixed !== undefined) return this.#fixed;
    if (this.#messageMs === undefined || this.#messageMs > LONG_ITEM_MS) return 1;
    return Math.min(MAX_WINDOW, 1 + Math.ceil(READY_WORK_MS / Math.max(this.#messageMs, 0.001)));
  }

  /** Items in the next message. At most twice as many as any before: a few quick items are a weak promise. */
  get batchSize(): number {
    if (this.#batch !== "auto") return this.#batch;
    if (this.#itemMs === undefined) return 1;
    const wanted = Math.floor(BATCH_MS / Math.max(this.#itemMs, BATCH_MS / MAX_BATCH));
    return Math.max(1, Math.min(wanted, 2 * this.#largestBatch));
  }

  /** A message went out to an idle worker. */
  began(now: number): void {
    this.#busySince = now;
  }

  /** A message with so many items came back; the worker goes on with the next, if it has one. */
  ended(now: number, items = 1): void {
    const took = now - this.#busySince;
    this.#busySince = now;
    this.#messageMs = average(this.#messageMs, took);
    this.#itemMs = average(this.#itemMs, took / items);
    if (items > this.#largestBatch) this.#largestBatch = items;
  }
}

function average(before: number | undefined, took: number): number {
  return before === undefined ? took : before + (took - before) / 8;
}
