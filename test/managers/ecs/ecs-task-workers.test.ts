import assert from "node:assert/strict";
import { test } from "node:test";
import { taskArnOf, TaskWorkers } from "#dist/managers/ecs/ecs-task-workers.js";

const arn = "arn:aws:ecs:us-east-1:123456789012:task/c/0f";

void test("the only worker of a task has the task's own id, and others have a slot each", () => {
  assert.deepEqual(new TaskWorkers(arn, 1).ids, [arn]);
  assert.deepEqual(new TaskWorkers(arn, 2).ids, [`${arn}#1`, `${arn}#2`]);
  for (const id of [arn, `${arn}#1`, `${arn}#12`]) assert.equal(taskArnOf(id), arn);
});

void test("the first worker of an automatic task stands for all until they are counted, once", () => {
  const workers = new TaskWorkers(arn, "auto");
  assert.deepEqual(workers.ids, [`${arn}#1`]);
  assert.equal(workers.isCounted, false);
  assert.equal(workers.counted(3), true);
  assert.deepEqual(workers.ids, [`${arn}#1`, `${arn}#2`, `${arn}#3`]);
  assert.equal(workers.counted(4), false);
  assert.equal(workers.ids.length, 3);
});

void test("nobody can change the number of workers that was asked for", () => {
  const workers = new TaskWorkers(arn, 2);
  assert.equal(workers.counted(8), false);
  assert.equal(workers.ids.length, 2);
  assert.equal(workers.idOf(2), `${arn}#2`);
  assert.equal(workers.idOf(3), undefined);
  assert.equal(new TaskWorkers(arn, 1).idOf(2), undefined);
});

void test("a task is over when each of its workers is gone", () => {
  const workers = new TaskWorkers(arn, 2);
  workers.setGone(`${arn}#1`);
  workers.setGone(`${arn}#1`);
  assert.equal(workers.areGone, false);
  workers.setGone(`${arn}#2`);
  assert.equal(workers.areGone, true);
});
