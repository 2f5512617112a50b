import {
  abortSignal,
  milliseconds,
  oneOf,
  onlyKnown,
  optional,
  plainObject,
  show,
  wholeNumber,
} from "../util/option-checks.js";
import { checkRetryDelays } from "../calls/retry-delays.js";
import { WorkerPool } from "../calls/worker-pool.js";
import { DEFAULT_STOP, type StopRule } from "../rpc/stop-rule.js";

export interface MapProgress {
  /** Items whose result is there. */
  readonly done: number;
  /** Items that are being worked on. */
  readonly running: number;
  /** Items taken from the input so far. */
  readonly taken: number;
}

/** Which attempt of which item failed, and where. */
export interface FailedAttempt<T> {
  readonly item: T;
  /** Its position in the input, from 0. */
  readonly index: number;
  /** Counts all attempts of the item, from 1, however the earlier ones failed. */
  readonly attempt: number;
  /** The process that it was sent to. */
  readonly pid: number;
}

/** `T`: the items; `S`: what `onError` puts in the place of results. */
export interface MapOptions<T = unknown, S = never> {
  /** When iterated: results in the order of the input (the default), or each as it is finished. */
  readonly order?: "input" | "finished";
  /**
   * Messages that one worker has at once: items, or batches of them. By default found from the time that they take; 1
   * for long ones, and 1 with `itemTimeoutMs`.
   */
  readonly concurrency?: number;
  /**
   * Items that travel in one message and run on the worker one after another; default 1. `auto` finds a number from the
   * time that items take (about 1 ms of work, at most 4,096 items). Only the transport changes: attempts, hooks and
   * errors are those of single items.
   */
  readonly batch?: number | "auto";
  /** The workers to use: the pool's members, also those that are pushed to it while the map runs. Default: all. */
  readonly pool?: WorkerPool;
  /** Stops the map: nothing more is sent, and it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** An item is set aside, with an `ItemKillsWorkersError`, when this many workers died while they had it. Default 3. */
  readonly maxDeaths?: number;
  /**
   * How long to wait, in milliseconds, before each further attempt of an item that failed with an error: `[100, 1_000]`
   * allows two more, the third failure is final. Default: none. See `exponentialBackOff`. At most 1,000 delays, read
   * once. The loss of a worker takes none of them, see `maxDeaths`.
   */
  readonly retryDelays?: Iterable<number>;
  /**
   * Asked, in this process, before each further attempt, also after the loss of a worker (`ProcessExitedError`). False
   * makes the failure final. Not asked when no attempt is left.
   */
  readonly retryCheck?: (error: Error, at: FailedAttempt<T>) => boolean | Promise<boolean>;
  /**
   * Called, in this process, with the final failure of an item: what it gives takes the place of the result, what it
   * throws ends the map. Without it, the first final failure ends the map.
   */
  readonly onError?: (error: Error, at: FailedAttempt<T>) => S;
  /**
   * An attempt fails with a `CallTimeoutError` when it has not ended so many milliseconds after it was sent. Its worker is
   * stopped in it as `stop` says, and goes on with others.
   */
  readonly itemTimeoutMs?: number;
  /**
   * What becomes of an attempt that still runs `stopAfterMs` after its time is up, or after the end of the map: as with a
   * call. Default `interrupt`.
   */
  readonly stop?: StopRule["stop"];
  /** Default 1,000 milliseconds. */
  readonly stopAfterMs?: number;
  /** Told of what is done, at most every `progressMs`, and once more at the end. */
  readonly onProgress?: (progress: MapProgress) => void;
  /** Least time between two calls of `onProgress`, in milliseconds. Default 100; 0 for each item. */
  readonly progressMs?: number;
}

export interface CheckedMapOptions<T> {
  readonly order: "input" | "finished";
  readonly concurrency: number | undefined;
  readonly batch: number | "auto";
  readonly pool: WorkerPool | undefined;
  readonly signal: AbortSignal | undefined;
  readonly maxDeaths: number;
  readonly retryDelays: readonly number[];
  readonly retryCheck: ((error: Error, at: FailedAttempt<T>) => boolean | Promise<boolean>) | undefined;
  readonly onError: ((error: Error, at: FailedAttempt<T>) => unknown) | undefined;
  readonly itemTimeoutMs: number | undefined;
  readonly stopRule: StopRule;
  readonly onProgress: ((progress: MapProgress) => void) | undefined;
  readonly progressMs: number;
}

const names = [
  "order",
  "concurrency",
  "batch",
  "pool",
  "signal",
  "maxDeaths",
  "retryDelays",
  "retryCheck",
  "onError",
  "itemTimeoutMs",
  "stop",
  "stopAfterMs",
  "onProgress",
  "progressMs",
];
const MOST = Number.MAX_SAFE_INTEGER;

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkMapOptions<T>(options: MapOptions<T, unknown>): CheckedMapOptions<T> {
  onlyKnown("pmap", plainObject("the options of pmap", options), names);
  const { order = "input", concurrency, batch = 1, pool, signal, maxDeaths = 3 } = options;
  const { retryDelays = [], itemTimeoutMs, progressMs = 100 } = options;
  const { stop = DEFAULT_STOP.stop, stopAfterMs = DEFAULT_STOP.stopAfterMs } = options;
  if (itemTimeoutMs !== undefined && batch !== 1 && batch !== "auto") {
    throw new TypeError(
      `itemTimeoutMs needs items that are sent one by one, as nobody sees how far a batch of ${show(batch)} is; ` +
        `leave batch out`,
    );
  }
  return {
    order: oneOf("order", order, ["input", "finished"]),
    // An item that waits at a worker for another one to end would use up its own time.
    concurrency: optional(concurrency ?? (itemTimeoutMs === undefined ? undefined : 1), (count) =>
      wholeNumber("concurrency", count, 1, MOST),
    ),
    batch: itemTimeoutMs === undefined ? checkBatch(batch) : 1,
    pool: optional(pool, checkPool),
    signal: optional(signal, (value) => abortSignal("signal", value)),
    maxDeaths: wholeNumber("maxDeaths", maxDeaths, 1, MOST),
    retryDelays: checkRetryDelays(retryDelays),
    retryCheck: optional(options.retryCheck, (hook) => callback("retryCheck", hook)),
    onError: optional(options.onError, (hook) => callback("onError", hook)),
    itemTimeoutMs: optional(itemTimeoutMs, (ms) => milliseconds("itemTimeoutMs", ms, 1)),
    stopRule: {
      stop: oneOf("stop", stop, ["signal", "interrupt", "kill"]),
      stopAfterMs: milliseconds("stopAfterMs", stopAfterMs, 1),
    },
    onProgress: optional(options.onProgress, (hook) => callback("onProgress", hook)),
    progressMs: milliseconds("progressMs", progressMs, 0),
  };
}

function checkBatch(batch: number | "auto"): number | "auto" {
  if (typeof batch === "number") return wholeNumber("batch", batch, 1, MOST);
  if (batch === "auto") return batch;
  throw new TypeError(`batch must be a whole number or "auto", not ${show(batch)}`);
}

export function checkPool(pool: WorkerPool): WorkerPool {
  if (pool instanceof WorkerPool) return pool;
  throw new TypeError(
    `pool must be a WorkerPool, such as cluster.workerPool([2, 3]) makes, not ${show(pool)}`,
  );
}

function callback<Hook>(name: string, hook: Hook): Hook {
  if (typeof hook === "function") return hook;
  throw new TypeError(`${name} must be a function, not ${show(hook)}`);
}
