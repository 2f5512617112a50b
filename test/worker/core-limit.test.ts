import assert from "node:assert/strict";
import { test } from "node:test";
import { quotaCores, taskCores, workersFor } from "#dist/worker/core-limit.js";

const none = { taskCores: undefined, quotaCores: undefined };

void test("there is room for a worker on each whole core that may be used, and for one at least", () => {
  assert.equal(workersFor({ parallelism: 8, ...none }), 8);
  assert.equal(workersFor({ parallelism: 8, ...none, taskCores: 2 }), 2);
  assert.equal(workersFor({ parallelism: 8, ...none, quotaCores: 3.5 }), 3);
  assert.equal(workersFor({ parallelism: 2, taskCores: 16, quotaCores: 8 }), 2);
  assert.equal(workersFor({ parallelism: 8, ...none, taskCores: 0.25 }), 1);
});

void test("the task's limit is in the answer for the task, in cores", () => {
  assert.equal(taskCores(JSON.stringify({ Limits: { CPU: 0.5, Memory: 512 } })), 0.5);
  for (const answer of [{}, { Limits: {} }, { Limits: { Memory: 512 } }, { Limits: { CPU: 0 } }])
    assert.equal(taskCores(JSON.stringify(answer)), undefined);
});

void test("a control group gives its quota as microseconds of a period, or says max", () => {
  assert.equal(quotaCores("250000 100000\n"), 2.5);
  for (const text of ["max 100000\n", "", "x y"]) assert.equal(quotaCores(text), undefined);
});
