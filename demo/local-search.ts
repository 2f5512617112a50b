import type { Neighbours } from "./neighbours.js";
import type { Sphere } from "./sphere.js";
import type { Tour } from "./tour.js";

/** Gains below this (in kilometres) are rounding errors of a sum of edges. */
const leastGainKm = 1e-7;

/** How many neighbours are tried for the second new edge of a move. */
const secondChoices = 5;

/**
 * Shortens a tour until no exchange of two or three of its edges helps: the 2-opt and the sequential 3-opt moves,
 * of which Or-opt is a part. New edges lead to near neighbours only, and only places whose surroundings have changed
 * are looked at again.
 *
 * Every change of the tour is a series of two-edge exchanges and is recorded, so it can be taken back.
 */
export class LocalSearch {
  readonly #tour: Tour;
  readonly #sphere: Sphere;
  readonly #neighbours: Neighbours;
  /** Four places for each exchange since the last `commit`. */
  readonly #made: number[] = [];
  /** Places to look at, each at most once; `#isWaiting` tells which. */
  readonly #waiting: number[] = [];
  readonly #isWaiting: Uint8Array;

  constructor(tour: Tour, sphere: Sphere, neighbours: Neighbours) {
    this.#tour = tour;
    this.#sphere = sphere;
    this.#neighbours = neighbours;
    this.#isWaiting = new Uint8Array(tour.size);
  }

  /** Has the next `improve` look at this place. */
  touch(place: number): void {
    if (this.#isWaiting[place]) return;
    this.#isWaiting[place] = 1;
    this.#waiting.push(place);
  }

  /** Improves the tour around all touched places; the kilometres gained. */
  improve(): number {
    let gained = 0;
    for (let place = this.#waiting.pop(); place !== undefined; place = this.#waiting.pop()) {
      this.#isWaiting[place] = 0;
      const start = this.#made.length;
      const gain = this.#improveAt(place, true) || this.#improveAt(place, false);
      gained += gain;
      this.#touchMade(start);
    }
    return gained;
  }

  /** Makes all changes so far final. */
  commit(): void {
    this.#made.length = 0;
  }

  /** Takes back all changes since the last `commit`. */
  rollBack(): void {
    const made = this.#made;
    for (let at = made.length - 4; at >= 0; at -= 4) {
      this.#tour.exchange(made[at]!, made[at + 2]!, made[at + 1]!, made[at + 3]!);
    }
    made.length = 0;
  }

  /**
   * Swaps the stretch of `first` places after `before` with the `second` places after those (a double bridge), and
   * touches the ends; the kilometres by which the tour became longer.
   */
  swapStretches(before: number, first: number, second: number): number {
    const tour = this.#tour;
    const sphere = this.#sphere;
    const firstStart = tour.next(before);
    const firstEnd = tour.ahead(before, first);
    const secondStart = tour.next(firstEnd);
    const secondEnd = tour.ahead(firstEnd, second);
    const after = tour.next(secondEnd);
    const start = this.#made.length;
    this.#swap(before, firstStart, firstEnd, secondStart, secondEnd, after);
    this.#touchMade(start);
    return (
      sphere.distance(before, secondStart) +
      sphere.distance(secondEnd, firstStart) +
      sphere.distance(firstEnd, after) -
      sphere.distance(before, firstStart) -
      sphere.distance(firstEnd, secondStart) -
      sphere.distance(secondEnd, after)
    );
  }

  /**
   * Makes the first move found that gains and removes the edge from `t1` to its successor (`forwards`) or predecessor;
   * its gain, or 0. The places are named as in Lin and Kernighan's paper: edges t1-t2, t3-t4, t5-t6 go, edges t2-t3,
   * t4-t5, t6-t1 come, and the gain so far must stay above zero. The comments read the tour in the direction t1, t2.
   */
  #improveAt(t1: number, forwards: boolean): number {
    const tour = this.#tour;
    const sphere = this.#sphere;
    const { flat, perPlace } = this.#neighbours;
    const t2 = forwards ? tour.next(t1) : tour.previous(t1);
    const removed = sphere.distance(t1, t2);
    for (let choice = t2 * perPlace, end = choice + perPlace; choice < end; choice++) {
      const t3 = flat[choice]!;
      const open = removed - sphere.distance(t2, t3);
      if (open <= leastGainKm) break;
      if (t3 === t1) continue;
      const gain =
        this.#improveByTurning(t1, t2, t3, forwards, open) ||
        this.#improveBySplitting(t1, t2, t3, forwards, open);
      if (gain > 0) return gain;
    }
    return 0;
  }

