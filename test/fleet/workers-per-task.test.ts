/** Several workers in one real container. */
import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { after, before, describe, test } from "node:test";
import { Fleet } from "./fleet.js";
import { whyNoFleet } from "./requirements.js";
import { square } from "./work.js";
import type { WorkersPerTaskResult } from "./workers-per-task-program.js";

void describe("eight workers in two containers", { skip: whyNoFleet() }, () => {
  let fleet: Fleet;
  let result: WorkersPerTaskResult;
  before(async () => {
    fleet = await Fleet.start({ name: "pertask" });
    result = (await fleet.run(
      new URL("workers-per-task-program.js", import.meta.url),
    )) as WorkersPerTaskResult;
  });
  after(() => fleet?.[Symbol.asyncDispose]());

  const expected = Array.from({ length: 200 }, (_, index) => square(index));

  for (const mode of ["host", "awsvpc", "reverse"] as const) {
    void test(`${mode}: all join, four in each task, below the first process of its container`, () => {
      const { ids, taskArns, places, osPids, parents, squares } = result[mode];
      assert.equal(taskArns.length, 2);
      const slots = taskArns.flatMap((arn) => [1, 2, 3, 4].map((slot) => `${arn}#${slot}`));
      assert.deepEqual(ids.toSorted(), slots.toSorted());
      if (mode !== "reverse") assert.equal(new Set(places).size, 8);
      assert.ok(osPids.every((pid) => pid > 1));
      assert.deepEqual(new Set(parents), new Set([1]));
      assert.deepEqual(squares, expected);
    });

    void test(`${mode}: one that is killed takes nobody along`, () => {
      const { exit, aliveAfterKill, workersAfterKill } = result[mode];
      assert.match(exit.message, /the task goes on$/);
      assert.equal(aliveAfterKill, 2);
      assert.equal(workersAfterKill, 7);
    });

    void test(`${mode}: a map survives the stop of one task, and the workers of the other stay`, () => {
      assert.deepEqual(result[mode].squaresMeanwhile, expected);
      assert.ok([3, 4].includes(result[mode].workersAfterStop));
    });

    void test(`${mode}: afterwards no task is left`, () => assert.equal(result[mode].aliveAtEnd, 0));
  }

  void test("auto: a task brings as many workers as its limit has cores", () => {
    assert.deepEqual(result.auto, [1, Math.min(2, availableParallelism())]);
  });

  void test("afterwards no container is left", async () => assert.deepEqual(await fleet.containers(), []));
});
