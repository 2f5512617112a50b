import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerDefinition, TaskDefinition } from "@aws-sdk/client-ecs";
import { ClusterManagerError } from "#dist/errors.js";
import { workerTaskDefinition, type WorkerTaskDefinition } from "#dist/managers/ecs/ecs-task-definition.js";
import { ecsSettings } from "#dist/managers/ecs/ecs-settings.js";

function definition(containers: ContainerDefinition[], more: Partial<TaskDefinition> = {}): TaskDefinition {
  return {
    family: "f",
    revision: 2,
    taskDefinitionArn: "arn:f:2",
    status: "ACTIVE",
    networkMode: "host",
    containerDefinitions: containers,
    ...more,
  };
}

function read(definition: TaskDefinition, containerName?: string): WorkerTaskDefinition {
  const options = {
    taskDefinition: "f",
    workers: 1,
    ...(containerName === undefined ? {} : { containerName }),
  };
  return workerTaskDefinition(definition, ecsSettings(options));
}

function refusedWith(message: RegExp) {
  return (error: unknown) => error instanceof ClusterManagerError && message.test(error.message);
}

void test("the only container is the worker, essential or not", () => {
  assert.equal(read(definition([{ name: "a" }])).containerName, "a");
});

void test("the only essential container is the worker", () => {
  const found = read(
    definition([
      { name: "log", essential: false },
      { name: "a", essential: true },
    ]),
  );
  assert.equal(found.containerName, "a");
});

void test("two essential containers need containerName", () => {
  const two = definition([{ name: "a" }, { name: "b" }]);
  assert.throws(() => read(two), refusedWith(/f:2 has 2 containers \(a, b\).*set containerName/));
  assert.equal(read(two, "b").containerName, "b");
});

void test("an inactive definition is refused", () => {
  assert.throws(
    () => read(definition([{ name: "a" }], { status: "INACTIVE" })),
    refusedWith(/f:2 is INACTIVE; name an ACTIVE revision/),
  );
});

void test("only logs whose stream has a name that can be told are read", () => {
  const withOptions = (options: Record<string, string>, logDriver: "awslogs" | "json-file" = "awslogs") =>
    read(definition([{ name: "a", logConfiguration: { logDriver, options } }])).logs;
  assert.deepEqual(
    withOptions({ "awslogs-group": "g", "awslogs-stream-prefix": "p", "awslogs-region": "r" }),
    {
      group: "g",
      streamPrefix: "p",
      region: "r",
    },
  );
  assert.equal(withOptions({ "awslogs-group": "g" }), undefined);
  assert.equal(withOptions({}, "json-file"), undefined);
});

void test("ports count that claim one of the instance", () => {
  const container = {
    name: "a",
    portMappings: [
      { containerPort: 80 },
      { containerPort: 81, hostPort: 81 },
      { containerPort: 82, hostPort: 0 },
    ],
  };
  const ports = (networkMode?: "host" | "bridge") =>
    workerTaskDefinition(
      definition([container], { networkMode }),
      ecsSettings({ taskDefinition: "f", workers: 1, network: { mode: "reverse" } }),
    ).declaredHostPorts;
  assert.deepEqual(ports("host"), [80, 81]);
  assert.deepEqual(ports("bridge"), [81]);
  assert.deepEqual(ports(undefined), [81]);
});
