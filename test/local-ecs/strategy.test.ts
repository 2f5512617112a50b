/** RunTask with capacity providers, and the clusters that have them. */
import assert from "node:assert/strict";
import test from "node:test";
import { PureEndpoint } from "./pure-endpoint.js";

const SPOT = { capacityProvider: "spot", weight: 1 };
const BOTH = [
  { cpu: 512, capacityProvider: "spot" },
  { cpu: 512, capacityProvider: "steady" },
];
const NOT_ASSOCIATED =
  "InvalidParameterException: The specified capacity provider strategy cannot contain a capacity provider that is not " +
  "associated with the cluster. Associate the capacity provider with the cluster and try again.";
const NOT_FOUND =
  "InvalidParameterException: The specified capacity provider was not found. Specify a valid name or ARN and try again.";

function endpointWith(instances: ConstructorParameters<typeof PureEndpoint>[0]): PureEndpoint {
  const endpoint = new PureEndpoint(instances);
  endpoint.register({ memory: 64 });
  return endpoint;
}

function providersOf(run: ReturnType<PureEndpoint["run"]>): readonly (string | undefined)[] {
  return run.tasks.map(({ capacityProviderName }) => capacityProviderName);
}

void test("strategies that ECS refuses are refused with its words", () => {
  const endpoint = endpointWith(BOTH);
  endpoint.ok("PutClusterCapacityProviders", {
    cluster: "default",
    capacityProviders: ["spot", "FARGATE"],
    defaultCapacityProviderStrategy: [],
  });
  const run = (...capacityProviderStrategy: object[]): string =>
    endpoint.refused("RunTask", { taskDefinition: "work", capacityProviderStrategy });
  const cases: readonly (readonly [string, string])[] = [
    [run({ capacityProvider: "none", weight: 1 }), NOT_ASSOCIATED],
    [run({ capacityProvider: "steady", weight: 1 }), NOT_ASSOCIATED],
    [run({ capacityProvider: "FARGATE_SPOT", weight: 1 }), NOT_ASSOCIATED],
    [
      run(SPOT, { capacityProvider: "FARGATE", weight: 1 }),
      "InvalidParameterException: A capacity provider strategy cannot contain a mix of capacity providers using Auto " +
        "Scaling groups and Fargate providers. Specify one or the other and try again.",
    ],
    [
      run({ capacityProvider: "spot" }),
      "InvalidParameterException: A capacity provider strategy must contain a capacity provider with a weight greater than 0.",
    ],
    [
      run(SPOT, SPOT),
      "InvalidParameterException: A capacity provider strategy cannot contain a capacity provider more than once.",
    ],
    [
      run({ ...SPOT, weight: 1001 }),
      "InvalidParameterException: capacityProviderStrategy[0].weight must be between 0 and 1000; it is 1001.",
    ],
    [
      run({ capacityProvider: "FARGATE", weight: 1 }),
      "InvalidParameterException: Task definition does not support launch_type FARGATE.",
    ],
  ];
  for (const [actual, expected] of cases) assert.equal(actual, expected);
});

void test("only one item of a strategy may have a base", () => {
  const endpoint = endpointWith(BOTH);
  const capacityProviderStrategy = ["spot", "steady"].map((capacityProvider) => ({
    capacityProvider,
    weight: 1,
    base: 1,
  }));
  assert.equal(
    endpoint.refused("RunTask", { taskDefinition: "work", capacityProviderStrategy }),
    "InvalidParameterException: Only one capacity provider in a capacity provider strategy can have a base defined.",
  );
});

void test("tasks go to the instances of their providers, which may be named by ARN", () => {
  const endpoint = endpointWith(BOTH);
  const run = endpoint.run({
    count: 3,
    capacityProviderStrategy: [
      SPOT,
      {
        capacityProvider: "arn:aws:ecs:eu-west-1:123456789012:capacity-provider/steady",
        weight: 1,
        base: 1,
      },
    ],
  });
  assert.deepEqual(providersOf(run), ["steady", "spot", "steady"]);
  for (const { taskArn, capacityProviderName } of run.tasks)
    assert.equal(endpoint.task(taskArn).instance?.capacityProvider, capacityProviderName);
});

void test("the default strategy of the cluster is for requests with neither strategy nor launch type", () => {
  const endpoint = endpointWith(BOTH);
  endpoint.ok("PutClusterCapacityProviders", {
    cluster: "default",
    capacityProviders: ["spot", "steady"],
    defaultCapacityProviderStrategy: [{ capacityProvider: "steady", weight: 1 }],
  });
  assert.deepEqual(providersOf(endpoint.run()), ["steady"]);
  assert.deepEqual(providersOf(endpoint.run({ capacityProviderStrategy: [SPOT] })), ["spot"]);
  assert.deepEqual(providersOf(endpoint.run({ launchType: "EC2" })), [undefined]);
});

