import { onlyKnown, show, wholeNumber } from "../util/option-checks.js";
import type { WorkerCount } from "./cluster-manager.js";

/** Beyond what one manager process can hold connections to; a larger number is a mistake. */
export const MOST_WORKERS = 10_000;

/** The option `workers` of a cluster manager. Throws a `TypeError` or `RangeError` that names the value. */
export function checkWorkerCount(workers: unknown): WorkerCount {
  if (typeof workers === "number") {
    const count = wholeNumber("workers", workers, 1, MOST_WORKERS);
    return { min: count, max: count };
  }
  if (typeof workers !== "object" || workers === null || Array.isArray(workers)) {
    throw new TypeError(`workers must be a number or { min, max }, not ${show(workers)}`);
  }
  onlyKnown("workers", workers, ["min", "max"]);
  const given: { readonly min?: unknown; readonly max?: unknown } = workers;
  const min = wholeNumber("workers.min", given.min, 1, MOST_WORKERS);
  const max = wholeNumber("workers.max", given.max, 1, MOST_WORKERS);
  if (min > max) {
    throw new RangeError(
      `workers.min is ${min} and workers.max is ${max}: min must not be above max; swap them, or raise max`,
    );
  }
  return { min, max };
}
