import assert from "node:assert/strict";
import { test } from "node:test";
import { settleWithin } from "#dist/functions/settle-within.js";

const late = (): Error => new Error("late");

void test("a promise that settles in time settles the wait", async () => {
  assert.equal(await settleWithin(Promise.resolve(1), 60_000, late), 1);
  await assert.rejects(settleWithin(Promise.reject(new RangeError("bad")), 60_000, late), { message: "bad" });
});

void test("a promise that does not settle ends in the error of the limit", async () => {
  await assert.rejects(settleWithin(new Promise(() => {}), 20, late), { message: "late" });
});

void test("an answer that arrived while this process was busy past the limit still counts", async () => {
  const answer = new Promise((resolve) => setImmediate(() => setImmediate(resolve, "answer")));
  const wait = settleWithin(answer, 50, late);
  const busyUntil = performance.now() + 100;
  while (performance.now() < busyUntil);
  assert.equal(await wait, "answer");
});
