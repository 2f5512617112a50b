import { ChannelClosedError } from "../errors.js";
import type { ChannelEnd } from "./channel-buffer.js";
import { Parcel } from "./parcel.js";
import { Reference } from "./reference.js";
import { checkWaitOptions, type WaitOptions } from "./wait-options.js";

/**
 * A queue that lives in one process and that all processes may fill and empty: first in, first out, and so are those who
 * wait. Iterated, it gives values until it is closed and empty.
 *
 * Every operation that waits takes a signal and a time limit. It rejects with a `ChannelClosedError` if the channel is
 * closed (its `cause` says why, if not in good order), a `ProcessExitedError` if the process in which it lives is gone,
 * and a `ReferenceReleasedError` if it was released here.
 */
export class RemoteChannel<T> extends Reference implements AsyncIterable<T> {
  /**
   * Puts a copy of the value in. Resolves when it is in: at once, if there is room, or else when there is; in an unbuffered
   * channel (capacity 0), when it has been taken. An abort that comes too late does not take it out again. Await one `put`
   * before the next, if their order matters: a large value may be overtaken by a small one.
   */
  async put(value: T, options: WaitOptions = {}): Promise<void> {
    checkWaitOptions("put", options);
    await this.references.request(this.hold, "put", [new Parcel(value)], options);
  }

  /** Takes the next value out; waits for one. A value that arrives here after an abort goes back to where it was. */
  async take(options: WaitOptions = {}): Promise<T> {
    checkWaitOptions("take", options);
    const [, parcel] = await this.references.request(this.hold, "take", [], {
      ...options,
      late: ([, late, position]) => {
        if (late instanceof Parcel) void this.references.putBack(this.hold, late, position as number);
      },
    });
    return (parcel as Parcel).value as T;
  }

  /** The next value, which stays there; waits for one. */
  async fetch(options: WaitOptions = {}): Promise<T> {
    checkWaitOptions("fetch", options);
    const [, parcel] = await this.references.request(this.hold, "peek", [], options);
    return (parcel as Parcel).value as T;
  }

  /** Resolves when there is a value to take. */
  async wait(options: WaitOptions = {}): Promise<void> {
    checkWaitOptions("wait", options);
    await this.references.request(this.hold, "waitForValue", [], options);
  }

  /** Whether there is a value to take. */
  async isReady(options: WaitOptions = {}): Promise<boolean> {
    checkWaitOptions("isReady", options);
    return (await this.references.request(this.hold, "isReady", [], options))[1] as boolean;
  }

  /** How many values are buffered. */
  async size(options: WaitOptions = {}): Promise<number> {
    checkWaitOptions("size", options);
    return (await this.references.request(this.hold, "size", [], options))[1] as number;
  }

  async isOpen(options: WaitOptions = {}): Promise<boolean> {
    checkWaitOptions("isOpen", options);
    return (await this.references.request(this.hold, "isOpen", [], options))[1] as boolean;
  }

  /**
   * Nothing more comes in. What is buffered can still be taken; then takers get a `ChannelClosedError`, with `error` as its
   * cause if there is one, and iterations end: in good order, or with that error. To close it again does nothing.
   */
  async close(error?: unknown, options: WaitOptions = {}): Promise<void> {
    checkWaitOptions("close", options);
    const end: ChannelEnd = error === undefined ? {} : { error };
    await this.references.request(this.hold, "close", [end], options);
  }

  /** Takes values until the channel is closed and empty. Several iterations, also in several processes, share them. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      let value: T;
      try {
        value = await this.take();
      } catch (error) {
        if (error instanceof ChannelClosedError && error.cause === undefined) return;
        throw error;
      }
      yield value;
    }
  }
}
