import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerDefinition, TaskDefinition } from "@aws-sdk/client-ecs";
import { ClusterManagerError } from "#dist/errors.js";
import { workerTaskDefinition } from "#dist/managers/ecs/ecs-task-definition.js";

function definition(containers: ContainerDefinition[], more: Partial<TaskDefinition> = {}): TaskDefinition {
  return {
    family: "f",
    revision: 2,
    taskDefinitionArn: "arn:f:2",
    status: "ACTIVE",
    containerDefinitions: containers,
    ...more,
  };
}

function refusedWith(message: RegExp) {
  return (error: unknown) => error instanceof ClusterManagerError && message.test(error.message);
}

void test("the only container is the worker, essential or not", () => {
  assert.equal(workerTaskDefinition(definition([{ name: "a" }]), undefined).containerName, "a");
});

void test("the only essential container is the worker", () => {
  const found = workerTaskDefinition(
    definition([
      { name: "log", essential: false },
      { name: "a", essential: true },
    ]),
    undefined,
  );
  assert.equal(found.containerName, "a");
});

void test("two essential containers need containerName", () => {
  const two = definition([{ name: "a" }, { name: "b" }]);
  assert.throws(
    () => workerTaskDefinition(two, undefined),
    refusedWith(/f:2 has 2 containers \(a, b\).*set containerName/),
  );
  assert.equal(workerTaskDefinition(two, "b").containerName, "b");
});

void test("an inactive definition is refused", () => {
  assert.throws(
    () => workerTaskDefinition(definition([{ name: "a" }], { status: "INACTIVE" }), undefined),
    refusedWith(/f:2 is INACTIVE; name an ACTIVE revision/),
  );
});

void test("only logs whose stream has a name that can be told are read", () => {
  const withOptions = (options: Record<string, string>, logDriver: "awslogs" | "json-file" = "awslogs") =>
    workerTaskDefinition(definition([{ name: "a", logConfiguration: { logDriver, options } }]), undefined)
      .logs;
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

void test("ports count in network mode host only", () => {
  const container = { name: "a", portMappings: [{ containerPort: 80 }, { containerPort: 81, hostPort: 81 }] };
  const ports = (networkMode: "host" | "bridge") =>
    workerTaskDefinition(definition([container], { networkMode }), undefined).declaredHostPorts;
  assert.deepEqual(ports("host"), [80, 81]);
  assert.deepEqual(ports("bridge"), []);
});
