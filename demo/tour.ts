import type { Sphere } from "./sphere.js";

/**
 * A closed tour through the places 0 to n - 1: the order of visits and, for each place, its position in it.
 * Both change in one operation only, `exchange`; a tour has no direction, so `next` and `previous` may swap their
 * meaning with every exchange.
 */
export class Tour {
  readonly order: Uint32Array;
  readonly #position: Uint32Array;

  constructor(order: Iterable<number>) {
    this.order = Uint32Array.from(order);
    this.#position = new Uint32Array(this.order.length);
    for (const [at, place] of this.order.entries()) this.#position[place] = at;
  }

  get size(): number {
    return this.order.length;
  }

  next(place: number): number {
    const at = this.#position[place]! + 1;
    return this.order[at === this.order.length ? 0 : at]!;
  }

  previous(place: number): number {
    const at = this.#position[place]!;
    return this.order[at === 0 ? this.order.length - 1 : at - 1]!;
  }

  /** The place that stands `steps` after this one; `steps` is from 0 to n. */
  ahead(place: number, steps: number): number {
    const at = this.#position[place]! + steps;
    return this.order[at < this.order.length ? at : at - this.order.length]!;
  }

  /** Whether one who starts at `from` and goes forward comes by `place` no later than by `to`. */
  isBetween(from: number, place: number, to: number): boolean {
    const start = this.#position[from]!;
    const at = this.#position[place]!;
    const end = this.#position[to]!;
    return start <= end ? start <= at && at <= end : start <= at || at <= end;
  }

  /**
   * Replaces the edges a-b and c-d by a-c and b-d. Needs b after a and d after c, or b before a and d before c.
   * `exchange(a, c, b, d)` takes it back.
   */
  exchange(a: number, b: number, c: number, d: number): void {
    if (this.next(a) === b) this.#reverse(this.#position[b]!, this.#position[c]!);
    else this.#reverse(this.#position[a]!, this.#position[d]!);
  }

  /** Reverses the positions `from` to `to`, or all the others, which is the same tour and sometimes less work. */
  #reverse(from: number, to: number): void {
    const { order } = this;
    const position = this.#position;
    const size = order.length;
    let inside = to - from;
    if (inside < 0) inside += size;
    inside++;
    let low = from;
    let high = to;
    if (inside * 2 > size) {
      inside = size - inside;
      low = to + 1 === size ? 0 : to + 1;
      high = from === 0 ? size - 1 : from - 1;
    }
    for (let swaps = inside >> 1; swaps > 0; swaps--) {
      const first = order[low]!;
      const last = order[high]!;
      order[low] = last;
      position[last] = low;
      order[high] = first;
      position[first] = high;
      if (++low === size) low = 0;
      if (--high < 0) high = size - 1;
    }
  }
}

/** The length of the closed tour in kilometres. */
export function tourLength(order: ArrayLike<number>, sphere: Sphere): number {
  let length = 0;
  let from = order[order.length - 1];
  for (let at = 0; at < order.length; at++) {
    const to = order[at]!;
    length += sphere.distance(from!, to);
    from = to;
  }
  return length;
}
