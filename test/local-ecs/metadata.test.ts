import assert from "node:assert/strict";
import test from "node:test";
import { AWSLOGS, nextLine, script, startEndpoint } from "./harness.js";

/** Prints what it finds below its own metadata address, as a worker would read it. */
const READER = script(`
  const read = async (path) => (await fetch(process.env.ECS_CONTAINER_METADATA_URI_V4 + path)).json();
  console.log(JSON.stringify({ container: await read(""), task: await read("/task"), stats: await read("/stats") }));
  setInterval(() => {}, 1000);`);

void test("a process finds itself, its task and its definition at the metadata endpoint", async (t) => {
  const { ecs, register, runOne } = await startEndpoint(t);
  const definition = await register(
    { ...READER, ...AWSLOGS, cpu: 256, memory: 512 },
    { cpu: "512", memory: "1024" },
  );
  const line = nextLine(ecs, (text) => text.startsWith("{"));
  const { taskArn } = await runOne(definition);
  const { container, task, stats } = JSON.parse(await line) as Record<string, Record<string, unknown>>;
  assert.equal(container?.["Name"], "main");
  assert.equal(container["Type"], "NORMAL");
  assert.equal(container["DesiredStatus"], "RUNNING");
  assert.deepEqual(container["Limits"], { CPU: 256, Memory: 512 });
  assert.deepEqual(container["Networks"], [{ NetworkMode: "host", IPv4Addresses: [""] }]);
  assert.equal(container["LogDriver"], "awslogs");
  assert.match(String(container["ContainerARN"]), /^arn:aws:ecs:us-east-1:000000000000:container\/default\//);
  assert.deepEqual(container["Labels"], {
    "com.amazonaws.ecs.cluster": "default",
    "com.amazonaws.ecs.container-name": "main",
    "com.amazonaws.ecs.task-arn": taskArn,
    "com.amazonaws.ecs.task-definition-family": "work",
    "com.amazonaws.ecs.task-definition-version": "1",
  });
  assert.equal(task?.["TaskARN"], taskArn);
  assert.deepEqual([task["Cluster"], task["Family"], task["Revision"]], ["default", "work", "1"]);
  assert.deepEqual(task["Limits"], { CPU: 0.5, Memory: 1024 });
  assert.equal(task["LaunchType"], "EC2");
  assert.equal(task["AvailabilityZone"], "us-east-1a");
  assert.equal((task["Containers"] as unknown[]).length, 1);
  assert.ok(stats);
});

void test("an address that belongs to no container is not found", async (t) => {
  const { ecs } = await startEndpoint(t);
  const response = await fetch(`${ecs.endpoint}/v4/${"0".repeat(32)}-1/task`);
  assert.equal(response.status, 404);
  assert.match(await response.text(), /not found/);
});
