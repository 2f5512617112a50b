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

void test("a batch of its own size grows to about a millisecond of work, at most twofold each time", () => {
  const window = new InFlightWindow(undefined, "auto");
  const sizes: number[] = [];
  let now = 0;
  for (let message = 0; message < 12; message++) {
    const items = window.batchSize;
    sizes.push(items);
    window.began(now);
    now += items * 0.01;
    window.ended(now, items);
  }
  assert.deepEqual(sizes, [1, 2, 4, 8, 16, 32, 64, 100, 100, 100, 100, 100]);
});

void test("long items go one by one, and the shortest in batches of 4,096 at most", () => {
  const long = new InFlightWindow(undefined, "auto");
  assert.equal(after(10, 5, long).batchSize, 1);
  const short = new InFlightWindow(undefined, "auto");
  for (let message = 0; message < 20; message++) short.ended(0, short.batchSize);
  assert.equal(short.batchSize, 4_096);
});

void test("a batch of a fixed size stays what it is, and the window counts batches", () => {
  const window = new InFlightWindow(undefined, 50);
  assert.equal(window.batchSize, 50);
  for (let message = 1; message <= 20; message++) window.ended(message, 50);
  assert.deepEqual([window.batchSize, window.size], [50, 3]);
});
