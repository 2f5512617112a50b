import assert from "node:assert/strict";
import { test } from "node:test";
import type { Task } from "@aws-sdk/client-ecs";
import { ECSTaskPoller } from "#dist/managers/ecs/ecs-task-poller.js";
import { KnownTasks } from "#dist/managers/ecs/ecs-tasks.js";
import { deferred } from "#dist/util/deferred.js";

const definition = {
  arn: "d:1",
  containerName: "w",
  stopTimeout: 30,
  declaredHostPorts: [],
  networkEnvironment: {},
};

function named(name: string): Error {
  return Object.assign(new Error(name), { name });
}

/** Records the calls, and answers every task with what `answer` says. */
class Describer {
  readonly calls: (readonly string[])[] = [];
  constructor(private readonly answer: (arn: string, call: number) => Task | undefined) {}
  readonly describe = (arns: readonly string[]) => {
    this.calls.push(arns);
    const tasks: Task[] = [];
    const failures: { arn: string; reason: string }[] = [];
    for (const taskArn of arns) {
      const task = this.answer(taskArn, this.calls.length);
      if (task === undefined) failures.push({ arn: taskArn, reason: "MISSING" });
      else tasks.push({ taskArn, ...task });
    }
    return Promise.resolve({ tasks, failures });
  };
}

const ignore = { seen: () => false, missing: () => false, failed: () => undefined };

void test("all watched tasks are looked at together, a hundred in a call", async () => {
  const describer = new Describer(() => ({ lastStatus: "RUNNING" }));
  const poller = new ECSTaskPoller(describer.describe, 4);
  const seen = new Set<string>();
  const all = deferred<void>();
  const unwatch = Array.from({ length: 250 }, (_, index) => `t${index}`).map((arn) =>
    poller.watch(arn, {
      ...ignore,
      seen: () => {
        if (seen.add(arn).size === 250) all.resolve();
        return false;
      },
    }),
  );
  await all.promise;
  assert.deepEqual(
    describer.calls.slice(0, 3).map((arns) => arns.length),
    [100, 100, 50],
  );
  for (const stop of unwatch) stop();
  assert.equal(poller.size, 0);
});

void test("the poller stops with its last watcher, and starts again with the next", async () => {
  const describer = new Describer(() => ({ lastStatus: "RUNNING" }));
  const poller = new ECSTaskPoller(describer.describe, 4);
  for (let round = 1; round <= 2; round++) {
    const seen = deferred<void>();
    const stop = poller.watch("a", {
      ...ignore,
      seen: () => {
        stop();
        seen.resolve();
        return true;
      },
    });
    await seen.promise;
    assert.equal(describer.calls.length, round);
  }
});

void test("throttled rounds are repeated; what cannot pass ends the watch", async () => {
  const errors = [named("ThrottlingException"), named("ServerException"), named("AccessDeniedException")];
  let calls = 0;
  const poller = new ECSTaskPoller(
    () => Promise.reject(errors[calls++] ?? new Error("one call too many")),
    4,
  );
  const failed = deferred<unknown>();
  poller.watch("a", { ...ignore, failed: failed.resolve });
  assert.equal(await failed.promise, errors[2]);
  assert.equal(calls, 3);
  assert.equal(poller.size, 0);
});

void test("a service that stays away ends the watch after some rounds", async () => {
  const poller = new ECSTaskPoller(() => Promise.reject(named("ServerException")), 1);
  const failed = deferred<unknown>();
  poller.watch("a", { ...ignore, failed: failed.resolve });
  assert.ok((await failed.promise) instanceof Error);
});

void test("a task that ECS does not know is waited for within the grace, then gone", async () => {
  let now = 0;
  const describer = new Describer((_, call) => {
    if (call === 3) now = 29_999;
    if (call === 5) now = 30_001;
    return undefined;
  });
  const tasks = new KnownTasks(new ECSTaskPoller(describer.describe, 1), () => now);
  tasks.add({ taskArn: "cluster/a" }, definition);
  const ended = deferred<void>();
  tasks.follow("cluster/a", { changed: () => ended.resolve(), failed: () => undefined });
  await ended.promise;
  assert.equal(describer.calls.length, 5);
  const task = tasks.get("cluster/a");
  assert.equal(task?.phase, "ended");
  assert.match(task.exit?.message ?? "", /no longer knows ECS task a \(MISSING\)/);
});

void test("an older answer does not take a task back, and an end is told once", async () => {
  const answers = [
    { lastStatus: "RUNNING", version: 3 },
    { lastStatus: "PENDING", version: 2 },
    { lastStatus: "STOPPED", version: 4 },
  ];
  const describer = new Describer((_, call) => answers[call - 1] ?? {});
  const tasks = new KnownTasks(new ECSTaskPoller(describer.describe, 1), () => 0);
  tasks.add({ taskArn: "a" }, definition);
  assert.equal(tasks.add({ taskArn: "a" }, definition), false);
  const phases: string[] = [];
  const ended = deferred<void>();
  tasks.follow("a", {
    changed: (task) => {
      phases.push(task.phase);
      if (task.phase === "ended") ended.resolve();
    },
    failed: () => undefined,
  });
  await ended.promise;
  assert.deepEqual(phases, ["started", "ended"]);
});
