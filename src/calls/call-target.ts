import type { StopRule } from "../rpc/stop-rule.js";
import { abortSignal, milliseconds, oneOf, onlyKnown, show, wholeNumber } from "../util/option-checks.js";
import { WorkerPool } from "./worker-pool.js";

/** A process of the cluster by its id: 1 is the manager, workers have 2 and up. */
export type Pid = number;

/** What a call may take with it, wherever it runs. `remoteDo`, which waits for nothing, takes none of it. */
export interface CallLimits {
  /** The caller stops waiting when it aborts; the call does not begin, or is told through its `currentCall().signal`. */
  readonly signal?: AbortSignal;
  /**
   * As a signal that aborts after this many milliseconds, retries and the wait for a free worker of a pool included, with
   * a `CallTimeoutError`.
   */
  readonly timeoutMs?: number;
  /**
   * What becomes of a call that still runs `stopAfterMs` after its caller has given up. `signal`: it runs on, and its
   * worker with it. `interrupt`: if it computes without a pause, it is broken off; the worker lives on. `kill`: as
   * `interrupt`, and if that does not end the call, its worker's process is ended. Default `interrupt`.
   */
  readonly stop?: StopRule["stop"];
  /** Default 1,000 milliseconds. */
  readonly stopAfterMs?: number;
}

export interface RetryOptions {
  /** How often a call to `any`, or to a pool, is made again, on whichever worker is next then, if its worker is lost. Default 0. */
  readonly retries?: number;
  /** The pause before the first retry, in milliseconds; it doubles up to 10 seconds, of which half is left to chance. Default 100. */
  readonly retryDelayMs?: number;
  /**
   * Says whether to retry after any other error than the loss of a worker, such as one that the function threw (a
   * `RemoteError`). `attempt` counts from 1. Without it such errors end the call.
   */
  readonly retryCheck?: (error: unknown, attempt: number) => boolean | Promise<boolean>;
}

/** Where a call runs, how long its caller waits for it, and what happens then. */
export interface CallOptions extends CallLimits, RetryOptions {
  /** A pid, or `any` for the worker with the fewest calls in flight, those of maps included. */
  readonly pid: Pid | "any";
}

/** The call waits for a worker of the pool that is free, and has it for itself. */
export interface PoolCallOptions extends CallLimits, RetryOptions {
  readonly pool: WorkerPool;
}

export type CallTarget = Pid | "any" | WorkerPool | CallOptions | PoolCallOptions;

export interface CheckedTarget extends CallLimits, RetryOptions {
  readonly where: Pid | "any" | WorkerPool;
}

const optionNames: readonly (keyof (CallLimits & RetryOptions))[] = [
  "signal",
  "timeoutMs",
  "stop",
  "stopAfterMs",
  "retries",
  "retryDelayMs",
  "retryCheck",
];

/** Throws a `TypeError` or `RangeError` that names what is wrong. */
export function checkTarget(target: CallTarget): CheckedTarget {
  if (target instanceof WorkerPool) return { where: target };
  if (typeof target !== "object" || target === null) return { where: checkPid(target) };
  const { where, ...options } = takeApart(target);
  checkLimits(options);
  checkRetries(options);
  return { ...options, where };
}

function takeApart(target: CallOptions | PoolCallOptions): CheckedTarget {
  if (!("pool" in target)) {
    onlyKnown("a call", target, ["pid", "pool", ...optionNames]);
    const { pid, ...options } = target;
    return { ...options, where: checkPid(pid) };
  }
  onlyKnown("a call on a pool", target, ["pool", ...optionNames]);
  const { pool, ...options } = target;
  if (pool instanceof WorkerPool) return { ...options, where: pool };
  throw new TypeError(`pool must be a WorkerPool, not ${show(pool)}`);
}

function checkPid(pid: CallOptions["pid"]): CallOptions["pid"] {
  if (pid === "any" || (Number.isInteger(pid) && pid >= 1)) return pid;
  throw new TypeError(`a call needs a pid (1, 2, ...) or "any", not ${show(pid)}`);
}

function checkLimits({ signal, timeoutMs, stop, stopAfterMs }: CallLimits): void {
  if (signal !== undefined) abortSignal("signal", signal);
  if (timeoutMs !== undefined) milliseconds("timeoutMs", timeoutMs, 1);
  if (stop !== undefined) oneOf("stop", stop, ["signal", "interrupt", "kill"]);
  if (stopAfterMs !== undefined) milliseconds("stopAfterMs", stopAfterMs, 1);
  if ((stop ?? stopAfterMs) !== undefined && (signal ?? timeoutMs) === undefined) {
    throw new TypeError(
      "stop and stopAfterMs need a signal or timeoutMs: without them nobody gives up the call",
    );
  }
}

function checkRetries({ retries, retryDelayMs, retryCheck }: RetryOptions): void {
  if (retries !== undefined) wholeNumber("retries", retries, 0, Number.MAX_SAFE_INTEGER);
  if (retryDelayMs !== undefined) milliseconds("retryDelayMs", retryDelayMs, 0);
  if (retryCheck !== undefined && typeof retryCheck !== "function") {
    throw new TypeError(`retryCheck must be a function, not ${show(retryCheck)}`);
  }
  if (retries === undefined && (retryDelayMs ?? retryCheck) !== undefined) {
    throw new TypeError("retryDelayMs and retryCheck need retries, the number of times to try again");
  }
}

/** For futures, which stay with the worker that has been chosen. */
export function checkTargetWithoutRetries(name: string, target: CallTarget): CheckedTarget {
  const options = checkTarget(target);
  if (options.retries === undefined) return options;
  throw new TypeError(`${name} takes no retries: its result stays with one worker; use remoteCallFetch`);
}

/** For calls whose caller does not wait for them. */
export function checkUnlimitedTarget(name: string, target: CallTarget): CheckedTarget["where"] {
  const options = checkTarget(target);
  const given = optionNames.find((option) => options[option] !== undefined);
  if (given === undefined) return options.where;
  throw new TypeError(`${name} does not wait for the call, so it takes no ${given}; use remoteCallFetch`);
}
