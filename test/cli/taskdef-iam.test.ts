import assert from "node:assert/strict";
import { test } from "node:test";
import { managerPolicy, type PolicyFacts, type PolicyStatement } from "#dist/managers/ecs/ecs-policy.js";
import { newDefinition, type NewDefinition } from "#dist/managers/ecs/ecs-new-definition.js";
import { Launching, Platform, SLEEPER } from "../managers/ecs/launching.js";
import { endpointVariables, rollcall } from "./run-cli.js";

const base: NewDefinition = {
  family: "w",
  image: "i",
  network: "host",
  containerName: "worker",
  cpu: 1024,
  memory: 2048,
  stopTimeout: 30,
  environment: {},
};

void test("a definition in network mode host declares no ports, and sizes its container", () => {
  const made = newDefinition({ ...base, environment: { A: "b" }, logGroup: "/g", region: "us-east-1" });
  assert.equal(made.networkMode, "host");
  const [container] = made.containerDefinitions ?? [];
  assert.equal(container?.portMappings, undefined);
  assert.deepEqual(
    [container?.cpu, container?.memory, made.cpu, made.memory],
    [1024, 2048, undefined, undefined],
  );
  assert.equal(container?.linuxParameters?.initProcessEnabled, true);
  assert.deepEqual(container?.environment, [{ name: "A", value: "b" }]);
  assert.deepEqual(container?.logConfiguration?.options, {
    "awslogs-group": "/g",
    "awslogs-stream-prefix": "w",
    "awslogs-region": "us-east-1",
  });
});

void test("a definition for Fargate sizes the task", () => {
  const made = newDefinition({ ...base, network: "fargate" });
  assert.deepEqual([made.networkMode, made.requiresCompatibilities], ["awsvpc", ["FARGATE"]]);
  assert.deepEqual([made.cpu, made.memory, made.containerDefinitions?.[0]?.cpu], ["1024", "2048", undefined]);
});

for (const [title, given, message] of [
  ["a size that Fargate does not have", { cpu: 1000 }, /no size of 1000 CPU units; it has 256, 512, 1024/],
  [
    "memory that does not go with it",
    { memory: 1024 },
    /1024 MiB with 1024 CPU units; it has 2048 to 8192 in steps of 1024/,
  ],
  ["memory between two steps", { cpu: 8192, memory: 17 * 1024 }, /16384 to 61440 in steps of 4096/],
  ["a stop timeout beyond Fargate's", { stopTimeout: 300 }, /2 to 120 seconds, not 300/],
  ["logs without an execution role", { logGroup: "/g" }, /needs an execution role/],
] as const) {
  void test(`${title} is refused`, () => {
    assert.throws(() => newDefinition({ ...base, network: "fargate", ...given }), message);
  });
}

const facts: PolicyFacts = {
  partition: "aws",
  region: "eu-central-1",
  account: "123456789012",
  ecsCluster: "prod",
  taskDefinition: "worker",
  roles: [],
  tags: false,
  executeCommand: false,
  watchDraining: false,
  doctor: false,
};
const sids = (extra: Partial<PolicyFacts>): readonly string[] =>
  managerPolicy({ ...facts, ...extra }).Statement.map(({ Sid }) => Sid);
const statement = (sid: string, extra: Partial<PolicyFacts>): PolicyStatement => {
  const found = managerPolicy({ ...facts, ...extra }).Statement.find(({ Sid }) => Sid === sid);
  return found ?? assert.fail(`no statement ${sid}`);
};

void test("the policy holds what the options in use need, and no more", () => {
  const always = ["ReadTaskDefinition", "StartTasks", "WatchAndStopTasks", "FindTasks"];
  assert.deepEqual(sids({}), always);
  assert.deepEqual(sids({ roles: ["r"] }), [...always, "PassRolesToTasks"]);
  assert.deepEqual(sids({ tags: true }), [...always, "TagTasks"]);
  assert.deepEqual(sids({ logGroup: "/g" }), [...always, "ReadLastOutput"]);
  assert.deepEqual(sids({ executeCommand: true }), [...always, "LookIntoTasks"]);
  assert.deepEqual(sids({ watchDraining: true }), [...always, "WatchInstances"]);
  assert.equal(sids({ doctor: true }).length, always.length + 4);
});

void test("each right is bound to what it is for", () => {
  const inCluster = { ArnEquals: { "ecs:cluster": "arn:aws:ecs:eu-central-1:123456789012:cluster/prod" } };
  assert.deepEqual(statement("StartTasks", {}), {
    Sid: "StartTasks",
    Effect: "Allow",
    Action: "ecs:RunTask",
    Resource: "arn:aws:ecs:eu-central-1:123456789012:task-definition/worker:*",
    Condition: inCluster,
  });
  assert.equal(
    statement("WatchAndStopTasks", {}).Resource,
    "arn:aws:ecs:eu-central-1:123456789012:task/prod/*",
  );
  assert.deepEqual(statement("PassRolesToTasks", { roles: ["r"] }).Condition, {
    StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" },
  });
  assert.equal(
    statement("ReadLastOutput", { logGroup: "/g" }).Resource,
    "arn:aws:logs:eu-central-1:123456789012:log-group:/g:log-stream:*",
  );
});

