import { ReferenceReleasedError } from "../errors.js";
import { Parcel } from "./parcel.js";
import type { Hold } from "./handle-table.js";
import { Reference } from "./reference.js";
import type { References } from "./references.js";
import { FIRST_ITEMS, nextItems } from "./stream-items.js";

interface Batch {
  readonly items: readonly Parcel[];
  /** What the source returned, once it has. */
  readonly end: Parcel | undefined;
}

/** A request for items. Knows nothing of its stream, which the garbage collector may take while the source is silent. */
class Asking {
  readonly batch: Promise<Batch>;
  giveUp: (reason: unknown) => void = () => {};

  constructor(references: References, hold: Hold, most: number) {
    const answer = references.request(hold, "pull", [most], {
      started: (giveUp) => void (this.giveUp = giveUp),
      late: ([, items, end]) => {
        if (Array.isArray(items)) references.droppedParcels(items as Parcel[]);
        if (end instanceof Parcel) references.droppedParcels([end]);
      },
    });
    this.batch = answer.then(([, items, end]) => ({
      items: items as readonly Parcel[],
      end: end as Parcel | undefined,
    }));
    // Perhaps nobody reads on.
    this.batch.catch(() => {});
  }
}

/**
 * What an async iterable arrives as: it stays in the process `pid`, which is asked for its items while they are read, a
 * batch ahead. Leaving a loop, `return()` and `using` end it there. An error of its arrives as a `RemoteError`, and the end
 * of its process as a `ProcessExitedError`. It may be sent on, once, as long as
 * nobody has begun to read it here; then it belongs to the receiver, and is released here.
 */
export class RemoteStream<T> extends Reference implements AsyncGenerator<T, unknown, unknown> {
  #unread: readonly Parcel[] = [];
  #position = 0;
  /** What the source returned, if these are its last items. */
  #end: Parcel | undefined;
  #isOver = false;
  #ahead: Asking | undefined;
  #most = FIRST_ITEMS;
  #isBegun = false;
  #turn: Promise<unknown> = Promise.resolve();

  /** @internal Whether it has been read from here. */
  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** The next item; several calls at once get their items in their order. */
  next(): Promise<IteratorResult<T, unknown>> {
    this.#isBegun = true;
    const next = this.#turn.then(() => this.#next());
    this.#turn = next.catch(() => {});
    return next;
  }

  /** Nobody reads on. Does not wait for the source to have ended. */
  async return(value?: unknown): Promise<IteratorResult<T, unknown>> {
    this.#isOver = true;
    this.release();
    return { done: true, value: await value };
  }

  /** As `return`, but rejects with the error. */
  async throw(error: unknown): Promise<IteratorResult<T, unknown>> {
    await this.return();
    throw error;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  override release(): void {
    if (this.isReleased) return;
    super.release();
    this.references.droppedParcels(this.#unread.slice(this.#position));
    this.#unread = [];
    this.#position = 0;
    this.#ahead?.giveUp(new ReferenceReleasedError("the stream was released here while it was read"));
  }

  async #next(): Promise<IteratorResult<T, unknown>> {
    try {
      while (!this.#isOver && this.#position === this.#unread.length) {
        if (this.#end !== undefined) return await this.return(this.#end.value);
        await this.#nextBatch();
      }
    } catch (error) {
      if (!this.#isOver) {
        await this.return();
        throw error;
      }
    }
    if (this.#isOver) return { done: true, value: undefined };
    return { done: false, value: this.#unread[this.#position++]!.value as T };
  }

  async #nextBatch(): Promise<void> {
    const { items, end } = await (this.#ahead ??= this.#ask()).batch;
    this.#ahead = undefined;
    if (this.isReleased) return this.references.droppedParcels(items);
    this.#unread = items;
    this.#position = 0;
    this.#end = end;
    if (end === undefined) this.#ahead = this.#ask();
  }

  #ask(): Asking {
    const asking = new Asking(this.references, this.hold, this.#most);
    this.#most = nextItems(this.#most);
    return asking;
  }
}

/** A stream as a `ReadableStream`, which reads nothing that nobody has asked it for. */
export function readableOf<T>(stream: RemoteStream<T>): ReadableStream<T> {
  return new ReadableStream<T>(
    {
      pull: async (controller) => {
        const step = await stream.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      cancel: async () => void (await stream.return()),
    },
    { highWaterMark: 0 },
  );
}
