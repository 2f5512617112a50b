import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerDefinition, ContainerInstance, TaskDefinition } from "@aws-sdk/client-ecs";
import {
  checkCapacity,
  checkNetworkMode,
  checkNode,
  checkOutput,
  checkRestart,
  checkRoles,
  taskSize,
  type Check,
} from "#dist/managers/ecs/ecs-diagnosis.js";

const verdictOf = ({ verdict, seen, advice = "" }: Check): string => `${verdict}: ${seen}; ${advice}`;

const modes: readonly [title: string, TaskDefinition["networkMode"], ContainerDefinition, RegExp][] = [
  ["host without ports", "host", {}, /^ok: host/],
  [
    "host with ports",
    "host",
    { portMappings: [{ containerPort: 80 }] },
    /^warn: .*80.*one worker only; remove/,
  ],
  ["bridge without ports", "bridge", {}, /^warn: .*declares no port.*"hostPort": 0/],
  ["bridge as default", undefined, {}, /^warn: bridge/],
  [
    "bridge with a mapped port",
    "bridge",
    { portMappings: [{ containerPort: 7000, hostPort: 0 }] },
    /^ok: bridge/,
  ],
  [
    "bridge with a fixed port",
    "bridge",
    { portMappings: [{ containerPort: 7, hostPort: 7 }] },
    /^warn: .*hostPort to 0/,
  ],
  ["awsvpc", "awsvpc", {}, /^ok: awsvpc: .*networkConfiguration/],
  ["none", "none", {}, /^fail: none/],
];
for (const [title, networkMode, container, expected] of modes) {
  void test(`network mode ${title}`, () => {
    const definition: TaskDefinition = { networkMode, containerDefinitions: [container] };
    assert.match(verdictOf(checkNetworkMode(definition, container)), expected);
  });
}

const awslogs = (options: Record<string, string>): ContainerDefinition => ({
  logConfiguration: { logDriver: "awslogs", options },
});
for (const [title, container, expected] of [
  [
    "to a group with a prefix",
    awslogs({ "awslogs-group": "/g", "awslogs-stream-prefix": "p" }),
    /^ok: .*\/g/,
  ],
  ["without a prefix", awslogs({ "awslogs-group": "/g" }), /^warn: .*without awslogs-stream-prefix/],
  ["nowhere", {}, /^warn: no log driver/],
] as const) {
  void test(`output ${title}`, () => assert.match(verdictOf(checkOutput(container)), expected));
}

for (const [title, definition, isFargate, expected] of [
  ["none are needed", {}, false, /^ok: none/],
  ["both are there", { taskRoleArn: "a", executionRoleArn: "b" }, false, /^ok: a, b: .*iam:PassRole/],
  [
    "secrets without one",
    { containerDefinitions: [{ secrets: [{ name: "a", valueFrom: "b" }] }] },
    false,
    /^fail/,
  ],
  ["logs on Fargate without one", { containerDefinitions: [awslogs({})] }, true, /^fail: .*logs on Fargate/],
  [
    "a private image on Fargate without one",
    { containerDefinitions: [{ image: "123456789012.dkr.ecr.eu-central-1.amazonaws.com/work:7" }] },
    true,
    /^fail: .*an image in ECR on Fargate/,
  ],
  ["logs on EC2 without one", { containerDefinitions: [awslogs({})] }, false, /^ok/],
] as const) {
  void test(`roles: ${title}`, () => {
    assert.match(verdictOf(checkRoles(definition as TaskDefinition, isFargate)), expected);
  });
}

void test("a container that ECS starts again would bring workers that nobody waits for", () => {
  assert.deepEqual(checkRestart({}), []);
  assert.deepEqual(checkRestart({ restartPolicy: { enabled: false } }), []);
  const [found] = checkRestart({ restartPolicy: { enabled: true } });
  assert.match(found === undefined ? "" : verdictOf(found), /^warn: .*starts it again.*remove restartPolicy/);
});

