import assert from "node:assert/strict";
import { test } from "node:test";
import { SeenNumbers } from "#dist/references/seen-numbers.js";
import { newSeed, seeded } from "../fixtures/random.js";

void test("numbers that come in order take one range", () => {
  const seen = new SeenNumbers();
  for (let n = 1; n <= 1_000; n++) seen.add(n);
  assert.equal(seen.ranges, 1);
  assert.ok(seen.has(1) && seen.has(1_000));
  assert.ok(!seen.has(0) && !seen.has(1_001));
});

void test("in whatever order numbers come, exactly those are seen, and neighbours share a range", (context) => {
  const random = seeded(newSeed(context));
  for (let round = 0; round < 200; round++) {
    const seen = new SeenNumbers();
    const model = new Set<number>();
    for (let step = 0; step < 60; step++) {
      const number = 1 + random(40);
      seen.add(number);
      model.add(number);
    }
    let ranges = 0;
    for (let number = 0; number <= 42; number++) {
      assert.equal(seen.has(number), model.has(number), `${number}`);
      if (model.has(number) && !model.has(number - 1)) ranges++;
    }
    assert.equal(seen.ranges, ranges);
  }
});
