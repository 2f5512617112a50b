import { checkResult, type ItemsIterator } from "./items.js";

/** Who hears of what an asynchronous input gives. */
export interface LateInput<T> {
  /** An item, or that the input is over. */
  readonly gave: (next: { readonly value: T } | undefined) => void;
  readonly failed: (error: unknown) => void;
}

/** The input of a map, read one item at a time and only when an item is asked for. */
export class MapInput<T> {
  readonly #iterator: ItemsIterator<T>;
  readonly #late: LateInput<T>;
  #isReading = false;
  #isOver = false;
  #left: number;

  /** @param size How many items it has, if that is known. */
  constructor(iterator: ItemsIterator<T>, late: LateInput<T>, size = Infinity) {
    this.#iterator = iterator;
    this.#late = late;
    this.#left = size;
  }

  /** How many items have not been read yet; infinite if nobody can say. */
  get left(): number {
    return this.#isOver ? 0 : this.#left;
  }

  /** It is asynchronous and about to give an item. */
  get isReading(): boolean {
    return this.#isReading;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The next item, if there is one now. Otherwise the input is over, or late. Throws what a synchronous input throws. */
  next(): { readonly value: T } | undefined {
    if (this.#isReading || this.#isOver) return undefined;
    const next = this.#iterator.next();
    if (!isThenable(next)) return this.#take(next);
    this.#isReading = true;
    Promise.resolve(next)
      .then((result) => {
        this.#isReading = false;
        return this.#take(result);
      })
      .then(this.#late.gave, this.#late.failed);
    return undefined;
  }

  /** Lets a generator that has not come to its end run its `finally`. */
  async close(): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#iterator.return?.();
    } catch {
      // The map has ended already, with its own result or error; this one has nobody to go to.
    }
  }

  #take(result: IteratorResult<T>): { readonly value: T } | undefined {
    if (checkResult("pmap", result).done !== true) {
      this.#left = Math.max(0, this.#left - 1);
      return result;
    }
    this.#isOver = true;
    return undefined;
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (Object(value) as { then?: unknown }).then === "function";
}
