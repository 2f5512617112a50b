import { abortSignal, flag, milliseconds, onlyKnown } from "../util/option-checks.js";
import { checkPids, type Pid } from "./pid.js";

/** Where something runs everywhere, and how long its caller waits. */
export interface EverywhereOptions {
  /** Default: the manager and all workers. */
  readonly pids?: readonly Pid[];
  /** Whether workers that join later run it too, before they take other calls. Default: true, and false with `pids`. */
  readonly replay?: boolean;
  /** The caller stops waiting when it aborts, and nothing is run again. */
  readonly signal?: AbortSignal;
  /** The caller stops waiting after this many milliseconds, with a `CallTimeoutError`. */
  readonly timeoutMs?: number;
}

export interface CheckedEverywhereOptions {
  readonly pids: readonly Pid[] | undefined;
  readonly replay: boolean;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
}

/** Throws a `TypeError` or `RangeError` that names what is wrong. */
export function checkEverywhereOptions(options: EverywhereOptions): CheckedEverywhereOptions {
  onlyKnown("everywhere", options, ["pids", "replay", "signal", "timeoutMs"]);
  const { pids, replay = pids === undefined, signal, timeoutMs } = options;
  if (signal !== undefined) abortSignal("signal", signal);
  if (timeoutMs !== undefined) milliseconds("timeoutMs", timeoutMs, 1);
  return {
    pids: pids === undefined ? undefined : [...new Set(checkPids("pids", pids))],
    replay: flag("replay", replay),
    signal,
    timeoutMs,
  };
}
