import assert from "node:assert/strict";
import { test } from "node:test";
import { ProgressTeller } from "#dist/pool/progress-teller.js";

void test("it tells the first change at once, no other before its time, and the last one at the end", () => {
  let told = 0;
  const teller = new ProgressTeller(100_000, () => told++);
  teller.end();
  assert.equal(told, 0, "nothing has changed");
  for (let change = 0; change < 5; change++) teller.changed();
  assert.equal(told, 1);
  teller.end();
  teller.end();
  assert.equal(told, 2);
});

void test("a change is told when its time comes, though nothing follows it", async () => {
  let told = 0;
  await new Promise<void>((resolve) => {
    const teller = new ProgressTeller(5, () => {
      if (++told === 2) resolve();
    });
    teller.changed();
    teller.changed();
  });
  assert.equal(told, 2);
});

void test("with no time between them, each change is told", () => {
  let told = 0;
  const teller = new ProgressTeller(0, () => told++);
  for (let change = 0; change < 5; change++) teller.changed();
  assert.equal(told, 5);
});
