import assert from "node:assert/strict";
import { test } from "node:test";
import { nearestNeighbours } from "../../demo/neighbours.js";
import { earthRadiusKm, Sphere } from "../../demo/sphere.js";
import { scattered } from "./scattered.js";

void test("distances are great circles: a quarter of the equator, a pole to the other, nothing to itself", () => {
  const sphere = new Sphere([
    { latitude: 0, longitude: 0 },
    { latitude: 0, longitude: 90 },
    { latitude: 90, longitude: 12 },
    { latitude: -90, longitude: 77 },
  ]);
  const quarter = (Math.PI / 2) * earthRadiusKm;
  const near = (actual: number, expected: number): void => {
    assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} km, not ${expected} km`);
  };
  near(sphere.distance(0, 1), quarter);
  near(sphere.distance(1, 2), quarter);
  near(sphere.distance(2, 3), 2 * quarter);
  assert.equal(sphere.distance(1, 1), 0);
});

void test("New York to Los Angeles is about 3,974 km", () => {
  const sphere = new Sphere([
    { latitude: 40.6398, longitude: -73.7789 },
    { latitude: 33.9425, longitude: -118.4081 },
  ]);
  assert.equal(Math.round(sphere.distance(0, 1)), 3974);
});

void test("the neighbour lists hold what sorting all distances gives", () => {
  const places = scattered(120, 5);
  const sphere = new Sphere(places);
  const { flat, perPlace } = nearestNeighbours(places, sphere, 6);
  assert.equal(perPlace, 6);
  for (const place of places.keys()) {
    const byDistance = [...places.keys()]
      .filter((other) => other !== place)
      .toSorted((a, b) => sphere.distance(place, a) - sphere.distance(place, b) || a - b);
    assert.deepEqual([...flat.subarray(place * 6, place * 6 + 6)], byDistance.slice(0, 6));
  }
});

void test("of few places all others are neighbours", () => {
  const places = scattered(4, 1);
  const { flat, perPlace } = nearestNeighbours(places, new Sphere(places), 8);
  assert.equal(perPlace, 3);
  assert.deepEqual(
    [...flat.subarray(0, 3)].toSorted((a, b) => a - b),
    [1, 2, 3],
  );
});
