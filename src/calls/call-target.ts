import { abortSignal, milliseconds, onlyKnown, show } from "../util/option-checks.js";

/** A process of the cluster by its id: 1 is the manager, workers have 2 and up. */
export type Pid = number;

/** Where a call runs, and how long its caller waits for it. Only `remoteCallFetch` waits, and takes the limits. */
export interface CallOptions {
  /** A pid, or `any` for the worker with the fewest calls in flight. */
  readonly pid: Pid | "any";
  /** The caller stops waiting when it aborts; a call that has not begun by then does not run. */
  readonly signal?: AbortSignal;
  /** The caller stops waiting after this many milliseconds, with a `CallTimeoutError`. */
  readonly timeoutMs?: number;
}

export type CallTarget = Pid | "any" | CallOptions;

/** Throws a `TypeError` or `RangeError` that names what is wrong. */
export function checkTarget(target: CallTarget): CallOptions {
  const options = typeof target === "object" && target !== null ? target : { pid: target };
  onlyKnown("a call", options, ["pid", "signal", "timeoutMs"]);
  const { pid, signal, timeoutMs } = options;
  if (pid !== "any" && !(Number.isInteger(pid) && pid >= 1)) {
    throw new TypeError(`a call needs a pid (1, 2, ...) or "any", not ${show(pid)}`);
  }
  if (signal !== undefined) abortSignal("signal", signal);
  if (timeoutMs !== undefined) milliseconds("timeoutMs", timeoutMs, 1);
  return options;
}

/** For calls whose caller does not wait for the result. */
export function checkUnlimitedTarget(name: string, target: CallTarget): CallOptions["pid"] {
  const { pid, signal, timeoutMs } = checkTarget(target);
  if (signal !== undefined || timeoutMs !== undefined) {
    throw new TypeError(
      `${name} does not wait for the call, so it takes no signal and no timeoutMs; use remoteCallFetch`,
    );
  }
  return pid;
}
