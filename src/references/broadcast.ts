import type { Hold } from "./handle-table.js";
import { Reference } from "./reference.js";
import type { References } from "./references.js";
import { checkWaitOptions, limited, type WaitOptions } from "./wait-options.js";

/**
 * A value of which every process has, or gets, a copy of its own. Travels in calls, closures and results as other
 * references do. The copies are there until its maker releases it.
 */
export class Broadcast<T> extends Reference {
  /** Keeps the compiler from taking one of another type for it. */
  declare protected readonly value: T;

  /**
   * This process's copy: the same object each time, until the maker releases it. One that was not placed here is fetched from
   * the process that made it, once. Rejects with a `ReferenceReleasedError` when it was released, here or by its maker, and
   * with a `ProcessExitedError` if it is not here yet and its maker is gone.
   */
  async fetch(options: WaitOptions = {}): Promise<T> {
    checkWaitOptions("fetch", options);
    return limited("fetch", options, this.references.broadcasts.fetch(this.hold) as Promise<T>);
  }
}

/** What `cluster.broadcast` gives to the one who makes it. Arrives elsewhere as a `Broadcast`. */
export class PlacedBroadcast<T> extends Broadcast<T> {
  /** The processes in which it was placed, ascending. One that ended meanwhile is not among them. */
  readonly pids: readonly number[];

  /** @internal */
  constructor(references: References, hold: Hold, pids: readonly number[]) {
    super(references, hold);
    this.pids = pids;
  }

  /** Drops the value and its copies everywhere: whoever still has it can fetch it no more. */
  override release(): void {
    this.references.broadcasts.end(this.hold.id);
    super.release();
  }
}
