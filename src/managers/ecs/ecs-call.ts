import { afterError, backoffMs, hasPatience } from "./ecs-retry.js";
import type { PatienceLimits } from "./ecs-retry.js";
import { serviceError } from "./ecs-errors.js";
import { pause } from "./ecs-wait.js";

/** For requests that read or stop: repeating them does no harm. */
export interface RetryOptions {
  readonly limits: PatienceLimits;
  readonly signal: AbortSignal;
  /** The longest pause, where the one that suits the error would be too long. */
  readonly capMs?: number;
}

/** Repeats a harmless request while its errors may pass. Rejects with the last error, or the signal's reason. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  { limits, signal, capMs = Infinity }: RetryOptions,
): Promise<T> {
  const start = performance.now();
  for (let attempts = 1; ; attempts++) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      const verdict = afterError(serviceError(error));
      const elapsedMs = performance.now() - start;
      if (!verdict.retry || !hasPatience(verdict, limits, { attempts, elapsedMs })) throw error;
      await pause(backoffMs(attempts - 1, Math.min(capMs, verdict.capMs), Math.random), signal);
    }
  }
}
