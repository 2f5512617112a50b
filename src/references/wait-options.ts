import { onceAborted } from "../util/abort-listeners.js";
import { CallTimeoutError } from "../errors.js";
import { abortSignal, milliseconds, onlyKnown, plainObject } from "../util/option-checks.js";

/** How long somebody waits. */
export interface WaitOptions {
  /** The wait ends when it aborts, with its reason. */
  readonly signal?: AbortSignal;
  /** The wait ends after this many milliseconds, with a `CallTimeoutError`. */
  readonly timeoutMs?: number;
}

/** Throws a `TypeError` or `RangeError` that names what is wrong, or the reason of a signal that has aborted. */
export function checkWaitOptions(name: string, options: WaitOptions): void {
  onlyKnown(name, plainObject(`the options of ${name}`, options), ["signal", "timeoutMs"]);
  const { signal, timeoutMs } = options;
  if (signal !== undefined) abortSignal("signal", signal).throwIfAborted();
  if (timeoutMs !== undefined) milliseconds("timeoutMs", timeoutMs, 1);
}

/** Calls `end` with the reason when the wait is over. Gives what to call when that is of no interest any more. */
export function whenOver(
  name: string,
  { signal, timeoutMs }: WaitOptions,
  end: (reason: unknown) => void,
): () => void {
  if (signal === undefined && timeoutMs === undefined) return () => {};
  const stopListening = signal === undefined ? undefined : onceAborted(signal, () => end(signal.reason));
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => end(new CallTimeoutError(`${name} did not end within ${timeoutMs} ms`)), timeoutMs);
  return () => {
    clearTimeout(timer);
    stopListening?.();
  };
}

/** As `promise`, for as long as somebody waits. */
export function limited<T>(name: string, options: WaitOptions, promise: Promise<T>): Promise<T> {
  if (options.signal === undefined && options.timeoutMs === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = whenOver(name, options, reject);
    promise.then(resolve, reject).finally(stop);
  });
}
