import { Random } from "./random.js";
import type { TourStart } from "./search.js";

/** How often each start disturbs its tour: half a second of work or a little more, which one core does undisturbed. */
export const kicksPerStart = 20_000;

/** The start with this number: its seed follows from the given one, and from nothing else. */
export function tourStart(seed: number, index: number, kicks = kicksPerStart): TourStart {
  return { index, seed: new Random(seed, index).uint32(), kicks };
}

/** The first `count` starts; without a count they never end. */
export function* tourStarts(seed: number, count = Infinity, kicks = kicksPerStart): Generator<TourStart> {
  for (let index = 0; index < count; index++) yield tourStart(seed, index, kicks);
}
