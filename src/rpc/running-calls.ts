import type { ServedCall } from "./served-call.js";

/**
 * The calls that go on asynchronously, the newest first. A list, since hundreds of thousands may come and go in a second:
 * that costs a few writes each, a tenth of what it costs in a `Set`.
 */
export class RunningCalls implements Iterable<ServedCall> {
  #newest: ServedCall | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(call: ServedCall): void {
    call.isRunning = true;
    call.older = this.#newest;
    if (this.#newest !== undefined) this.#newest.newer = call;
    this.#newest = call;
    this.#size++;
  }

  /** False if it is not among them. */
  delete(call: ServedCall): boolean {
    if (!call.isRunning) return false;
    call.isRunning = false;
    const { newer, older } = call;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older !== undefined) older.newer = newer;
    // A call that is held by its signal must not hold those that ran with it.
    call.newer = undefined;
    call.older = undefined;
    this.#size--;
    return true;
  }

  /** Calls may be deleted meanwhile. */
  *[Symbol.iterator](): Generator<ServedCall> {
    const calls: ServedCall[] = [];
    for (let call = this.#newest; call !== undefined; call = call.older) calls.push(call);
    yield* calls;
  }
}
