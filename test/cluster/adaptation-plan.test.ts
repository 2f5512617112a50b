import assert from "node:assert/strict";
import { test } from "node:test";
import { AdaptationPlan, type Load } from "#dist/cluster/adaptation-plan.js";

const limits = { min: 1, max: 8, idleMs: 1_000, patienceMs: 0 };

function load(calls: readonly number[], more: Partial<Load> = {}): Load {
  return {
    now: 0,
    arriving: 0,
    waiting: 0,
    workers: calls.map((n, i) => ({ pid: i + 2, calls: n })),
    ...more,
  };
}

void test("there is one worker for each piece of work, up to the most that are allowed", () => {
  const plan = new AdaptationPlan(limits);
  assert.equal(plan.step(load([])).start, 1);
  assert.equal(plan.step(load([1], { waiting: 3 })).start, 3);
  assert.equal(plan.step(load([1], { waiting: 100 })).start, 7);
  assert.equal(plan.step(load([1], { waiting: Infinity })).start, 7);
});

void test("workers on their way count as if they were here", () => {
  const plan = new AdaptationPlan(limits);
  assert.equal(plan.step(load([1], { waiting: 3, arriving: 2 })).start, 1);
  assert.equal(plan.step(load([1], { waiting: 3, arriving: 3 })).start, 0);
});

void test("an idle worker is given back when its time is up, the youngest first, and never below the minimum", () => {
  const plan = new AdaptationPlan(limits);
  assert.deepEqual(plan.step(load([0, 0, 0])).remove, []);
  assert.deepEqual(plan.step(load([0, 0, 0], { now: 999 })).remove, []);
  assert.deepEqual(plan.step(load([0, 0, 0], { now: 1_000 })).remove, [4, 3]);
});

void test("a worker that was given work in between has its time anew", () => {
  const plan = new AdaptationPlan(limits);
  plan.step(load([0, 0]));
  plan.step(load([0, 1], { now: 500 }));
  assert.deepEqual(plan.step(load([1, 0], { now: 1_000 })).remove, []);
  assert.deepEqual(plan.step(load([1, 0], { now: 2_000 })).remove, [3]);
});

void test("with work waiting nobody is given back for as long as there is not more than enough", () => {
  const plan = new AdaptationPlan(limits);
  plan.step(load([0, 0, 1]));
  assert.deepEqual(plan.step(load([0, 0, 1], { now: 1_000, waiting: 2 })), { start: 0, remove: [] });
  assert.deepEqual(plan.step(load([0, 0, 1], { now: 2_000, waiting: 1 })).remove, [3]);
});

void test("work must have waited for a moment, unless there is no worker at all", () => {
  const plan = new AdaptationPlan({ ...limits, min: 0, patienceMs: 200 });
  assert.equal(plan.step(load([], { waiting: 3 })).start, 3);
  assert.equal(plan.step(load([1], { waiting: 3, now: 100 })).start, 0);
  assert.equal(plan.step(load([1], { waiting: 0, now: 150 })).start, 0);
  assert.equal(plan.step(load([1], { waiting: 3, now: 200 })).start, 0);
  assert.equal(plan.step(load([1], { waiting: 3, now: 399 })).start, 0);
  assert.equal(plan.step(load([1], { waiting: 3, now: 400 })).start, 3);
});
