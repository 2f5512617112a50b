import assert from "node:assert/strict";
import { test } from "node:test";
import { InFlightWindow } from "#dist/pool/in-flight-window.js";

/** The window after `count` items of `ms` milliseconds each, one after the other. */
function after(count: number, ms: number, window = new InFlightWindow(undefined), start = 0): InFlightWindow {
  window.began(start);
  for (let item = 1; item <= count; item++) window.ended(start + item * ms);
  return window;
}

void test("it begins with one item", () => {
  assert.equal(new InFlightWindow(undefined).size, 1);
});

const sizes: readonly [ms: number, size: number][] = [
  [1_000, 1],
  [11, 1],
  [10, 2],
  [1, 3],
  [0.5, 5],
  [0.1, 21],
  [0.02, 101],
  [0.01, 128],
  [0, 128],
];

for (const [ms, size] of sizes) {
  void test(`items of ${ms} ms: ${size} at once`, () => {
    assert.equal(after(10, ms).size, size);
  });
}

void test("a fixed size stays what it is", () => {
  for (const fixed of [1, 5, 1_000]) assert.equal(after(10, 0.01, new InFlightWindow(fixed)).size, fixed);
});

void test("one slow item among fast ones narrows the window, and fast ones widen it again", () => {
  const window = after(50, 0.1);
  window.began(100);
  window.ended(200);
  assert.equal(window.size, 1);
  assert.equal(after(60, 0.1, window, 300).size, 21);
});

void test("the time in which a worker had nothing to do is not an item's", () => {
  const window = after(5, 0.1);
  window.began(10_000);
  window.ended(10_000.1);
  assert.equal(window.size, 21);
});
