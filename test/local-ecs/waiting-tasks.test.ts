/** Tasks that were accepted before their capacity provider had an instance with room. */
import { RunTaskCommand, StopTaskCommand } from "@aws-sdk/client-ecs";
import assert from "node:assert/strict";
import test from "node:test";
import type { Task } from "#dist/local-ecs/state.js";
import { WaitingTasks } from "#dist/local-ecs/waiting-tasks.js";
import { IDLE, isRunning, startEndpoint } from "./harness.js";
import { PureEndpoint } from "./pure-endpoint.js";

const STRATEGY = { capacityProviderStrategy: [{ capacityProvider: "group", weight: 1 }] };
const NEVER_MS = 60_000;

class Waiting implements Disposable {
  readonly endpoint = new PureEndpoint([{ cpu: 256, capacityProvider: "group" }]);
  readonly waiting: WaitingTasks;
  /** Resolves with the first task that got no room in time. */
  readonly gaveUp: Promise<Task>;

  constructor(waitMs = NEVER_MS) {
    let giveUp: (task: Task) => void;
    this.gaveUp = new Promise((resolve) => (giveUp = resolve));
    this.waiting = new WaitingTasks({
      clusters: this.endpoint.state.clusters,
      apply: (task, event) => {
        this.endpoint.apply(task, event);
        if (event.kind === "stop") giveUp(task);
      },
      waitMs,
    });
    this.endpoint.register({ memory: 64 });
  }

  run(count: number): Task[] {
    const { tasks } = this.endpoint.run({ count, ...STRATEGY });
    this.waiting.look();
    this.endpoint.settle();
    return tasks.map(({ taskArn }) => this.endpoint.task(taskArn));
  }

  [Symbol.dispose](): void {
    this.waiting.close();
  }
}

function statuses(tasks: readonly Task[]): string {
  return tasks.map(({ lastStatus }) => lastStatus).join();
}

void test("what becomes free goes to the one that has waited longest", () => {
  using set = new Waiting();
  const tasks = set.run(3);
  assert.equal(statuses(tasks), "PENDING,PROVISIONING,PROVISIONING");
  const [first, second] = tasks;
  assert.ok(first && second);
  set.endpoint.start(first);
  set.endpoint.end(first);
  set.waiting.look();
  assert.deepEqual(set.endpoint.settle(), ["start"]);
  assert.equal(statuses(tasks), "STOPPED,PENDING,PROVISIONING");
  assert.equal(second.instance?.used.cpu, 256);
});

void test("one that is stopped while it waits takes nothing", () => {
  using set = new Waiting();
  const [first, second, third] = set.run(3);
  assert.ok(first && second && third);
  set.endpoint.ok("StopTask", { task: second.arn });
  set.endpoint.start(first);
  set.endpoint.end(first);
  set.waiting.look();
  set.endpoint.settle();
  assert.equal(statuses([second, third]), "STOPPED,PENDING");
});

for (const [status, reason] of [
  ["ACTIVE", "RESOURCE:CPU"],
  ["DRAINING", "NO ACTIVE INSTANCES"],
  ["INACTIVE", "EMPTY CAPACITY PROVIDER"],
] as const) {
  void test(`where the only instance is ${status} a task ends in time with ${reason}`, async () => {
    using set = new Waiting(0);
    const [instance] = [...(set.endpoint.state.clusters.get("default")?.instances.values() ?? [])];
    assert.ok(instance);
    if (status === "ACTIVE") set.run(1);
    instance.status = status;
    const [task] = set.run(1);
    assert.equal(await set.gaveUp, task);
    set.endpoint.settle();
    assert.deepEqual(
      [task?.lastStatus, task?.stopCode, task?.stoppedReason],
      ["STOPPED", "TaskFailedToStart", `TaskFailedToStart: ${reason}`],
    );
  });
}

void test("tasks start when an instance drains no more, its agent is back, or another task has ended", async (t) => {
  const { ecs, client, register } = await startEndpoint(t, {
    instances: [{ cpu: 256, capacityProvider: "group" }],
    stopTimeout: 0,
  });
  const taskDefinition = await register({ ...IDLE, cpu: 256 });
  const [instance] = ecs.instances;
  const run = async (): Promise<string> => {
    const { tasks } = await client.send(new RunTaskCommand({ taskDefinition, ...STRATEGY }));
    assert.equal(tasks?.[0]?.lastStatus, "PROVISIONING");
    assert.equal(tasks[0].containerInstanceArn, undefined);
    return tasks[0].taskArn ?? "";
  };
  instance?.setDraining(true);
  const first = await run();
  const second = await run();
  instance?.setAgentConnected(false);
  instance?.setDraining(false);
  assert.equal(ecs.tasks()[0]?.lastStatus, "PROVISIONING");
  instance?.setAgentConnected(true);
  const { containerInstanceArn } = await ecs.waitForTask(first, isRunning);
  assert.equal(containerInstanceArn, instance?.arn);
  await client.send(new StopTaskCommand({ task: first }));
  await ecs.waitForTask(second, isRunning);
});
