import type { Place } from "./sphere.js";
import { earthRadiusKm, toRadians, type Sphere } from "./sphere.js";

/** For each place the numbers of its nearest others, nearest first, `perPlace` each in one flat array. */
export interface Neighbours {
  readonly perPlace: number;
  /** Those of place `p` stand at `p * perPlace` and after. */
  readonly flat: Uint32Array;
}

/**
 * Finds the nearest `wanted` others of every place (all others, if there are fewer). The places are walked by
 * latitude, outwards from each one, until the difference in latitude alone is more than the worst distance kept.
 */
export function nearestNeighbours(places: readonly Place[], sphere: Sphere, wanted: number): Neighbours {
  const perPlace = Math.min(wanted, places.length - 1);
  const northwards = Uint32Array.from(places.keys()).toSorted(
    (a, b) => places[a]!.latitude - places[b]!.latitude || a - b,
  );
  const flat = new Uint32Array(places.length * perPlace);
  for (let rank = 0; rank < northwards.length; rank++) {
    const place = northwards[rank]!;
    const nearest = new Nearest(perPlace);
    for (const step of [-1, 1]) {
      for (let at = rank + step; at >= 0 && at < northwards.length; at += step) {
        const other = northwards[at]!;
        const apart = toRadians(Math.abs(places[other]!.latitude - places[place]!.latitude)) * earthRadiusKm;
        if (apart > nearest.worst) break;
        nearest.offer(other, sphere.distance(place, other));
      }
    }
    flat.set(nearest.places, place * perPlace);
  }
  return { perPlace, flat };
}

/** The nearest few of what was offered, nearest first; of two at the same distance the lower number. */
class Nearest {
  readonly places: number[] = [];
  readonly #distances: number[] = [];

  constructor(readonly size: number) {}

  /** No place farther than this will be kept. */
  get worst(): number {
    return this.places.length < this.size ? Infinity : this.#distances[this.size - 1]!;
  }

  offer(place: number, distance: number): void {
    if (distance > this.worst) return;
    let at = this.places.length;
    while (at > 0 && this.#isBefore(place, distance, at - 1)) at--;
    this.places.splice(at, 0, place);
    this.#distances.splice(at, 0, distance);
    if (this.places.length > this.size) {
      this.places.pop();
      this.#distances.pop();
    }
  }

  #isBefore(place: number, distance: number, at: number): boolean {
    return distance < this.#distances[at]! || (distance === this.#distances[at] && place < this.places[at]!);
  }
}
