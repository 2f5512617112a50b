import assert from "node:assert/strict";
import { test } from "node:test";
import { exponentialBackOff } from "#dist/index.js";

void test("delays grow by the factor up to the longest, and are as many as retries", () => {
  const delays = exponentialBackOff({ retries: 5, firstDelayMs: 10, maxDelayMs: 500, factor: 4, jitter: 0 });
  assert.deepEqual([...delays], [10, 40, 160, 500, 500]);
  assert.deepEqual([...exponentialBackOff({ jitter: 0 })], [50, 250, 1250]);
  assert.deepEqual([...exponentialBackOff({ retries: 0 })], []);
});

void test("jitter makes them longer or shorter by up to its part, but never longer than the longest", () => {
  const chances = [0, 0.5, 1];
  const random = (): number => chances.shift()!;
  const options = { retries: 3, firstDelayMs: 100, factor: 1, jitter: 0.2, maxDelayMs: 110 };
  assert.deepEqual([...exponentialBackOff(options, random)], [80, 100, 110]);
});

const wrongs: readonly [options: object, message: RegExp][] = [
  [{ n: 3 }, /exponentialBackOff.*no option "n"; it takes retries/],
  [{ retries: -1 }, /retries.*-1/],
  [{ firstDelayMs: "1" }, /firstDelayMs.*"1"/],
  [{ factor: 0.5 }, /factor.*0\.5/],
  [{ jitter: 2 }, /jitter must be from 0 to 1, not 2/],
];

for (const [options, message] of wrongs) {
  void test(`${JSON.stringify(options)} is refused`, () => {
    assert.throws(() => exponentialBackOff(options), message);
  });
}