  /** t4 stands before t3: t2..t4 is turned round, which makes a tour, and then perhaps a second stretch. */
  #improveByTurning(t1: number, t2: number, t3: number, forwards: boolean, gainSoFar: number): number {
    const tour = this.#tour;
    const sphere = this.#sphere;
    const { flat, perPlace } = this.#neighbours;
    const t4 = forwards ? tour.previous(t3) : tour.next(t3);
    if (t4 === t2) return 0;
    const open = gainSoFar + sphere.distance(t3, t4);
    const closed = open - sphere.distance(t4, t1);
    if (closed > leastGainKm) {
      this.#exchange(t1, t2, t4, t3);
      return closed;
    }
    for (
      let choice = t4 * perPlace, end = choice + Math.min(perPlace, secondChoices);
      choice < end;
      choice++
    ) {
      const t5 = flat[choice]!;
      const stillOpen = open - sphere.distance(t4, t5);
      if (stillOpen <= leastGainKm) break;
      if (t5 === t1 || t5 === t3) continue;
      // Once t2..t4 is turned round, what stands before t5 is what stood after it.
      const isInside = forwards ? tour.isBetween(t2, t5, t4) : tour.isBetween(t4, t5, t2);
      const t6 = isInside === forwards ? tour.next(t5) : tour.previous(t5);
      if (t6 === t4) continue;
      const gain = stillOpen + sphere.distance(t5, t6) - sphere.distance(t6, t1);
      if (gain <= leastGainKm) continue;
      this.#exchange(t1, t2, t4, t3);
      this.#exchange(t1, t4, t6, t5);
      return gain;
    }
    return 0;
  }

  /** t4 stands after t3: t2..t3 becomes a ring of its own, which is cut open elsewhere and put back turned or shifted. */
  #improveBySplitting(t1: number, t2: number, t3: number, forwards: boolean, gainSoFar: number): number {
    const tour = this.#tour;
    const sphere = this.#sphere;
    const { flat, perPlace } = this.#neighbours;
    const t4 = forwards ? tour.next(t3) : tour.previous(t3);
    if (t4 === t1) return 0;
    const open = gainSoFar + sphere.distance(t3, t4);
    for (
      let choice = t4 * perPlace, end = choice + Math.min(perPlace, secondChoices);
      choice < end;
      choice++
    ) {
      const t5 = flat[choice]!;
      const stillOpen = open - sphere.distance(t4, t5);
      if (stillOpen <= leastGainKm) break;
      if (!(forwards ? tour.isBetween(t2, t5, t3) : tour.isBetween(t3, t5, t2))) continue;
      const after = forwards ? tour.next(t5) : tour.previous(t5);
      if (t5 !== t3) {
        const gain = stillOpen + sphere.distance(t5, after) - sphere.distance(after, t1);
        if (gain > leastGainKm) {
          this.#swap(t1, t2, t5, after, t3, t4);
          return gain;
        }
      }
      const before = forwards ? tour.previous(t5) : tour.next(t5);
      if (t5 !== t2) {
        const gain = stillOpen + sphere.distance(t5, before) - sphere.distance(before, t1);
        if (gain > leastGainKm) {
          this.#exchange(t1, t2, before, t5);
          this.#exchange(t2, t5, t3, t4);
          return gain;
        }
      }
    }
    return 0;
  }

  /** Swaps the stretches a..b and c..d, which stand one after the other between `before` and `after`. */
  #swap(before: number, a: number, b: number, c: number, d: number, after: number): void {
    this.#exchange(before, a, d, after);
    this.#exchange(before, d, c, b);
    this.#exchange(d, b, a, after);
  }

  #exchange(a: number, b: number, c: number, d: number): void {
    this.#tour.exchange(a, b, c, d);
    this.#made.push(a, b, c, d);
  }

  #touchMade(from: number): void {
    for (let at = from; at < this.#made.length; at++) this.touch(this.#made[at]!);
  }
}
