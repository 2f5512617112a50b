import assert from "node:assert/strict";
import { test } from "node:test";
import { ReplacementPlan } from "#dist/cluster/replacement-plan.js";

const LONG_LIFE_MS = 60_000;

void test("a worker that lived for a while is replaced at once", () => {
  const plan = new ReplacementPlan(Infinity);
  plan.lost(LONG_LIFE_MS);
  assert.equal(plan.owed, 1);
  assert.equal(plan.delayMs, 0);
});

void test("workers that are lost together are started together", () => {
  const plan = new ReplacementPlan(Infinity);
  for (let n = 0; n < 3; n++) plan.lost(LONG_LIFE_MS);
  assert.equal(plan.owed, 3);
  plan.began(3);
  assert.equal(plan.owed, 0);
});

void test("the wait doubles with each replacement that fails, up to five in a row", () => {
  const plan = new ReplacementPlan(Infinity);
  plan.lost(LONG_LIFE_MS);
  const delays: number[] = [];
  while (!plan.isOver) {
    delays.push(plan.delayMs);
    plan.began(1);
    plan.ended(1);
  }
  assert.deepEqual(delays, [0, 1_000, 2_000, 4_000, 8_000]);
  assert.equal(plan.owed, 0);
  assert.equal(plan.missing, 1);
});

void test("a replacement that dies soon counts as one that failed, one that lives clears the account", () => {
  const plan = new ReplacementPlan(Infinity);
  plan.lost(5);
  assert.equal(plan.delayMs, 0);
  plan.began(1);
  plan.ended(0);
  plan.lost(5);
  assert.equal(plan.delayMs, 1_000);
  plan.began(1);
  plan.ended(0);
  plan.lost(LONG_LIFE_MS);
  assert.equal(plan.delayMs, 0);
});

void test("no more are started than the limit allows, and those that never came do not count", () => {
  const plan = new ReplacementPlan(2);
  plan.lost(LONG_LIFE_MS);
  plan.began(1);
  plan.ended(1);
  assert.equal(plan.owed, 1);
  plan.began(1);
  plan.ended(0);
  for (let n = 0; n < 3; n++) plan.lost(LONG_LIFE_MS);
  assert.equal(plan.owed, 1);
  plan.began(1);
  assert.equal(plan.isOver, true);
  assert.equal(plan.missing, 2);
});
