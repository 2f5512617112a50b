/** What becomes of tasks and of the API when container instances drain, lose their agent, or are gone. */
import {
  DescribeContainerInstancesCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  RunTaskCommand,
  StopTaskCommand,
  UpdateContainerInstancesStateCommand,
} from "@aws-sdk/client-ecs";
import assert from "node:assert/strict";
import test from "node:test";
import { IDLE, isRunning, isStopped, nextLine, script, startEndpoint } from "./harness.js";

const ONE = { instances: 1 };
/** Ends with 3 when it is asked to stop. */
const POLITE = script(`process.on("SIGTERM", () => process.exit(3)); console.log("ready");
  setInterval(() => {}, 1000);`);

void test("a draining instance takes no new tasks, leaves its own running, and can be taken back", async (t) => {
  const { ecs, client, register, runOne } = await startEndpoint(t, { instances: 2 });
  const definition = await register(IDLE);
  const [first, second] = ecs.instances;
  const before = await runOne(definition);
  assert.equal(before.containerInstanceArn, first?.arn);
  const drain = { containerInstances: [first?.arn ?? "", "none"], status: "DRAINING" as const };
  const { containerInstances, failures } = await client.send(new UpdateContainerInstancesStateCommand(drain));
  assert.equal(containerInstances?.[0]?.status, "DRAINING");
  assert.equal(failures?.[0]?.reason, "MISSING");
  for (let run = 0; run < 2; run += 1)
    assert.equal((await runOne(definition)).containerInstanceArn, second?.arn);
  await ecs.waitForTask(before.taskArn, isRunning);
  const draining = await client.send(new ListContainerInstancesCommand({ status: "DRAINING" }));
  assert.deepEqual(draining.containerInstanceArns, [first?.arn]);
  first?.setDraining(false);
  assert.equal((await runOne(definition)).containerInstanceArn, first?.arn);
});

void test("a cluster whose only instance drains has none for RunTask", async (t) => {
  const { ecs, client, register } = await startEndpoint(t, ONE);
  const taskDefinition = await register(IDLE);
  ecs.instances[0]?.setDraining(true);
  await assert.rejects(
    client.send(new RunTaskCommand({ taskDefinition })),
    /No Container Instances were found in your cluster/,
  );
});

void test("without its agent a task is seen as it was, and its end is heard of when the agent is back", async (t) => {
  const { ecs, client, register, runOne } = await startEndpoint(t, ONE);
  const ready = nextLine(ecs, (line) => line === "ready");
  const { taskArn } = await runOne(await register(POLITE));
  await ready;
  await ecs.waitForTask(taskArn, isRunning);
  const [instance] = ecs.instances;
  instance?.setAgentConnected(false);
  await client.send(new StopTaskCommand({ task: taskArn }));
  const { tasks } = await client.send(new DescribeTasksCommand({ tasks: [taskArn] }));
  assert.equal(tasks?.[0]?.connectivity, "DISCONNECTED");
  assert.equal(tasks[0].containers?.[0]?.lastStatus, "RUNNING");
  assert.equal(tasks[0].desiredStatus, "STOPPED");
  instance?.setAgentConnected(true);
  const stopped = await ecs.waitForTask(taskArn, isStopped);
  assert.equal(stopped.containers[0]?.exitCode, 3);
});

void test("closing does not wait for an agent that never comes back", async (t) => {
  const { ecs, register, runOne } = await startEndpoint(t, ONE);
  const { taskArn } = await runOne(await register(POLITE));
  await ecs.waitForTask(taskArn, isRunning);
  ecs.instances[0]?.setAgentConnected(false);
  await ecs.close();
  assert.ok(ecs.tasks().every(isStopped));
});

void test("the tasks of a terminated instance are stopped without exit codes, and it is INACTIVE", async (t) => {
  const { ecs, client, register, runOne } = await startEndpoint(t, { instances: 2 });
  const definition = await register(IDLE);
  const { taskArn } = await runOne(definition);
  await ecs.waitForTask(taskArn, isRunning);
  const [gone, other] = ecs.instances;
  gone?.terminate();
  const { tasks } = await client.send(new DescribeTasksCommand({ tasks: [taskArn] }));
  assert.equal(tasks?.[0]?.lastStatus, "STOPPED");
  assert.equal(tasks[0].stoppedReason, `Host EC2 (instance ${gone?.ec2InstanceId}) terminated.`);
  assert.equal(tasks[0].containers?.[0]?.exitCode, undefined);
  const listed = await client.send(new ListContainerInstancesCommand({}));
  assert.deepEqual(listed.containerInstanceArns, [other?.arn]);
  const described = await client.send(
    new DescribeContainerInstancesCommand({ containerInstances: [gone?.arn ?? ""] }),
  );
  assert.equal(described.containerInstances?.[0]?.status, "INACTIVE");
  assert.equal((await runOne(definition)).containerInstanceArn, other?.arn);
});

void test("a Spot interruption gives notice, drains if told so, and stops the tasks when its time is up", async (t) => {
  const { ecs, client, register, runOne } = await startEndpoint(t, ONE);
  const taskDefinition = await register(POLITE);
  const ready = nextLine(ecs, (line) => line === "ready");
  const { taskArn } = await runOne(taskDefinition);
  await ready;
  const running = await ecs.waitForTask(taskArn, isRunning);
  const [instance] = ecs.instances;
  assert.equal(instance?.spotNotice, undefined);
  instance?.interruptSpot({ noticeMs: 50, drains: true });
  assert.match(JSON.stringify(instance?.spotNotice), /^{"action":"terminate","time":"[\d-]+T[\d:]+Z"}$/);
  assert.equal(instance?.status, "DRAINING");
  await assert.rejects(client.send(new RunTaskCommand({ taskDefinition })), /No Container Instances/);
  assert.equal(running.stopCode, undefined);
  const stopped = await ecs.waitForTask(taskArn, isStopped);
  assert.equal(stopped.stopCode, "SpotInterruption");
  assert.match(stopped.stoppedReason ?? "", /^Host EC2 \(instance i-\w+\) terminated\.$/);
  assert.equal(stopped.containers[0]?.exitCode, 3);
  assert.equal(instance?.status, "INACTIVE");
});

void test("a pull that fails on request ends the task as ECS words it", async (t) => {
  const { ecs, register, runOne } = await startEndpoint(t, ONE);
  const definition = await register(IDLE);
  ecs.faults.add({ kind: "pull-failure", reason: "toomanyrequests: You have reached your pull rate limit." });
  ecs.faults.add({ kind: "pull-failure" });
  const limited = await ecs.waitForTask((await runOne(definition)).taskArn, isStopped);
  assert.equal(limited.stopCode, "TaskFailedToStart");
  assert.equal(
    limited.stoppedReason,
    "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit.",
  );
  const unknown = await ecs.waitForTask((await runOne(definition)).taskArn, isStopped);
  assert.match(unknown.containers[0]?.reason ?? "", /^CannotPullContainerError: .*none: not found$/);
  const fine = await runOne(definition);
  await ecs.waitForTask(fine.taskArn, isRunning);
});
