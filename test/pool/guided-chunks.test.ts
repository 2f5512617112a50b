import assert from "node:assert/strict";
import { test } from "node:test";
import { compose, type Chunk } from "#dist/functions/compositions.js";
import { guidedChunks } from "#dist/pool/guided-chunks.js";
import { range, type Range } from "#dist/pool/range.js";
import { newSeed, seeded } from "../fixtures/random.js";

const together = compose("fold", [
  (item: unknown) => [item],
  (a: unknown[], b: unknown[]) => [...a, ...b],
]) as (chunk: Chunk<unknown>) => unknown[];

function lengths(items: ArrayLike<unknown> | Range, workers: number): number[] {
  return [...guidedChunks(items, () => workers)].map(({ length }) => length);
}

void test("chunks are large at first, and small towards the end", () => {
  assert.deepEqual(lengths(range(20), 2), [4, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1]);
  assert.deepEqual(lengths(range(2), 100), [1, 1]);
  assert.deepEqual(lengths([], 2), []);
});

void test("a loop of any length has only so many chunks", () => {
  assert.ok(lengths(range(Number.MAX_SAFE_INTEGER), 10).length < 1_200);
});

void test("the next chunk is cut for the workers that are there then", () => {
  let workers = 1;
  const chunks = guidedChunks(range(300), () => workers);
  assert.equal(chunks.next().value?.length, 100);
  workers = 10;
  assert.equal(chunks.next().value?.length, 7);
});

void test("a chunk of a typed array is one, with memory of its own", () => {
  const [chunk] = [...guidedChunks(new Float64Array([1, 2, 3]), () => 1)];
  assert.ok(chunk !== undefined && "items" in chunk);
  assert.deepEqual(chunk.items, new Float64Array([1]));
  assert.equal((chunk.items as Float64Array).buffer.byteLength, 8);
});

void test("the chunks hold every item once, in order, for any range and any number of workers", (context) => {
  const next = seeded(newSeed(context));
  for (let round = 0; round < 300; round++) {
    const start = next(100) - 50;
    const step = (1 + next(5)) * (next(2) === 0 ? 1 : -1) * (next(4) === 0 ? 0.1 : 1);
    const items = range(start, start + step * next(200), step);
    const list = [...items];
    for (const input of [items, list]) {
      const chunks = [...guidedChunks<unknown>(input, () => 1 + next(8))];
      assert.deepEqual(
        chunks.flatMap((chunk) => together(chunk)),
        list,
      );
    }
  }
});
