import assert from "node:assert/strict";
import { test } from "node:test";
import { loadAirports } from "../../demo/airports.js";
import { better } from "../../demo/best-tour.js";
import { LocalSearch } from "../../demo/local-search.js";
import { drawUpMap, improveTour, improveTourOf } from "../../demo/search.js";
import { Sphere } from "../../demo/sphere.js";
import { Tour, tourLength } from "../../demo/tour.js";
import { scattered } from "./scattered.js";

function assertVisitsAll(order: ArrayLike<number>, count: number): void {
  assert.deepEqual(
    Array.from(order).toSorted((a, b) => a - b),
    Array.from({ length: count }, (_, place) => place),
  );
}

/** The length of the shortest tour, found by trying all. */
function shortestLength(sphere: Sphere): number {
  let shortest = Infinity;
  const extend = (order: number[], rest: readonly number[]): void => {
    if (rest.length === 0) shortest = Math.min(shortest, tourLength(order, sphere));
    for (const place of rest) {
      extend(
        [...order, place],
        rest.filter((other) => other !== place),
      );
    }
  };
  extend(
    [0],
    Array.from({ length: sphere.size - 1 }, (_, place) => place + 1),
  );
  return shortest;
}

void test("of up to eight places the search finds a shortest tour", () => {
  for (let size = 1; size <= 8; size++) {
    for (let seed = 0; seed < 3; seed++) {
      const map = drawUpMap(scattered(size, seed * 10 + size));
      const { order, lengthKm } = improveTourOf(map, { index: 0, seed, kicks: 200 });
      assertVisitsAll(order, size);
      const shortest = shortestLength(map.sphere);
      assert.ok(Math.abs(lengthKm - shortest) < 1e-6, `${size} places: ${lengthKm} km, not ${shortest} km`);
    }
  }
});

void test("the gains that the local search reports are those of the tour, and a roll-back restores it", () => {
  const map = drawUpMap(scattered(200, 4));
  const tour = new Tour(Array.from({ length: 200 }, (_, place) => place));
  const search = new LocalSearch(tour, map.sphere, map.neighbours);
  const scrambled = tourLength(tour.order, map.sphere);
  for (const place of tour.order) search.touch(place);
  const gained = search.improve();
  const improved = tourLength(tour.order, map.sphere);
  assertVisitsAll(tour.order, 200);
  assert.ok(gained > 0 && Math.abs(scrambled - gained - improved) < 1e-6);

  search.commit();
  const longer = search.swapStretches(tour.order[17]!, 20, 31);
  assert.ok(Math.abs(tourLength(tour.order, map.sphere) - improved - longer) < 1e-6);
  search.improve();
  search.rollBack();
  assert.ok(Math.abs(tourLength(tour.order, map.sphere) - improved) < 1e-6);
});

void test("a start gives the same tour each time, another seed another one", () => {
  const map = drawUpMap(scattered(150, 9));
  const start = { index: 3, seed: 77, kicks: 300 };
  const first = improveTourOf(map, start);
  assert.deepEqual(improveTourOf(map, start), first);
  assert.notDeepEqual(improveTourOf(map, { ...start, seed: 78 }).order, first.order);
});

void test("places at the same distances of each other are no trouble", () => {
  const grid = Array.from({ length: 36 }, (_, i) => ({
    latitude: Math.floor(i / 6) * 1e-3,
    longitude: (i % 6) * 1e-3,
  }));
  const { order, lengthKm } = improveTourOf(drawUpMap(grid), { index: 0, seed: 5, kicks: 300 });
  assertVisitsAll(order, 36);
  // The shortest tour through a 6 by 6 grid takes 36 steps between neighbours.
  const step = new Sphere(grid).distance(0, 1);
  assert.ok(Math.abs(lengthKm - 36 * step) < step * 1e-3, `${lengthKm / step} steps`);
});

void test("on the real airports a start visits each once and saves at least a seventh of the nearest-neighbour tour", () => {
  const airports = loadAirports();
  const result = improveTour({ index: 2, seed: 1, kicks: 500 });
  assert.equal(result.index, 2);
  assertVisitsAll(result.order, airports.length);
  assert.ok(Math.abs(tourLength(result.order, new Sphere(airports)) - result.lengthKm) < 1e-6);
  assert.ok(result.lengthKm < result.startKm * (6 / 7), `${result.startKm} km to ${result.lengthKm} km`);
  assert.ok(result.cpuSeconds > 0);
});

void test("the best of all is the shortest, and of equal ones the earliest start, in whatever order they come", () => {
  const results = [
    { index: 4, lengthKm: 10 },
    { index: 1, lengthKm: 10 },
    { index: 0, lengthKm: 12 },
  ];
  const best = (all: typeof results): unknown =>
    all.reduce<(typeof results)[number] | undefined>(better, undefined);
  assert.deepEqual(best(results), { index: 1, lengthKm: 10 });
  assert.deepEqual(best(results.toReversed()), { index: 1, lengthKm: 10 });
});
