import assert from "node:assert/strict";
import test from "node:test";
import type { Task, TaskContainer } from "#dist/local-ecs/state.js";
import { step, type TaskEffect, type TaskEvent } from "#dist/local-ecs/task-lifecycle.js";
import { PureEndpoint } from "./pure-endpoint.js";

function oneTask(containers: readonly object[] = [{ name: "main" }]): { endpoint: PureEndpoint; task: Task } {
  const endpoint = new PureEndpoint();
  endpoint.register(
    {},
    { containerDefinitions: containers.map((one) => ({ image: "none", memory: 64, ...one })) },
  );
  const task = endpoint.task(endpoint.run().tasks[0]?.taskArn ?? "");
  endpoint.effects = [];
  return { endpoint, task };
}

function container(task: Task, name: string): TaskContainer {
  const found = task.containers.find(({ definition }) => definition.name === name);
  assert.ok(found);
  return found;
}

/** Every status that the task passes through while advancing by itself. */
function follow(task: Task, event: TaskEvent): string[] {
  const seen: string[] = [];
  const queue: TaskEffect[] = step(task, event, 5000);
  for (let effect = queue.shift(); effect !== undefined; effect = queue.shift()) {
    if (effect.kind === "changed" && seen.at(-1) !== task.lastStatus) seen.push(task.lastStatus);
    if (effect.kind === "advance") queue.push(...step(task, { kind: "advance", from: effect.from }, 5000));
  }
  return seen;
}

void test("a task passes through every status from PROVISIONING to STOPPED", () => {
  const { task } = oneTask();
  const main = container(task, "main");
  assert.equal(task.lastStatus, "PROVISIONING");
  assert.deepEqual(follow(task, { kind: "advance", from: "PROVISIONING" }), ["PENDING"]);
  assert.deepEqual(
    follow(task, { kind: "container-started", container: main, runtimeId: "r", networkBindings: [] }),
    ["ACTIVATING", "RUNNING"],
  );
  assert.deepEqual(follow(task, { kind: "stop", stopCode: "UserInitiated", reason: "bye" }), [
    "DEACTIVATING",
    "STOPPING",
  ]);
  assert.deepEqual(follow(task, { kind: "container-exited", container: main, exitCode: 143 }), [
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
  ]);
  assert.equal(main.exitCode, 143);
  assert.deepEqual([task.stopCode, task.stoppedReason], ["UserInitiated", "bye"]);
});

void test("the version grows with every change and the times are set once", () => {
  const { endpoint, task } = oneTask();
  endpoint.apply(task, { kind: "advance", from: "PROVISIONING" });
  const before = task.version;
  endpoint.start(task);
  assert.ok(task.version > before);
  const startedAt = task.startedAt;
  endpoint.now += 1000;
  endpoint.end(task, 3);
  assert.equal(task.startedAt, startedAt);
  assert.equal(task.stoppingAt, endpoint.now);
  assert.equal(task.stoppedAt, endpoint.now);
  assert.equal(task.executionStoppedAt, endpoint.now);
});

void test("the end of an essential container stops the others and the task", () => {
  const { endpoint, task } = oneTask([{ name: "main" }, { name: "side", essential: false }]);
  endpoint.apply(task, { kind: "advance", from: "PROVISIONING" });
  endpoint.start(task);
  assert.equal(task.lastStatus, "RUNNING");
  endpoint.apply(task, { kind: "container-exited", container: container(task, "main"), exitCode: 1 });
  assert.deepEqual(endpoint.settle(), ["stop-containers"]);
  assert.equal(task.lastStatus, "STOPPING");
  assert.deepEqual(
    [task.stopCode, task.stoppedReason],
    ["EssentialContainerExited", "Essential container in task exited"],
  );
  endpoint.apply(task, { kind: "container-exited", container: container(task, "side"), exitCode: 143 });
  endpoint.settle();
  assert.equal(task.lastStatus, "STOPPED");
});

void test("the end of a container that is not essential leaves the task running", () => {
  const { endpoint, task } = oneTask([{ name: "main" }, { name: "side", essential: false }]);
  endpoint.apply(task, { kind: "advance", from: "PROVISIONING" });
  endpoint.start(task);
  endpoint.apply(task, { kind: "container-exited", container: container(task, "side"), exitCode: 0 });
  endpoint.settle();
  assert.equal(task.lastStatus, "RUNNING");
});

void test("a task whose image cannot be pulled stops without having run, and without an exit code", () => {
  const { endpoint, task } = oneTask();
  endpoint.apply(task, { kind: "advance", from: "PROVISIONING" });
  endpoint.settle();
  const reason = "CannotPullContainerError: not found";
  endpoint.apply(task, { kind: "container-not-started", container: container(task, "main"), reason });
  endpoint.settle();
  assert.equal(task.lastStatus, "STOPPED");
  assert.deepEqual([task.stopCode, task.stoppedReason], ["TaskFailedToStart", reason]);
  assert.deepEqual([container(task, "main").exitCode, container(task, "main").reason], [undefined, reason]);
  assert.equal(task.startedAt, undefined);
});

void test("a stop before the containers were asked for ends the task at once", () => {
  const { endpoint, task } = oneTask();
  endpoint.apply(task, { kind: "stop", stopCode: "UserInitiated", reason: "changed my mind" });
  assert.deepEqual(endpoint.settle(), []);
  assert.equal(task.lastStatus, "STOPPED");
});

void test("a stop while containers start waits for the answer to every one of them", () => {
  const { endpoint, task } = oneTask();
  endpoint.apply(task, { kind: "advance", from: "PROVISIONING" });
  assert.deepEqual(endpoint.settle(), ["start"]);
  endpoint.apply(task, { kind: "stop", stopCode: "UserInitiated", reason: "x" });
  assert.deepEqual(endpoint.settle(), ["stop-containers"]);
  assert.equal(task.lastStatus, "STOPPING");
  endpoint.apply(task, { kind: "container-not-started", container: container(task, "main") });
  endpoint.settle();
  assert.equal(task.lastStatus, "STOPPED");
});

void test("the first cause of a stop is the one that is shown", () => {
  const { endpoint, task } = oneTask();
  endpoint.apply(task, { kind: "advance", from: "PROVISIONING" });
  endpoint.start(task);
  endpoint.apply(task, { kind: "stop", stopCode: "UserInitiated", reason: "first" });
  endpoint.apply(task, { kind: "stop", stopCode: "UserInitiated", reason: "second" });
  endpoint.end(task, 143);
  assert.equal(task.stoppedReason, "first");
});

void test("an instance has its resources back only when the task is STOPPED", () => {
  const { endpoint, task } = oneTask();
  endpoint.apply(task, { kind: "advance", from: "PROVISIONING" });
  endpoint.start(task);
  endpoint.apply(task, { kind: "stop", stopCode: "UserInitiated", reason: "x" });
  endpoint.settle();
  assert.equal(task.instance?.used.memory, 64);
  endpoint.end(task);
  assert.equal(task.instance?.used.memory, 0);
  assert.equal(task.instance?.tasks.size, 0);
});
