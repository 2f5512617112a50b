import { Random } from "../../demo/random.js";
import type { Place } from "../../demo/sphere.js";

/** Places at random in the bounds of the continental US. */
export function scattered(count: number, seed: number): Place[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => ({
    latitude: 25 + random.below(24_000) / 1000,
    longitude: -124 + random.below(57_000) / 1000,
  }));
}
