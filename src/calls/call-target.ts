import { WorkerPool } from "./worker-pool.js";
import { abortSignal, milliseconds, onlyKnown, show } from "../util/option-checks.js";

/** A process of the cluster by its id: 1 is the manager, workers have 2 and up. */
export type Pid = number;

/** How long the caller waits. Only `remoteCallFetch` and `remoteCallWait` wait, and take the limits. */
export interface CallLimits {
  /** The caller stops waiting when it aborts; a call that has not begun by then does not run. */
  readonly signal?: AbortSignal;
  /** The caller stops waiting after this many milliseconds, with a `CallTimeoutError`. */
  readonly timeoutMs?: number;
}

export interface CallOptions extends CallLimits {
  /** A pid, or `any` for the worker with the fewest calls in flight, those of maps included. */
  readonly pid: Pid | "any";
}

/** The call waits for a worker of the pool that is free, and has it for itself. */
export interface PoolCallOptions extends CallLimits {
  readonly pool: WorkerPool;
}

export type CallTarget = Pid | "any" | WorkerPool | CallOptions | PoolCallOptions;

export interface CheckedTarget extends CallLimits {
  readonly where: Pid | "any" | WorkerPool;
}

/** Throws a `TypeError` or `RangeError` that names what is wrong. */
export function checkTarget(target: CallTarget): CheckedTarget {
  if (target instanceof WorkerPool) return { where: target };
  const options = typeof target === "object" && target !== null ? target : { pid: target };
  if ("pool" in options) return checkPoolOptions(options);
  onlyKnown("a call", options, ["pid", "pool", "signal", "timeoutMs"]);
  const { pid } = options;
  if (pid !== "any" && !(Number.isInteger(pid) && pid >= 1)) {
    throw new TypeError(`a call needs a pid (1, 2, ...) or "any", not ${show(pid)}`);
  }
  return withLimits(pid, options);
}

function checkPoolOptions(options: PoolCallOptions): CheckedTarget {
  onlyKnown("a call on a pool", options, ["pool", "signal", "timeoutMs"]);
  if (options.pool instanceof WorkerPool) return withLimits(options.pool, options);
  throw new TypeError(`pool must be a WorkerPool, not ${show(options.pool)}`);
}

function withLimits(where: CheckedTarget["where"], { signal, timeoutMs }: CallLimits): CheckedTarget {
  if (signal === undefined && timeoutMs === undefined) return { where };
  return {
    where,
    ...(signal !== undefined && { signal: abortSignal("signal", signal) }),
    ...(timeoutMs !== undefined && { timeoutMs: milliseconds("timeoutMs", timeoutMs, 1) }),
  };
}

/** For calls whose caller does not wait for the result. */
export function checkUnlimitedTarget(name: string, target: CallTarget): CheckedTarget["where"] {
  const { where, signal, timeoutMs } = checkTarget(target);
  if (signal !== undefined || timeoutMs !== undefined) {
    throw new TypeError(
      `${name} does not wait for the call, so it takes no signal and no timeoutMs; use remoteCallFetch`,
    );
  }
  return where;
}
