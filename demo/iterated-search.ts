import type { LocalSearch } from "./local-search.js";
import type { Random } from "./random.js";
import type { Tour } from "./tour.js";

/** A kick swaps two neighbouring stretches of the tour, of at most this many places each. */
const longestStretch = 70;

/**
 * Improves the whole tour, then `kicks` times: disturbs it in one small region, repairs it there, and keeps the
 * outcome unless the tour became longer.
 */
export function iterate(tour: Tour, search: LocalSearch, random: Random, kicks: number): void {
  for (const place of tour.order) search.touch(place);
  search.improve();
  search.commit();
  // The swap needs three edges apart: two stretches and at least two places outside.
  const stretch = Math.min(longestStretch, (tour.size - 2) >> 1);
  if (stretch < 1) return;
  for (let kick = 0; kick < kicks; kick++) {
    const before = tour.order[random.below(tour.size)]!;
    const longer = search.swapStretches(before, 1 + random.below(stretch), 1 + random.below(stretch));
    if (longer - search.improve() > 0) search.rollBack();
    search.commit();
  }
}
