import assert from "node:assert/strict";
import { test } from "node:test";
import { ECSManager } from "#dist/managers/ecs/index.js";
import type { ECSManagerOptions } from "#dist/managers/ecs/index.js";

function make(options: object): ECSManager {
  const given: ECSManagerOptions = { taskDefinition: "worker", workers: 2, ...options };
  return new ECSManager(given);
}

function circular(): object {
  const a: { self?: object } = {};
  a.self = a;
  return { a };
}

void test("the defaults are those of the documentation", () => {
  const manager = make({});
  assert.equal(manager.name, "ecs");
  assert.equal(manager.output, "control");
  assert.deepEqual(manager.workers, { min: 2, max: 2 });
  assert.deepEqual(manager.timeouts, {
    launchMs: 600_000,
    reportMs: 60_000,
    joinMs: 30_000,
    capacityMs: 60_000,
    extraCapacityMs: 10_000,
  });
});

void test("less patience for capacity is less patience for extra workers too", () => {
  assert.equal(make({ timeouts: { capacityMs: 0 } }).timeouts.extraCapacityMs, 0);
  assert.equal(make({ timeouts: { capacityMs: 0, extraCapacityMs: 5 } }).timeouts.extraCapacityMs, 5);
});

void test("everything that ECS takes is accepted", () => {
  make({
    ecsCluster: "arn:aws:ecs:eu-central-1:123456789012:cluster/c",
    workers: { min: 1, max: 40 },
    workersPerTask: "auto",
    tags: { project: "x" },
    capacityProviderStrategy: [
      { capacityProvider: "FARGATE_SPOT", weight: 1, base: 2 },
      { capacityProvider: "F" },
    ],
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"], assignPublicIp: "ENABLED" } },
    overrides: { cpu: "1024", container: { cpu: 512, environment: { A: "b" } } },
    command: "image",
    startedBy: "team/job-1_a",
    propagateTags: "TASK_DEFINITION",
    enableExecuteCommand: true,
  });
  make({
    rendezvous: { host: "[fd00::1]", port: { from: 7000, to: 7009 } },
    network: {
      mode: "host",
      advertiseHost: "10.0.1.8",
      bindHost: "0.0.0.0",
      ports: { from: 7000, to: 7099 },
    },
  });
  make({ tags: [{ key: "k", value: "v" }], launchType: "FARGATE", platformVersion: "1.4.0" });
});

const manyTags = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, "v"]));

