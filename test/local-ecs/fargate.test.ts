import assert from "node:assert/strict";
import test from "node:test";
import { whyNoFargateSize } from "#dist/local-ecs/fargate.js";
import { PureEndpoint } from "./pure-endpoint.js";

const ON_FARGATE = {
  launchType: "FARGATE",
  networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"], assignPublicIp: "ENABLED" } },
};
const DEFINITION = {
  networkMode: "awsvpc",
  requiresCompatibilities: ["FARGATE"],
  cpu: "256",
  memory: "512",
};

function fargateEndpoint(instances: ConstructorParameters<typeof PureEndpoint>[0] = []): PureEndpoint {
  const endpoint = new PureEndpoint(instances);
  endpoint.register({}, DEFINITION);
  return endpoint;
}

for (const [cpu, memory, exists] of [
  [256, 512, true],
  [256, 1536, false],
  [256, 2048, true],
  [512, 512, false],
  [512, 4096, true],
  [1024, 9216, false],
  [2048, 4096, true],
  [4096, 30_720, true],
  [8192, 18_432, false],
  [8192, 20_480, true],
  [16_384, 122_880, true],
  [300, 512, false],
] as const) {
  void test(`Fargate ${exists ? "has" : "does not have"} ${memory} MiB with ${cpu} CPU units`, () => {
    const why = `No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory.`;
    assert.equal(whyNoFargateSize(cpu, memory), exists ? undefined : why);
  });
}

void test("a definition for Fargate that Fargate does not take is refused with the reason", () => {
  const endpoint = new PureEndpoint();
  const register = (container: object, definition: object): string =>
    endpoint.refused("RegisterTaskDefinition", {
      family: "work",
      ...DEFINITION,
      containerDefinitions: [{ name: "main", image: "none", ...container }],
      ...definition,
    });
  const awslogs = { logConfiguration: { logDriver: "awslogs", options: { "awslogs-group": "/work" } } };
  const constraints = [{ type: "memberOf", expression: "attribute:x == y" }];
  const cases: readonly (readonly [string, string])[] = [
    [register({}, { networkMode: "host" }), "Fargate only supports network mode 'awsvpc'."],
    [register({}, { cpu: undefined }), "Fargate requires that 'cpu' be defined at the task level."],
    [
      register({ memory: 128 }, { memory: undefined }),
      "Fargate requires that 'memory' be defined at the task level.",
    ],
    [
      register({}, { memory: "4 GB" }),
      "No Fargate configuration exists for given values: 256 CPU, 4096 memory.",
    ],
    [
      register(awslogs, {}),
      "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
    ],
    [
      register({ stopTimeout: 121 }, {}),
      "Invalid setting for container 'main'. On Fargate 'stopTimeout' is 2 to 120 seconds; it is 121.",
    ],
    [register({}, { placementConstraints: constraints }), "Fargate does not support placement constraints."],
  ];
  for (const [actual, expected] of cases) assert.equal(actual, `ClientException: ${expected}`);
});

void test("a definition says where it can run, whether it asks for Fargate or not", () => {
  const endpoint = new PureEndpoint();
  const compatibilities = (definition: object): unknown => {
    const { taskDefinition } = endpoint.ok("RegisterTaskDefinition", {
      family: "work",
      containerDefinitions: [{ name: "main", image: "none", memory: 64 }],
      ...definition,
    }) as { taskDefinition: { compatibilities: unknown } };
    return taskDefinition.compatibilities;
  };
  assert.deepEqual(compatibilities({}), ["EXTERNAL", "EC2"]);
  assert.deepEqual(compatibilities({ networkMode: "awsvpc" }), ["EC2"]);
  assert.deepEqual(compatibilities(DEFINITION), ["EC2", "FARGATE"]);
});

