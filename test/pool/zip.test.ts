import assert from "node:assert/strict";
import { test } from "node:test";
import { zip } from "#dist/index.js";

/** An input that says whether it was closed. */
function* counted(count: number, closed: number[]): Generator<number> {
  try {
    for (let item = 0; item < count; item++) yield item;
  } finally {
    closed.push(count);
  }
}

async function* later<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await Promise.resolve();
    yield item;
  }
}

void test("it gives the items at the same positions and ends with the shortest", () => {
  assert.deepEqual(
    [...zip([1, 2, 3], "ab")],
    [
      [1, "a"],
      [2, "b"],
    ],
  );
  assert.deepEqual([...zip([1, 2], [])], []);
  assert.deepEqual([...zip([1])], [[1]]);
});

void test("inputs that are left over are closed, also when the reader leaves", () => {
  const closed: number[] = [];
  assert.equal([...zip(counted(9, closed), counted(2, closed))].length, 2);
  assert.deepEqual(
    closed.toSorted((a, b) => a - b),
    [2, 9],
  );
  for (const _ of zip(counted(7, closed))) break;
  assert.deepEqual(closed.at(-1), 7);
});

void test("one asynchronous input makes the whole asynchronous", async () => {
  const closed: number[] = [];
  const tuples: unknown[] = [];
  for await (const tuple of zip(later(["a", "b"]), counted(5, closed))) tuples.push(tuple);
  assert.deepEqual(tuples, [
    ["a", 0],
    ["b", 1],
  ]);
  assert.deepEqual(closed, [5]);
});

void test("what cannot be iterated is refused at once", () => {
  assert.throws(() => zip([1], 5 as never), { name: "TypeError", message: /iterable/ });
  assert.throws(() => zip(), { name: "TypeError", message: /at least one/ });
});