void test("a task for which its provider has no room is accepted, and waits until it is stopped", () => {
  const endpoint = endpointWith(BOTH);
  const { tasks, failures } = endpoint.run({ count: 3, capacityProviderStrategy: [SPOT] });
  assert.deepEqual([tasks.length, failures], [3, []]);
  const task = endpoint.task(tasks[2]?.taskArn ?? "");
  assert.deepEqual(endpoint.settle(), ["start", "start"]);
  assert.deepEqual([task.lastStatus, task.instance], ["PROVISIONING", undefined]);
  assert.deepEqual([...task.cluster.waiting], [task]);
  endpoint.ok("StopTask", { task: task.arn });
  endpoint.settle();
  assert.deepEqual([task.lastStatus, task.stopCode], ["STOPPED", "UserInitiated"]);
  assert.equal(task.cluster.waiting.size, 0);
});

void test("a scripted lack of capacity ends the task of a provider with instances at once", () => {
  const endpoint = endpointWith(BOTH);
  endpoint.faults.add({ kind: "no-capacity", reason: "RESOURCE:ENI" });
  const { tasks } = endpoint.run({ count: 2, capacityProviderStrategy: [SPOT] });
  assert.deepEqual(endpoint.settle(), ["start"]);
  const { lastStatus, stopCode, stoppedReason } = endpoint.task(tasks[0]?.taskArn ?? "");
  assert.deepEqual(
    [lastStatus, stopCode, stoppedReason],
    ["STOPPED", "TaskFailedToStart", "TaskFailedToStart: RESOURCE:ENI"],
  );
});

void test("a cluster shows what it was given, when it is made and later", () => {
  const endpoint = endpointWith(BOTH);
  const strategy = [{ capacityProvider: "FARGATE", weight: 1, base: 2 }];
  const shown = ({ cluster }: Record<string, unknown>): unknown[] => {
    const { capacityProviders, defaultCapacityProviderStrategy } = cluster as Record<string, unknown>;
    return [capacityProviders, defaultCapacityProviderStrategy];
  };
  const made = endpoint.ok("CreateCluster", {
    clusterName: "other",
    capacityProviders: ["FARGATE", "spot"],
    defaultCapacityProviderStrategy: strategy,
  });
  assert.deepEqual(shown(made), [["FARGATE", "spot"], strategy]);
  const changed = endpoint.ok("PutClusterCapacityProviders", {
    cluster: "other",
    capacityProviders: ["FARGATE_SPOT"],
    defaultCapacityProviderStrategy: [],
  });
  assert.deepEqual(shown(changed), [["FARGATE_SPOT"], []]);
});

void test("a cluster is not given what there is not, nor relieved of what its tasks use", () => {
  const endpoint = endpointWith(BOTH);
  const put = (capacityProviders: string[], more: object = {}): string =>
    endpoint.refused("PutClusterCapacityProviders", {
      cluster: "default",
      capacityProviders,
      defaultCapacityProviderStrategy: [],
      ...more,
    });
  assert.equal(put(["none"]), NOT_FOUND);
  assert.equal(
    put(["spot"], { defaultCapacityProviderStrategy: [{ capacityProvider: "FARGATE" }] }),
    NOT_ASSOCIATED,
  );
  assert.match(put(["spot"], { defaultCapacityProviderStrategy: undefined }), /can not be null/);
  const [task] = endpoint.run({ capacityProviderStrategy: [SPOT] }).tasks;
  assert.match(put(["steady"]), /^ResourceInUseException: .* in use and cannot be removed\.$/);
  endpoint.start(endpoint.task(task?.taskArn ?? ""));
  endpoint.end(endpoint.task(task?.taskArn ?? ""));
  endpoint.ok("PutClusterCapacityProviders", {
    cluster: "default",
    capacityProviders: ["steady"],
    defaultCapacityProviderStrategy: [],
  });
});

void test("the providers of the account can be described, and unknown ones are MISSING", () => {
  const endpoint = endpointWith(BOTH);
  const { capacityProviders } = endpoint.ok("DescribeCapacityProviders") as {
    capacityProviders: { name: string; status: string; autoScalingGroupProvider?: object }[];
  };
  assert.deepEqual(
    capacityProviders.map(({ name, status, autoScalingGroupProvider }) => [
      name,
      status,
      autoScalingGroupProvider !== undefined,
    ]),
    [
      ["FARGATE", "ACTIVE", false],
      ["FARGATE_SPOT", "ACTIVE", false],
      ["spot", "ACTIVE", true],
      ["steady", "ACTIVE", true],
    ],
  );
  const { failures } = endpoint.ok("DescribeCapacityProviders", { capacityProviders: ["spot", "x"] });
  const arn = "arn:aws:ecs:eu-west-1:123456789012:capacity-provider/x";
  assert.deepEqual(failures, [{ arn, reason: "MISSING" }]);
});

void test("a cluster with tasks on Fargate cannot be deleted", () => {
  const endpoint = endpointWith([]);
  endpoint.register({}, { family: "fargate", networkMode: "awsvpc", cpu: "256", memory: "512" });
  endpoint.run({
    taskDefinition: "fargate",
    launchType: "FARGATE",
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } },
  });
  assert.match(endpoint.refused("DeleteCluster", { cluster: "default" }), /^ClusterContainsTasksException/);
});