void test("requests that Fargate does not take are refused with ECS's words", () => {
  const endpoint = fargateEndpoint([{}]);
  endpoint.register({}, { family: "small", networkMode: "awsvpc" });
  const run = (body: object): string =>
    endpoint.refused("RunTask", { taskDefinition: "work", ...ON_FARGATE, ...body });
  const cases: readonly (readonly [string, string])[] = [
    [
      run({ taskDefinition: "small" }),
      "InvalidParameterException: Task definition does not support launch_type FARGATE.",
    ],
    [
      run({ networkConfiguration: undefined }),
      "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ],
    [
      run({ placementConstraints: [{ type: "distinctInstance" }] }),
      "InvalidParameterException: Placement constraints are not supported with FARGATE launch type.",
    ],
    [
      run({ placementStrategy: [{ type: "random" }] }),
      "InvalidParameterException: Placement strategies are not supported with FARGATE launch type.",
    ],
    [
      run({ platformVersion: "9.9.9" }),
      "PlatformUnknownException: The specified platform version does not exist.",
    ],
    [
      run({ overrides: { cpu: "300" } }),
      "InvalidParameterException: No Fargate configuration exists for given values: 300 CPU, 512 memory.",
    ],
    [
      run({ overrides: { ephemeralStorage: { sizeInGiB: 20 } } }),
      "InvalidParameterException: overrides.ephemeralStorage.sizeInGiB must be between 21 and 200; it is 20.",
    ],
    [
      run({
        launchType: "EC2",
        platformVersion: "1.4.0",
        networkConfiguration: { awsvpcConfiguration: { subnets: ["a"] } },
      }),
      "InvalidParameterException: The platform version must be null when specifying an EC2 launch type.",
    ],
    [
      run({ launchType: "EC2" }),
      "InvalidParameterException: Assign public IP is not supported for this launch type.",
    ],
    [
      run({ launchType: "EXTERNAL" }),
      "UnsupportedFeatureException: This local endpoint has no instances of the launch type EXTERNAL: use EC2 or FARGATE.",
    ],
  ];
  for (const [actual, expected] of cases) assert.equal(actual, expected);
});

void test("a task on Fargate has no instance, takes nothing of one, and is shown as ECS shows it", () => {
  const endpoint = fargateEndpoint([{ cpu: 128, memory: 128 }]);
  const { tasks, failures } = endpoint.run({
    ...ON_FARGATE,
    count: 2,
    overrides: { cpu: "512", memory: "1024", ephemeralStorage: { sizeInGiB: 50 } },
  });
  assert.deepEqual(failures, []);
  const [task] = tasks as unknown as Record<string, unknown>[];
  assert.deepEqual(
    ["launchType", "platformVersion", "platformFamily", "cpu", "memory", "availabilityZone"].map(
      (name) => task?.[name],
    ),
    ["FARGATE", "1.4.0", "Linux", "512", "1024", "eu-west-1a"],
  );
  assert.deepEqual(task?.["ephemeralStorage"], { sizeInGiB: 50 });
  assert.ok(!("containerInstanceArn" in task) && !("capacityProviderName" in task));
  const [instance] = [...(endpoint.state.clusters.get("default")?.instances.values() ?? [])];
  assert.equal(instance?.used.cpu, 0);
  const { clusters } = endpoint.ok("DescribeClusters") as { clusters: { pendingTasksCount: number }[] };
  assert.equal(clusters[0]?.pendingTasksCount, 2);
});

void test("where Fargate has no capacity the failure says so and names no instance", () => {
  const endpoint = fargateEndpoint();
  endpoint.faults.add({ kind: "no-capacity" });
  const { tasks, failures } = endpoint.run({ ...ON_FARGATE, count: 2 });
  assert.equal(tasks.length, 1);
  const reason =
    "Capacity is unavailable at this time. Please try again later or in a different availability zone";
  assert.deepEqual(failures, [{ reason }]);
});

void test("a scripted lack of capacity can be that of one capacity provider", () => {
  const endpoint = fargateEndpoint();
  const capacityProviderStrategy = [
    { capacityProvider: "FARGATE", weight: 1 },
    { capacityProvider: "FARGATE_SPOT", weight: 1 },
  ];
  endpoint.ok("PutClusterCapacityProviders", {
    cluster: "default",
    capacityProviders: ["FARGATE", "FARGATE_SPOT"],
    defaultCapacityProviderStrategy: [],
  });
  endpoint.faults.add({ kind: "no-capacity", capacityProvider: "FARGATE_SPOT", times: Infinity });
  const { tasks, failures } = endpoint.run({
    ...ON_FARGATE,
    launchType: undefined,
    capacityProviderStrategy,
    count: 4,
  });
  assert.deepEqual(
    tasks.map(({ capacityProviderName }) => capacityProviderName),
    ["FARGATE", "FARGATE"],
  );
  assert.equal(failures.length, 2);
});
