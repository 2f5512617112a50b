import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../demo/random.js";
import { Sphere } from "../../demo/sphere.js";
import { Tour, tourLength } from "../../demo/tour.js";
import { scattered } from "./scattered.js";

/** The edges of a closed tour, each named the same in both directions. */
function edges(order: ArrayLike<number>): Set<string> {
  const stops = Array.from(order);
  return new Set(stops.map((from, at) => edge(from, stops[(at + 1) % stops.length]!)));
}

const edge = (a: number, b: number): string => `${Math.min(a, b)}-${Math.max(a, b)}`;

void test("an exchange swaps two edges for two others and nothing else, in both directions, and can be taken back", () => {
  const random = new Random(11);
  for (const size of [5, 8, 31]) {
    const tour = new Tour(Array.from({ length: size }, (_, place) => place));
    for (let round = 0; round < 400; round++) {
      const a = random.below(size);
      const c = random.below(size);
      const isForward = random.below(2) === 0;
      const [b, d] = isForward ? [tour.next(a), tour.next(c)] : [tour.previous(a), tour.previous(c)];
      if (a === c || b === c || d === a) continue;
      const before = edges(tour.order);
      tour.exchange(a, b, c, d);
      const expected = new Set(before);
      expected.delete(edge(a, b));
      expected.delete(edge(c, d));
      expected.add(edge(a, c)).add(edge(b, d));
      assert.deepEqual(edges(tour.order), expected);
      for (const place of tour.order) assert.equal(tour.previous(tour.next(place)), place);
      if (round % 3 === 0) {
        tour.exchange(a, c, b, d);
        assert.deepEqual(edges(tour.order), before);
      }
    }
  }
});

void test("a place is between two others when the way forward comes by it", () => {
  const tour = new Tour([4, 2, 0, 1, 3]);
  assert.equal(tour.isBetween(4, 0, 3), true);
  assert.equal(tour.isBetween(1, 4, 2), true);
  assert.equal(tour.isBetween(1, 0, 2), false);
  assert.equal(tour.isBetween(2, 2, 2), true);
  assert.equal(tour.ahead(1, 3), 2);
});

void test("a tour's length counts the way back to its beginning", () => {
  const sphere = new Sphere(scattered(3, 2));
  const expected = sphere.distance(0, 1) + sphere.distance(1, 2) + sphere.distance(2, 0);
  assert.ok(Math.abs(tourLength([0, 1, 2], sphere) - expected) < 1e-9);
});
