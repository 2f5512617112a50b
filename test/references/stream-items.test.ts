import assert from "node:assert/strict";
import { test } from "node:test";
import { FIRST_ITEMS, MOST_ITEMS, nextItems, roughSize } from "#dist/references/stream-items.js";

void test("batches grow to the largest and stay there", () => {
  const sizes: number[] = [];
  for (let most = FIRST_ITEMS; sizes.length < 6; most = nextItems(most)) sizes.push(most);
  assert.deepEqual(sizes, [4, 8, 16, 32, 64, MOST_ITEMS]);
});

void test("the size of an item is that of the bytes and the text in it, as far as one looks", () => {
  assert.equal(roughSize(new Uint8Array(1_000)), 1_000);
  assert.equal(roughSize(new ArrayBuffer(500)), 500);
  assert.equal(roughSize("x".repeat(2_000)), 2_000);
  assert.ok(roughSize({ name: "block", data: [new Float64Array(100)] }) >= 800);
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  assert.ok(roughSize(cycle) < 1_000);
  assert.ok(roughSize(Array.from({ length: 1e6 }, () => 1)) < 10_000);
});
