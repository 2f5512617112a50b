import type { TourResult } from "./search.js";

/**
 * The better of two results: the shorter tour, and of two equally long ones that of the earlier start, so that the
 * best of all does not depend on the order in which they finished.
 */
export function better<Result extends Pick<TourResult, "index" | "lengthKm">>(
  known: Result | undefined,
  found: Result,
): Result {
  if (!known || found.lengthKm < known.lengthKm) return found;
  return found.lengthKm === known.lengthKm && found.index < known.index ? found : known;
}
