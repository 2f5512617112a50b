import { deferred } from "../util/deferred.js";
import { Answer } from "./answers.js";
import { Parcel } from "./parcel.js";
import type { ReferenceId } from "./reference-id.js";
import type { Request } from "./requests.js";
import { ENOUGH_BYTES, roughSize } from "./stream-items.js";

type Step = IteratorResult<unknown, unknown>;

/**
 * The owner's end of a stream: an async iterable of the program, which stays where it is and is read when somebody asks. It
 * is not begun before that, and never asked for more than its readers have asked for.
 */
export class StreamSource {
  readonly #iterable: AsyncIterable<unknown>;
  #iterator: AsyncIterator<unknown> | undefined;
  /** A step that has begun; kept when the one who waited for it does not any more. */
  #step: Promise<Step> | undefined;
  /** Resolves when the readers before are served. */
  #turn: Promise<unknown> = Promise.resolve();
  #isOver = false;
  /** Those who wait for items, or for their turn. */
  readonly #waiting = new Set<() => void>();
  /** It has been sent, and is in the table of references since. */
  isStored = false;
  /** Nobody holds it any more. */
  isEnded = false;

  constructor(
    readonly id: ReferenceId,
    iterable: AsyncIterable<unknown>,
  ) {
    this.#iterable = iterable;
  }

  /** Up to `most` items: the first, which is waited for, and those that are there in the same turn of the event loop. */
  take(most: number, request: Request): Promise<Answer> {
    const stopped = deferred<undefined>();
    const stop = (): void => stopped.resolve(undefined);
    request.withdraw = stop;
    this.#waiting.add(stop);
    const answer = this.#turn
      .then(() => this.#take(most, stopped.promise))
      .finally(() => this.#waiting.delete(stop));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  /** Nobody is left to read it: its iterator is returned, so that `finally` blocks run. */
  end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    for (const stop of this.#waiting) stop();
    if (this.#isOver) return;
    const wasBegun = this.#iterator !== undefined;
    void this.#return().catch(() => {
      // It has nobody to tell.
    });
    // A stream of Node's does not hear of an iterator that was never begun.
    const { destroy } = this.#iterable as { destroy?: () => void };
    if (!wasBegun && typeof destroy === "function") destroy.call(this.#iterable);
  }

  async #take(most: number, stop: Promise<undefined>): Promise<Answer> {
    const items: Parcel[] = [];
    let bytes = 0;
    let until = stop;
    try {
      while (!this.#isOver && !this.isEnded && items.length < most && bytes < ENOUGH_BYTES) {
        const step = await Promise.race([until, (this.#step ??= this.#next())]);
        if (step === undefined) break;
        this.#step = undefined;
        if (step.done === true) {
          this.#isOver = true;
          return [Answer.done, items, new Parcel(step.value)];
        } else {
          if (items.length === 0) until = nextTurn();
          items.push(new Parcel(step.value));
          bytes += sizeOf(step.value);
        }
      }
    } catch (error) {
      // What came before goes first; the next one to ask gets the error.
      if (items.length === 0) {
        this.#isOver = true;
        throw error;
      }
    }
    if (this.#isOver) return [Answer.done, items, new Parcel(undefined)];
    if (items.length > 0) return [Answer.done, items];
    return [this.isEnded ? Answer.released : Answer.withdrawn];
  }

  #next(): Promise<Step> {
    const step = this.#begun().next();
    const promise = Promise.resolve(step);
    // Perhaps nobody asks for it any more.
    promise.catch(() => {});
    return promise;
  }

  #begun(): AsyncIterator<unknown> {
    return (this.#iterator ??= this.#iterable[Symbol.asyncIterator]());
  }

  async #return(): Promise<void> {
    await this.#begun().return?.();
  }
}

/** What cannot be looked at is for the encoder to complain of. */
function sizeOf(item: unknown): number {
  try {
    return roughSize(item);
  } catch {
    return 0;
  }
}

function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(resolve, undefined));
}
