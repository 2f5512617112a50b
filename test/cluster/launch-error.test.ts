import assert from "node:assert/strict";
import { test } from "node:test";
import { exitFailure, neverReported, tooLate } from "#dist/cluster/launch-failures.js";
import { LaunchError, ProcessExitedError, type ExitReason, type LaunchFailure } from "#dist/errors.js";

const noImage: LaunchFailure = {
  count: 5,
  cause: "image not found",
  message: "ECS task 1 stopped, TaskFailedToStart",
  advice: "check the image's name",
  ids: ["task/1", "task/2", "task/3", "task/4", "task/5"],
  exit: {
    kind: "stopped",
    message: "ECS task 1 stopped, TaskFailedToStart",
    links: [{ title: "task", url: "https://console/task/1" }],
  },
};
const killed: LaunchFailure = {
  count: 1,
  cause: "out of memory",
  message: "ECS task 9 stopped",
  ids: ["task/9"],
  exit: { kind: "signalled", message: "ECS task 9 stopped", output: ["loading", "allocating"] },
};

void test("a launch that failed tells the causes, the most frequent first, with what to do and where to look", () => {
  const error = new LaunchError("ecs", { min: 8, max: 10 }, 4, [killed, noImage]);
  assert.equal(
    error.message,
    [
      "ecs: 4 workers joined, at least 8 of 10 were wanted",
      "  5 of 10: image not found: ECS task 1 stopped, TaskFailedToStart",
      "    check the image's name",
      "    task/1",
      "    task/2",
      "    task/3",
      "    and 2 more",
      "    task: https://console/task/1",
      "  1 of 10: out of memory: ECS task 9 stopped",
      "    task/9",
      "    | loading",
      "    | allocating",
    ].join("\n"),
  );
  assert.deepEqual(error.failures, [killed, noImage]);
});

void test("a worker that is gone is told with what to do and its last output", () => {
  const reason: ExitReason = {
    kind: "stopped",
    message: "it stopped",
    advice: "raise memory",
    output: ["x"],
  };
  assert.equal(
    new ProcessExitedError(3, reason).message,
    "worker 3 is gone: it stopped; raise memory; its last output:\n    x",
  );
});

void test("an exit whose cause the platform names is told under that name, and else by its kind", () => {
  const reason: ExitReason = { kind: "exited", message: "code 1", exitCode: 1 };
  assert.deepEqual(exitFailure("a", reason), {
    count: 1,
    cause: "exited",
    message: "code 1",
    ids: ["a"],
    exit: reason,
  });
  const named = { ...reason, cause: "exit code 1", advice: "look" };
  assert.deepEqual([exitFailure("a", named).cause, exitFailure("a", named).advice], ["exit code 1", "look"]);
});

void test("refused connections are named where a worker never reported", () => {
  assert.match(neverReported("a", 10, 0).advice ?? "", /security group/);
  assert.match(neverReported("a", 10, 2).advice ?? "", /2 connections to the rendezvous were refused/);
});

for (const [stagesReached, message, advice] of [
  [0, /waited for a machine/, /room/],
  [1, /not running yet/, /image takes time to pull/],
  [2, /had not reported in/, /security group/],
  [3, /was joining/, /manager reach the worker/],
] as const) {
  void test(`a worker that is too late at stage ${stagesReached} is told with what it waited for`, () => {
    const failure = tooLate("a", 100, stagesReached);
    assert.match(failure.message, /when the time for the launch, 100 ms, was up/);
    assert.match(failure.message, message);
    assert.match(failure.advice ?? "", advice);
  });
}
