import { onlyKnown, plainObject, show, wholeNumber } from "../util/option-checks.js";
import { checkMapOptions, type CheckedMapOptions } from "./map-options.js";
import { Range } from "./range.js";
import type { WorkerPool } from "../calls/worker-pool.js";

export interface LoopOptions {
  /** The workers to use: the pool's members. Default: all. */
  readonly pool?: WorkerPool;
  /** Stops the loop: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** The loop fails when this many workers died while they had the same chunk of it. Default 3. */
  readonly maxDeaths?: number;
  /**
   * How long to wait, in milliseconds, before each further attempt of a chunk in which `body` or `reduce` failed with an
   * error: `[100, 1_000]` allows two more, the third failure ends the loop. Each attempt runs the chunk from its
   * beginning. Default: none. See `exponentialBackOff`. At most 1,000 delays, read once. The loss of a worker takes none of
   * them, see `maxDeaths`.
   */
  readonly retryDelays?: Iterable<number>;
  /**
   * Asked, in this process, before each further attempt of a chunk, also after the loss of a worker
   * (`ProcessExitedError`). False ends the loop with the error. Not asked when no attempt is left. `attempt` counts from 1;
   * `pid` is the process that had the chunk.
   */
  readonly retryCheck?: (
    error: Error,
    at: { readonly attempt: number; readonly pid: number },
  ) => boolean | Promise<boolean>;
}

export interface ReduceOptions<R> extends LoopOptions {
  /**
   * Combines two results. It must be associative, and need not be commutative: results are combined in the order of the
   * items, on the workers and at last here.
   */
  readonly reduce: (left: R, right: R) => R | Promise<R>;
  /** Stands at the left of everything, once; the result of an empty loop, which without it is a `TypeError`. */
  readonly initial?: R;
}

export interface CheckedLoopOptions {
  readonly map: CheckedMapOptions<unknown>;
  readonly reduce: ((left: never, right: never) => unknown) | undefined;
  readonly initial: readonly [] | readonly [unknown];
}

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkLoopOptions(options: LoopOptions | ReduceOptions<never>): CheckedLoopOptions {
  const known = ["reduce", "initial", "pool", "signal", "maxDeaths", "retryDelays", "retryCheck"];
  onlyKnown("distributed", plainObject("the options of distributed", options), known);
  const { pool, signal, maxDeaths, retryDelays, retryCheck } = options;
  const reduce = "reduce" in options ? options.reduce : undefined;
  if (reduce !== undefined && typeof reduce !== "function") {
    throw new TypeError(`reduce must be a function, not ${show(reduce)}`);
  }
  const hasInitial = "initial" in options;
  if (hasInitial && reduce === undefined) throw new TypeError("initial is of no use without reduce");
  if (retryCheck !== undefined && typeof retryCheck !== "function") {
    throw new TypeError(`retryCheck must be a function, not ${show(retryCheck)}`);
  }
  const map = checkMapOptions<unknown>({
    // One chunk after the other, so that asynchronous ones do not overlap either.
    concurrency: 1,
    ...(pool === undefined ? {} : { pool }),
    ...(signal === undefined ? {} : { signal }),
    ...(maxDeaths === undefined ? {} : { maxDeaths }),
    ...(retryDelays === undefined ? {} : { retryDelays }),
    // What a chunk is, is not for the program to know.
    ...(retryCheck && { retryCheck: (error, { attempt, pid }) => retryCheck(error, { attempt, pid }) }),
  });
  return { map, reduce, initial: hasInitial ? [options.initial] : [] };
}

/** What a loop goes over: a range or array as it is, anything else that can be iterated as an array of its items. */
export function loopItems<T>(items: Iterable<T> | ArrayLike<T> | Range): ArrayLike<T> | Range {
  if (items instanceof Range || Array.isArray(items)) return items;
  if (typeof items === "object" || typeof items === "string") {
    if (ArrayBuffer.isView(items) && "length" in items) return items;
    if (items !== null && Symbol.iterator in Object(items)) return Array.from(items as Iterable<T>);
    if (items !== null && "length" in items) {
      wholeNumber("length", items.length, 0, 2 ** 32 - 1);
      return Array.from(items);
    }
  }
  throw new TypeError(`distributed needs a range, an array or an iterable, not ${show(items)}`);
}

/** Combines the chunks' results as they come in order. */
export async function combine(
  chunks: AsyncIterable<unknown>,
  { reduce, initial }: CheckedLoopOptions,
): Promise<unknown> {
  let total: readonly [] | readonly [unknown] = initial;
  for await (const result of chunks) {
    if (reduce === undefined) continue;
    total = total.length === 0 ? [result] : [await reduce(total[0] as never, result as never)];
  }
  if (reduce === undefined) return undefined;
  if (total.length === 0) {
    throw new TypeError("an empty loop has nothing to reduce; give initial if that may happen");
  }
  return total[0];
}
