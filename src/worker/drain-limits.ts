/** To clean up in when the platform takes a worker away, after its calls: ECS gives a container 30 s in all. */
const CLEAN_UP_MS = 5_000;
/** Between the end of its clean-ups and that of its machine: the manager should hear of it while there is a network. */
const MARGIN_MS = 3_000;
/** Who still computes is ended by force so long before its machine is. */
const FORCE_MS = 1_500;

/** How a worker that its platform takes away uses its time. In milliseconds from now. */
export interface DrainLimits {
  /** Calls may run for so long. */
  readonly callsMs: number;
  /** The clean-ups that follow may take so long. */
  readonly cleanUpMs: number;
}

/**
 * Without a known deadline calls have `drainMs`, or where nothing presses all the time that they need; with one they have all the time until then, less what clean-ups and the
 * farewell need: at the most half of a time that is short.
 */
export function drainLimits(
  drainMs: number,
  remainingMs: number | undefined,
  isPatient = false,
): DrainLimits {
  if (remainingMs === undefined) {
    return { callsMs: isPatient ? Infinity : drainMs, cleanUpMs: CLEAN_UP_MS };
  }
  const remaining = Math.max(0, remainingMs);
  const callsMs = Math.max(remaining - CLEAN_UP_MS - MARGIN_MS, remaining / 2);
  return { callsMs, cleanUpMs: Math.min(CLEAN_UP_MS, (remaining - callsMs) * 0.6) };
}

/** When a worker that has not left by itself is ended. In milliseconds from now. */
export function forceAfterMs(remainingMs: number): number {
  return Math.max(0, remainingMs - FORCE_MS, remainingMs * 0.8);
}