void test("revisions, ARNs and other partitions are kept", () => {
  const resource = (extra: Partial<PolicyFacts>) => statement("StartTasks", extra).Resource;
  assert.match(String(resource({ taskDefinition: "worker:3" })), /task-definition\/worker:3$/);
  const arn = "arn:aws-cn:ecs:cn-north-1:123456789012:task-definition/w:7";
  assert.equal(resource({ taskDefinition: arn }), arn);
  assert.match(String(resource({ partition: "aws-us-gov" })), /^arn:aws-us-gov:ecs:/);
  const ecsCluster = "arn:aws:ecs:us-west-2:123456789012:cluster/far";
  const { Condition, Resource } = statement("WatchAndStopTasks", { ecsCluster });
  assert.equal(Condition?.["ArnEquals"]?.["ecs:cluster"], ecsCluster);
  assert.match(String(Resource), /task\/far\/\*$/);
});

void test("rollcall iam --look reads roles, log group, region and account from the task definition", async () => {
  await using platform = await Platform.start({ accountId: "123456789012", region: "eu-west-3" });
  await platform.register(
    { logConfiguration: { logDriver: "awslogs", options: { "awslogs-group": "/seen" } } },
    { taskRoleArn: "arn:aws:iam::123456789012:role/work", executionRoleArn: "pull" },
  );
  const { code, stdout, stderr } = await rollcall(
    ["iam", "--task-definition", "worker", "--look"],
    endpointVariables(platform.local),
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const policy = JSON.parse(stdout) as { Statement: PolicyStatement[] };
  const resourceOf = (sid: string) => policy.Statement.find(({ Sid }) => Sid === sid)?.Resource;
  assert.deepEqual(resourceOf("PassRolesToTasks"), [
    "arn:aws:iam::123456789012:role/work",
    "arn:aws:iam::123456789012:role/pull",
  ]);
  assert.equal(
    resourceOf("ReadLastOutput"),
    "arn:aws:logs:eu-west-3:123456789012:log-group:/seen:log-stream:*",
  );
});

void test("rollcall iam without roles says that none is passed", async () => {
  const { code, stderr } = await rollcall(["iam", "--task-definition", "worker"]);
  assert.equal(code, 0);
  assert.match(stderr, /add --role ARN for each, or --look/);
});

void test("rollcall iam --for task-role prints the rights of ECS Exec", async () => {
  const { stdout } = await rollcall(["iam", "--task-definition", "w", "--for", "task-role"]);
  assert.match(stdout, /ssmmessages:OpenDataChannel/);
});

void test("what rollcall taskdef prints runs workers", async () => {
  await using platform = await Platform.start();
  const printed = await rollcall(["taskdef", "--image", "any", "--family", "worker", "--memory", "128"]);
  const { RegisterTaskDefinitionCommand } = await import("@aws-sdk/client-ecs");
  await platform.client.send(new RegisterTaskDefinitionCommand(JSON.parse(printed.stdout) as never));
  const launching = new Launching(platform.manager({ workers: 2, command: SLEEPER }));
  await launching.take("started", 2);
  await launching.end();
});

for (const [args, expected] of [
  [["taskdef"], /required option '--image <image>' not specified/],
  [["taskdef", "--image", "i", "--network", "mesh"], /Allowed choices are host, bridge, awsvpc, fargate/],
  [["taskdef", "--image", "i", "--cpu", "half"], /"half" is not a whole number/],
  [["taskdef", "--image", "i", "--family", "a b"], /"a b" is not 1 to 255 letters/],
  [["taskdef", "--image", "i", "--env", "novalue"], /"novalue" is not NAME=VALUE/],
  [["taskdef", "--image", "i", "--env", "ROLLCALL_X=1"], /Rollcall sets ROLLCALL_X itself/],
  [["taskdef", "--image", "i", "--network", "bridge", "--container-port", "70000"], /"70000" is not a port/],
  [["taskdef", "--image", "i", "--container-port", "70"], /a container port is for network mode bridge/],
  [["taskdef", "--image", "i", "--log-group", "/g"], /a log group needs its region: give --region/],
  [["taskdef", "--image", "i", "--network", "fargate", "--memory", "1"], /Fargate does not have 1 MiB/],
  [["iam"], /required option '--task-definition <name>' not specified/],
  [["iam", "--task-definition", "w", "--role", "worker"], /"worker" is not the ARN of a role/],
  [["iam", "--task-definition", "w", "--account", "1"], /"1" is not an account of 12 digits/],
] as const) {
  void test(`rollcall ${args.join(" ")} says what is wrong and ends with 1`, async () => {
    const { code, stdout, stderr } = await rollcall(args);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, expected);
  });
}
