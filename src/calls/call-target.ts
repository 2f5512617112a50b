import type { StopRule } from "../rpc/stop-rule.js";
import { abortSignal, milliseconds, oneOf, onlyKnown, show } from "../util/option-checks.js";
import { checkRetryDelays } from "./retry-delays.js";
import { isPid, type Pid } from "./pid.js";
import { WorkerPool } from "./worker-pool.js";

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

/** The same words as for the items of a map. */
export interface RetryOptions {
  /**
   * How long to wait, in milliseconds, before each further attempt of a call that failed: `[100, 1_000]` allows two more,
   * the third failure is final. Default: none. See `exponentialBackOff`. At most 1,000 delays, read once for each call.
   *
   * A call is attempted again when its function threw (`RemoteError`), and when its worker is lost (`ProcessExitedError`,
   * `LinkLostError`) unless that was the only one that would do; never when it was refused before it was sent, has been
   * given up or was interrupted. Each attempt to `any`, or to a pool, goes to whichever worker is next then.
   */
  readonly retryDelays?: Iterable<number>;
  /**
   * Asked, in this process, before each further attempt. False makes the failure final. Not asked when no attempt is left.
   * `attempt` counts from 1.
   */
  readonly retryCheck?: (error: Error, at: { readonly attempt: number }) => boolean | Promise<boolean>;
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

/** Where a call runs whose result stays with one worker: it is not retried. */
export type RemoteCallTarget =
  Pid | "any" | WorkerPool | (CallLimits & (Pick<CallOptions, "pid"> | Pick<PoolCallOptions, "pool">));

/** Where a call runs for which nobody waits. */
export type RemoteDoTarget =
  Pid | "any" | WorkerPool | Pick<CallOptions, "pid"> | Pick<PoolCallOptions, "pool">;

export interface CheckedTarget extends CallLimits, Pick<RetryOptions, "retryCheck"> {
  readonly retryDelays?: readonly number[];
  readonly where: Pid | "any" | WorkerPool;
}

/** Of a call, beside its place. */
export const optionNames: readonly (keyof (CallLimits & RetryOptions))[] = [
  "signal",
  "timeoutMs",
  "stop",
  "stopAfterMs",
  "retryDelays",
  "retryCheck",
];

/** Throws a `TypeError` or `RangeError` that names what is wrong. */
export function checkTarget(target: CallTarget): CheckedTarget {
  if (target instanceof WorkerPool) return { where: target };
  if (typeof target !== "object" || target === null) return { where: checkPid(target) };
  const { where, retryDelays, ...options } = takeApart(target);
  checkLimits(options);
  checkRetryCheck(target);
  if (retryDelays === undefined) return { ...options, where };
  return { ...options, where, retryDelays: checkRetryDelays(retryDelays) };
}

function takeApart(
  target: CallOptions | PoolCallOptions,
): CallLimits & RetryOptions & Pick<CheckedTarget, "where"> {
  if (!("pool" in target)) {
    onlyKnown("a call", target, ["pid", "pool", ...optionNames]);
    const { pid, ...options } = target;
    return { ...options, where: checkPid(pid) };
  }
  if ("pid" in target) throw new TypeError("a call takes a pid or a pool, not both; leave one of them out");
  onlyKnown("a call on a pool", target, ["pool", ...optionNames]);
  const { pool, ...options } = target;
  if (pool instanceof WorkerPool) return { ...options, where: pool };
  throw new TypeError(`pool must be a WorkerPool, not ${show(pool)}`);
}

function checkPid(pid: CallOptions["pid"]): CallOptions["pid"] {
  if (pid === "any" || isPid(pid)) return pid;
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

function checkRetryCheck({ retryDelays, retryCheck }: RetryOptions): void {
  if (retryCheck === undefined) return;
  if (typeof retryCheck !== "function") {
    throw new TypeError(`retryCheck must be a function, not ${show(retryCheck)}`);
  }
  if (retryDelays === undefined) {
    throw new TypeError("retryCheck needs retryDelays, the pauses before each further attempt");
  }
}

/** For futures, which stay with the worker that has been chosen. */
export function checkTargetWithoutRetries(name: string, target: CallTarget): CheckedTarget {
  const options = checkTarget(target);
  if (options.retryDelays === undefined) return options;
  throw new TypeError(`${name} takes no retryDelays: its result stays with one worker; use remoteCallFetch`);
}

/** For calls whose caller does not wait for them. */
export function checkUnlimitedTarget(name: string, target: CallTarget): CheckedTarget["where"] {
  const options = checkTarget(target);
  const given = optionNames.find((option) => options[option] !== undefined);
  if (given === undefined) return options.where;
  throw new TypeError(`${name} does not wait for the call, so it takes no ${given}; use remoteCallFetch`);
}
