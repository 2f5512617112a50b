import { NoWorkersError, ProcessExitedError } from "../errors.js";
import { delay } from "../util/time-limit.js";
import type { CheckedTarget } from "./call-target.js";

const DEFAULT_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** From a millisecond these lead beyond the longest delay. */
const MOST_DOUBLINGS = 14;

/**
 * How long to wait before retry `n`, counted from 0, in milliseconds: `firstMs`, doubling up to 10 seconds, of which a
 * random half, so that the calls of a lost worker do not come back all at once. `random` is from 0 to 1.
 */
export function retryDelayMs(n: number, firstMs: number, random: number): number {
  return Math.min(LONGEST_DELAY_MS, firstMs * 2 ** Math.min(n, MOST_DOUBLINGS)) * (0.5 + random / 2);
}

/** Makes a call, and again as its options say. An attempt never begins after `signal` has aborted. */
export async function retried<T>(
  { where, retries = 0, retryDelayMs: firstMs = DEFAULT_DELAY_MS, retryCheck }: CheckedTarget,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  let wasLost = false;
  for (let n = 0; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      // That its worker is gone, or the last one is, says nothing against the call; where only that one will do, it ends.
      const isLost: boolean =
        error instanceof ProcessExitedError || (wasLost && error instanceof NoWorkersError);
      const mayRetry = isLost ? typeof where !== "number" : await retryCheck?.(error, n + 1);
      if (n === retries || signal.aborted || mayRetry !== true) throw error;
      wasLost ||= isLost;
      await delay(retryDelayMs(n, firstMs, Math.random()), signal);
    }
  }
}