void test("the Node of the image is compared by its major version", () => {
  const labelled = (version: string) => checkNode({ dockerLabels: { "rollcall.node": version } }, "v20.19.0");
  assert.equal(labelled("20").verdict, "ok");
  assert.equal(labelled("v20.1.0").verdict, "ok");
  assert.equal(labelled("22.3.0").verdict, "warn");
  assert.equal(checkNode({}, "v20.19.0").verdict, "skip");
});

void test("a task takes its own size, or the sum of its containers'", () => {
  const containerDefinitions = [{ cpu: 100, memory: 300, memoryReservation: 200 }, { memory: 50 }];
  assert.deepEqual(taskSize({ containerDefinitions }), { cpu: 100, memory: 250 });
  assert.deepEqual(taskSize({ cpu: "512", memory: "1024", containerDefinitions }), {
    cpu: 512,
    memory: 1024,
  });
});

function instance(free: number, all = free, extra: Partial<ContainerInstance> = {}): ContainerInstance {
  const resources = (cpu: number) => [
    { name: "CPU", integerValue: cpu },
    { name: "MEMORY", integerValue: 100_000 },
  ];
  return {
    status: "ACTIVE",
    agentConnected: true,
    registeredResources: resources(all),
    remainingResources: resources(free),
    ...extra,
  };
}
const quarter: TaskDefinition = { networkMode: "host", containerDefinitions: [{ cpu: 256, memory: 10 }] };
const ported: TaskDefinition = {
  networkMode: "host",
  containerDefinitions: [{ cpu: 256, memory: 10, portMappings: [{ containerPort: 1 }] }],
};
const needing: TaskDefinition = { ...quarter, requiresAttributes: [{ name: "ecs.capability.x" }] };
const equipped = { attributes: [{ name: "ecs.capability.x" }] };

for (const [title, definition, instances, wanted, expected] of [
  ["room for all", quarter, [instance(1024), instance(256)], 5, [/^ok: .*5 fit now/]],
  ["room for some", quarter, [instance(512, 1024)], 4, [/^warn: .*2 fit now, 4 on empty.*other tasks hold/]],
  ["room for none", quarter, [instance(0, 1024)], 1, [/^fail: .*other tasks hold/]],
  ["a task larger than any instance", quarter, [instance(128)], 1, [/^fail: .*lower the sizes/]],
  ["one for each instance", ported, [instance(1024), instance(1024)], 3, [/^warn: .*2 fit now, 2 on empty/]],
  [
    "an agent that is away",
    quarter,
    [instance(256), instance(256, 256, { agentConnected: false })],
    1,
    [/^warn/, /^ok/],
  ],
  ["all agents away", quarter, [instance(256, 256, { status: "DRAINING" })], 1, [/^fail: 1 of 1/]],
  ["a missing attribute", needing, [instance(256)], 1, [/^fail: .*lacks ecs\.capability\.x/]],
  [
    "an attribute on some",
    needing,
    [instance(256), instance(256, 256, equipped)],
    1,
    [/^ok: .*\(1 instances\)/],
  ],
] as const) {
  void test(`capacity: ${title}`, () => {
    const found = checkCapacity(definition, instances, wanted).map(verdictOf);
    assert.equal(found.length, expected.length, found.join("\n"));
    found.forEach((text, index) => assert.match(text, expected[index] ?? /never/));
  });
}

for (const [title, instances, expected] of [
  ["no room", [instance(0, 1024)], [/^warn: .*0 fit now.*; the capacity providers spot, big may bring/]],
  ["room for one", [instance(256)], [/^warn: .*1 fit now.*may bring/]],
  ["room for all", [instance(1024)], [/^ok/]],
  ["no agent", [instance(256, 256, { status: "DRAINING" })], [/^warn: 1 of 1/]],
] as const) {
  void test(`capacity with providers: ${title}`, () => {
    const found = checkCapacity(quarter, instances, 4, ["spot", "big"]).map(verdictOf);
    assert.equal(found.length, expected.length, found.join("\n"));
    found.forEach((text, index) => assert.match(text, expected[index] ?? /never/));
  });
}
