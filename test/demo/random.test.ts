import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../../demo/random.js";
import { tourStart, tourStarts } from "../../demo/starts.js";

const first = (random: Random, count: number): number[] =>
  Array.from({ length: count }, () => random.uint32());

void test("the same seed gives the same numbers, another seed or stream others", () => {
  assert.deepEqual(first(new Random(7), 5), first(new Random(7), 5));
  assert.notDeepEqual(first(new Random(7), 5), first(new Random(8), 5));
  assert.notDeepEqual(first(new Random(7), 5), first(new Random(7, 1), 5));
});

void test("the numbers stay in their range and fill it evenly", () => {
  const random = new Random(3);
  const counts = Array.from({ length: 10 }, () => 0);
  for (let i = 0; i < 10_000; i++) counts[random.below(10)]!++;
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    10_000,
  );
  for (const count of counts) assert.ok(count > 850 && count < 1150, counts.join(" "));
});

void test("each start has a seed of its own, which does not depend on how many there are", () => {
  const starts = [...tourStarts(42, 200)];
  assert.equal(new Set(starts.map(({ seed }) => seed)).size, 200);
  assert.deepEqual(
    starts.map(({ index }) => index),
    [...starts.keys()],
  );
  assert.deepEqual([...tourStarts(42, 3)], starts.slice(0, 3));
  assert.deepEqual(tourStart(42, 199), starts[199]);
  assert.notEqual(tourStart(43, 0).seed, tourStart(42, 0).seed);
});
