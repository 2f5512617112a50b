/** A wait took longer than it may. */
export class TimeLimitError extends Error {
  override readonly name = "TimeLimitError";
}

/** Node's timers fire at once beyond a signed 32-bit number of milliseconds (about 24 days). */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A signal that aborts after `ms`, which need not be whole, or after the longest time for which there are timers. */
export function timeLimit(ms: number): AbortSignal {
  return AbortSignal.timeout(Math.min(Math.ceil(ms), LONGEST_TIMER_MS));
}

/**
 * Runs `work` with a signal that aborts after `ms` milliseconds or together with `parent`, and leaves neither timer nor
 * listener behind. `work` itself must heed the signal.
 */
export async function withTimeLimit<T>(
  ms: number,
  message: string,
  parent: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  parent?.throwIfAborted();
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new TimeLimitError(`${message} within ${ms} ms`)), ms);
  const onParent = (): void => controller.abort(parent!.reason);
  parent?.addEventListener("abort", onParent, { once: true });
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener("abort", onParent);
  }
}

/** Rejects with the signal's reason when it aborts, unless `promise` settles first. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Resolves after `ms`; rejects with the signal's reason if it aborts before. Keeps the process alive meanwhile. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