const wrong: readonly [string, object, typeof TypeError | typeof RangeError, RegExp][] = [
  ["an unknown option", { taskDef: "x" }, TypeError, /no option "taskDef"; it takes ecsCluster/],
  ["an option in the wrong case", { ecscluster: "x" }, TypeError, /did you mean ecsCluster\?/],
  [
    "no task definition",
    { taskDefinition: undefined },
    TypeError,
    /taskDefinition must be a string .* undefined/,
  ],
  ["an empty task definition", { taskDefinition: " " }, RangeError, /taskDefinition must not be empty/],
  ["no workers", { workers: 0 }, RangeError, /workers must be a whole number from 1 .* not 0/],
  ["no workers in a task", { workersPerTask: 0 }, RangeError, /workersPerTask must be .* 1 to 1024, not 0/],
  ["a word for the workers of a task", { workersPerTask: "all" }, TypeError, /or "auto" .* not "all"/],
  ["negative workers", { workers: -2 }, RangeError, /not -2/],
  ["fractional workers", { workers: 1.5 }, RangeError, /not 1\.5/],
  ["workers that are no number", { workers: "4" }, TypeError, /workers must be a number or .* not "4"/],
  ["a minimum of zero", { workers: { min: 0, max: 4 } }, RangeError, /workers\.min .* not 0/],
  ["a missing maximum", { workers: { min: 1 } }, TypeError, /workers\.max must be a number, not undefined/],
  ["min above max", { workers: { min: 5, max: 4 } }, RangeError, /min is 5 and workers\.max is 4.*swap them/],
  [
    "an unknown member of workers",
    { workers: { min: 1, max: 2, mx: 3 } },
    TypeError,
    /"mx"; it takes min, max/,
  ],
  ["an unusable endpoint", { endpoint: "localhost:4000" }, RangeError, /http or https URL/],
  ["a client that is none", { client: {} }, TypeError, /client must be a client of the AWS SDK/],
  [
    "launch type and strategy together",
    { launchType: "EC2", capacityProviderStrategy: [{ capacityProvider: "x", weight: 1 }] },
    TypeError,
    /exclude each other.*leave one out/,
  ],
  [
    "an unknown launch type",
    { launchType: "LAMBDA" },
    TypeError,
    /one of EC2, FARGATE, EXTERNAL, not "LAMBDA"/,
  ],
  [
    "a strategy without weight",
    { capacityProviderStrategy: [{ capacityProvider: "x" }] },
    RangeError,
    /weight/,
  ],
  ["a startedBy too long", { startedBy: "x".repeat(129) }, RangeError, /129 characters/],
  ["a startedBy with a space", { startedBy: "my job" }, RangeError, /holds " "/],
  ["too many tags", { tags: manyTags }, RangeError, /at most 50 tags .* not 51/],
  ["a tag that AWS keeps", { tags: { "aws:x": "y" } }, RangeError, /"aws:x" begins with "aws:"/],
  ["a tag value that is no string", { tags: { a: 1 } }, TypeError, /value of "a" must be a string, not 1/],
  ["a service's tags", { propagateTags: "SERVICE" }, RangeError, /use "TASK_DEFINITION"/],
  [
    "an environment that is Rollcall's",
    { overrides: { container: { environment: { ROLLCALL_X: "1" } } } },
    RangeError,
    /ROLLCALL_X begins with ROLLCALL_.*another name/,
  ],
  [
    "a variable that is no string",
    { overrides: { container: { environment: { N: 1 } } } },
    TypeError,
    /N must be a string, not 1; use String/,
  ],
  [
    "a task size as a number",
    { overrides: { cpu: 1024 } },
    TypeError,
    /string such as "1024".*container\.cpu/,
  ],
  [
    "a container size as a string",
    { overrides: { container: { cpu: "1" } } },
    TypeError,
    /container\.cpu must be a number/,
  ],
  [
    "a wrong override of another container",
    { overrides: { otherContainers: { proxy: { cpus: 1 } } } },
    TypeError,
    /otherContainers\.proxy: there is no option "cpus"/,
  ],
  [
    "another container that is the worker's own",
    { containerName: "w", overrides: { otherContainers: { w: {} } } },
    RangeError,
    /otherContainers\.w is the worker's own container; use overrides\.container/,
  ],
  ["a raw member that is set anyway", { runTask: { clientToken: "x" } }, TypeError, /clientToken is set by/],
  ["a raw member that is an option", { runTask: { tags: [] } }, TypeError, /tags is an option of ECSManager/],
  [
    "a raw member that is no data",
    { runTask: { at: [new Date()] } },
    TypeError,
    /runTask\.at\[0\] must be data/,
  ],
  ["a raw member that is not finite", { runTask: { a: { b: NaN } } }, TypeError, /runTask\.a\.b .* not NaN/],
  ["a raw member that is a function", { runTask: { a: () => 1 } }, TypeError, /runTask\.a .* not a function/],
  ["a raw member that is too large", { runTask: { a: 1n } }, TypeError, /runTask\.a .* not 1n/],
  [
    "a raw member that contains itself",
    { runTask: circular() },
    TypeError,
    /runTask\.a\.self contains itself/,
  ],
  ["raw members that are none", { runTask: "all" }, TypeError, /runTask must be an object, not "all"/],
  ["two volumes", { volumeConfigurations: [{}, {}] }, RangeError, /volumeConfigurations/],
  ["an override that cannot be", { overrides: { image: "x" } }, TypeError, /no option "image"/],
  ["a command that is a string", { command: "node x.js" }, TypeError, /array of strings/],
  ["an empty command", { command: [] }, RangeError, /command must not be empty/],
  ["a port out of range", { rendezvous: { port: 70_000 } }, RangeError, /from 0 to 65535, not 70000/],
  [
    "a range of ports that ends before it begins",
    { network: { ports: { from: 7099, to: 7000 } } },
    RangeError,
    /network\.ports\.from is 7099 and network\.ports\.to is 7000; swap them/,
  ],
  [
    "half a range of ports",
    { rendezvous: { port: { from: 7000 } } },
    TypeError,
    /rendezvous\.port\.to must be a number, not undefined/,
  ],
  [
    "a range of ports as text",
    { network: { ports: "7000-7099" } },
    TypeError,
    /network\.ports must be an object, not "7000-7099"/,
  ],
  [
    "an unknown network mode",
    { network: { mode: "nat" } },
    TypeError,
    /one of host, bridge, awsvpc, reverse/,
  ],
  [
    "ports for workers that open none",
    { network: { mode: "reverse", ports: { from: 7000, to: 7099 } } },
    TypeError,
    /network\.ports has no meaning with network\.mode "reverse"/,
  ],
  ["a time that is not finite", { timeouts: { launchMs: Infinity } }, RangeError, /launchMs .* not Infinity/],
  ["an unknown time", { timeouts: { lauchMs: 1 } }, TypeError, /no option "lauchMs"/],
  [
    "subnets that are missing",
    { networkConfiguration: { awsvpcConfiguration: {} } },
    RangeError,
    /one subnet/,
  ],
  [
    "an override beyond 8,192 characters",
    {
      command: ["node", "x".repeat(8000)],
      overrides: { container: { environment: { BIG: "y".repeat(600) } } },
    },
    RangeError,
    /come to 9\d{3} characters and ECS takes 8192; the largest are command with 80\d\d, environment BIG with 6\d\d/,
  ],
];

for (const [title, options, type, message] of wrong) {
  void test(`${title}: the constructor says so`, () => {
    assert.throws(
      () => make(options),
      (error: unknown) => error instanceof type && message.test(error.message),
    );
  });
}

void test("long values do not flood a message", () => {
  assert.throws(
    () => make({ region: 5, startedBy: "z".repeat(10_000) }),
    (error: unknown) => error instanceof Error && error.message.length < 300,
  );
});
