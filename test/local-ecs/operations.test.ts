import assert from "node:assert/strict";
import test from "node:test";
import { PureEndpoint } from "./pure-endpoint.js";

const ID = "f".repeat(32);

void test("requests that ECS refuses are refused with its error and its words", () => {
  const endpoint = new PureEndpoint();
  endpoint.register();
  const bridge = { family: "bridge", networkMode: "awsvpc" };
  endpoint.register({}, bridge);
  const run = (body: object): string => endpoint.refused("RunTask", { taskDefinition: "work", ...body });
  const cases: readonly (readonly [string, string])[] = [
    [run({ cluster: "none" }), "ClusterNotFoundException: Cluster not found."],
    [run({ taskDefinition: "none" }), "ClientException: TaskDefinition not found."],
    [run({ taskDefinition: "work:9" }), "ClientException: TaskDefinition not found."],
    [run({ taskDefinition: "" }), "InvalidParameterException: TaskDefinition can not be blank."],
    [run({ count: 0 }), "InvalidParameterException: count must be between 1 and 10; it is 0."],
    [run({ count: 11 }), "InvalidParameterException: count must be between 1 and 10; it is 11."],
    [run({ count: 1.5 }), "SerializationException: count must be an integer; it is 1.5."],
    [run({ count: "2" }), 'SerializationException: count must be an integer; it is "2".'],
    [
      run({ launchType: "EC2", capacityProviderStrategy: [{ capacityProvider: "x" }] }),
      "InvalidParameterException: Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
    ],
    [
      run({ overrides: { containerOverrides: [{ name: "side" }] } }),
      "InvalidParameterException: Override for container named side is not a container in the TaskDefinition.",
    ],
    [
      run({ overrides: { containerOverrides: [{ name: "main", command: ["x".repeat(8200)] }] } }),
      "InvalidParameterException: Container Overrides length must be at most 8192",
    ],
    [
      run({ networkConfiguration: { awsvpcConfiguration: { subnets: ["a"] } } }),
      "InvalidParameterException: Network Configuration is not valid for the given networkMode of this task definition.",
    ],
    [
      run({ taskDefinition: "bridge" }),
      "InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ],
    [endpoint.refused("DescribeTasks", { tasks: [] }), "InvalidParameterException: Tasks cannot be empty."],
    [
      endpoint.refused("DescribeTasks", { tasks: Array.from({ length: 101 }, () => ID) }),
      "InvalidParameterException: tasks must be at most 100; it is a list of 101.",
    ],
    [
      endpoint.refused("DescribeTasks", { tasks: [`arn:aws:ecs:eu-west-1:123456789012:task/other/${ID}`] }),
      "InvalidParameterException: Invalid identifier: Identifier is for other. Your cluster is default",
    ],
    [
      endpoint.refused("StopTask", { task: ID }),
      "InvalidParameterException: The referenced task was not found.",
    ],
    [endpoint.refused("ListTasks", { nextToken: "nonsense" }), "InvalidParameterException: Invalid token."],
    [endpoint.refused("ListTasks", { serviceName: "web" }), "ServiceNotFoundException: Service not found."],
    [
      endpoint.refused("DescribeTaskDefinition", { taskDefinition: "none" }),
      "ClientException: Unable to describe task definition.",
    ],
    [endpoint.refused("ListTasks", "{"), "SerializationException: The request body is not JSON."],
    [
      endpoint.refused("CreateService"),
      'UnknownOperationException: This local endpoint does not know the operation "AmazonEC2ContainerServiceV20141113.CreateService".',
    ],
  ];
  for (const [actual, expected] of cases) assert.equal(actual, expected);
});

void test("a refused request changes nothing", () => {
  const endpoint = new PureEndpoint();
  endpoint.register();
  endpoint.refused("RunTask", {
    taskDefinition: "work",
    placementStrategy: [{ type: "binpack", field: "x" }],
  });
  assert.equal(endpoint.state.tasks.size, 0);
});

void test("launch type EC2 in a cluster without instances is refused", () => {
  const endpoint = new PureEndpoint([]);
  endpoint.register();
  assert.equal(
    endpoint.refused("RunTask", { taskDefinition: "work", launchType: "EC2" }),
    "InvalidParameterException: No Container Instances were found in your cluster.",
  );
});

void test("what fits is placed and the rest is reported, with the instance and the resource", () => {
  const endpoint = new PureEndpoint([{ cpu: 512 }, { cpu: 300 }]);
  endpoint.register();
  const { tasks, failures } = endpoint.run({ count: 5 });
  assert.equal(tasks.length, 3);
  assert.deepEqual(
    failures.map(({ reason }) => reason),
    ["RESOURCE:CPU", "RESOURCE:CPU"],
  );
  assert.equal(new Set(failures.map(({ arn }) => arn)).size, 2);
});

void test("tasks are spread evenly, in the order of the instances, and come out the same each time", () => {
  const places = [1, 2].map(() => {
    const endpoint = new PureEndpoint([{}, {}]);
    endpoint.register();
    return endpoint.run({ count: 4 }).tasks.map((task) => task.containerInstanceArn);
  });
  assert.deepEqual(places[0], places[1]);
  assert.equal(places[0]?.[0], places[0]?.[2]);
  assert.notEqual(places[0]?.[0], places[0]?.[1]);
});

void test("memory and declared host ports are accounted for", () => {
  const endpoint = new PureEndpoint([{ memory: 600 }]);
  endpoint.register({ cpu: 1, memory: 250 });
  assert.deepEqual(
    endpoint.run({ count: 3 }).failures.map(({ reason }) => reason),
    ["RESOURCE:MEMORY"],
  );

  const withPorts = new PureEndpoint([{}, {}]);
  withPorts.register({ cpu: 1, memory: 4, portMappings: [{ containerPort: 8080 }] });
  const { tasks, failures } = withPorts.run({ count: 3 });
  assert.deepEqual([tasks.length, failures.map(({ reason }) => reason)], [2, ["RESOURCE:PORTS"]]);
});

void test("distinctInstance allows one task of the group on each instance", () => {
  const endpoint = new PureEndpoint([{}, {}]);
  endpoint.register({ cpu: 1, memory: 4 });
  const { tasks, failures } = endpoint.run({
    count: 3,
    placementConstraints: [{ type: "distinctInstance" }],
  });
  assert.equal(new Set(tasks.map((task) => task.containerInstanceArn)).size, 2);
  assert.deepEqual(
    failures.map(({ reason }) => reason),
    ["DistinctInstance placement constraint unsatisfied."],
  );
});

void test("binpack fills one instance before it uses the next", () => {
  const endpoint = new PureEndpoint([{}, {}]);
  endpoint.register({ cpu: 512, memory: 4 });
  const { tasks } = endpoint.run({ count: 3, placementStrategy: [{ type: "binpack", field: "cpu" }] });
  const [a, b, c] = tasks.map((task) => task.containerInstanceArn);
  assert.equal(a, b);
  assert.notEqual(b, c);
});

void test("the same client token gives the same tasks, and other parameters with it a conflict that names them", () => {
  const endpoint = new PureEndpoint();
  endpoint.register();
  const request = { clientToken: "one", count: 2 };
  const first = endpoint.run(request);
  const second = endpoint.run({ count: 2, clientToken: "one" });
  const arns = first.tasks.map((task) => task.taskArn);
  assert.deepEqual(
    second.tasks.map((task) => task.taskArn),
    arns,
  );
  assert.equal(endpoint.state.tasks.size, 2);
  const { status, body } = endpoint.send("RunTask", { taskDefinition: "work", count: 3, clientToken: "one" });
  assert.deepEqual([status, body["__type"], body["resourceIds"]], [400, "ConflictException", arns]);
  assert.notDeepEqual(
    endpoint.run({ ...request, clientToken: "two" }).tasks.map((task) => task.taskArn),
    arns,
  );
});

void test("a client token is forgotten an hour after its last task has ended", () => {
  const endpoint = new PureEndpoint();
  endpoint.register();
  const [task] = endpoint.run({ clientToken: "one" }).tasks;
  const running = endpoint.task(task?.taskArn ?? "");
  endpoint.start(running);
  endpoint.now += 2 * 3_600_000;
  assert.equal(endpoint.run({ clientToken: "one" }).tasks[0]?.taskArn, task?.taskArn);
  endpoint.end(running);
  endpoint.now += 3_600_001;
  assert.notEqual(endpoint.run({ clientToken: "one" }).tasks[0]?.taskArn, task?.taskArn);
});

void test("a stopped task can be described for an hour and is MISSING then", () => {
  const endpoint = new PureEndpoint();
  endpoint.register();
  const arn = endpoint.run().tasks[0]?.taskArn ?? "";
  endpoint.start(endpoint.task(arn));
  endpoint.end(endpoint.task(arn), 7);
  endpoint.now += 3_600_000;
  const described = endpoint.ok("DescribeTasks", { tasks: [arn] });
  assert.equal((described["tasks"] as unknown[]).length, 1);
  endpoint.now += 1;
  assert.deepEqual(endpoint.ok("DescribeTasks", { tasks: [arn] }), {
    tasks: [],
    failures: [{ arn, reason: "MISSING" }],
  });
});

void test("ListTasks pages, filters, and shows tasks that shall run unless told otherwise", () => {
  const endpoint = new PureEndpoint([{ cpu: 9999, memory: 99_999 }]);
  endpoint.register({ cpu: 1, memory: 4 });
  const mine = endpoint.run({ count: 5, startedBy: "me" }).tasks.map((task) => task.taskArn);
  endpoint.run({ count: 2, startedBy: "you" });
  const seen: unknown[] = [];
  let nextToken: unknown;
  do {
    const page = endpoint.ok("ListTasks", { startedBy: "me", maxResults: 2, nextToken });
    seen.push(...(page["taskArns"] as unknown[]));
    nextToken = page["nextToken"];
  } while (nextToken !== undefined);
  assert.deepEqual(seen, mine);
  endpoint.ok("StopTask", { task: mine[0] });
  assert.deepEqual(endpoint.ok("ListTasks", { desiredStatus: "STOPPED" })["taskArns"], [mine[0]]);
  assert.deepEqual(endpoint.ok("ListTasks", { startedBy: "me" })["taskArns"], mine.slice(1));
  assert.deepEqual(endpoint.ok("ListTasks", { desiredStatus: "PENDING" })["taskArns"], []);
  assert.deepEqual(endpoint.ok("ListTasks", { family: "other" })["taskArns"], []);
});

void test("without a revision the newest ACTIVE task definition is meant; an INACTIVE one does not run", () => {
  const endpoint = new PureEndpoint();
  const first = endpoint.register();
  const second = endpoint.register();
  assert.ok(second.endsWith("task-definition/work:2"));
  endpoint.ok("DeregisterTaskDefinition", { taskDefinition: "work:2" });
  const { taskDefinition } = endpoint.ok("DescribeTaskDefinition", { taskDefinition: "work" }) as {
    taskDefinition: { taskDefinitionArn: string };
  };
  assert.equal(taskDefinition.taskDefinitionArn, first);
  assert.equal(
    endpoint.refused("RunTask", { taskDefinition: "work:2" }),
    "ClientException: TaskDefinition is inactive",
  );
  assert.deepEqual(endpoint.ok("ListTaskDefinitions")["taskDefinitionArns"], [first]);
  assert.deepEqual(endpoint.ok("ListTaskDefinitions", { status: "INACTIVE" })["taskDefinitionArns"], [
    second,
  ]);
  assert.deepEqual(endpoint.ok("ListTaskDefinitionFamilies", { familyPrefix: "wo" })["families"], ["work"]);
  assert.ok(endpoint.register().endsWith("work:3"), "a revision number is never used again");
});

void test("a task definition that could not run is refused at registration", () => {
  const endpoint = new PureEndpoint();
  const refused = (containers: unknown, definition = {}): string =>
    endpoint.refused("RegisterTaskDefinition", {
      family: "work",
      containerDefinitions: containers,
      ...definition,
    });
  const good = { name: "main", image: "none", memory: 64 };
  assert.match(refused([]), /^ClientException: Container list cannot be empty/);
  assert.match(refused([{ ...good, image: "" }]), /Container.image should not be null or empty/);
  assert.match(refused([{ name: "main", image: "none" }]), /At least one of 'memory' or 'memoryReservation'/);
  assert.match(refused([good, good]), /"main" is there more than once/);
  assert.match(refused([{ ...good, essential: false }]), /at least one container must be essential/);
  assert.match(refused([{ ...good, logConfiguration: { logDriver: "awslogs" } }]), /awslogs-group/);
  assert.match(refused([good], { family: "no spaces" }), /Invalid family name: "no spaces"/);
  assert.match(refused([good], { memory: "lots" }), /"lots" is not a size/);
  assert.match(refused([{ ...good, secrets: [{ name: "A", valueFrom: "b" }] }]), /secrets is not supported/);
  assert.match(
    refused([{ ...good, portMappings: [{ containerPort: 80, hostPort: 81 }] }], { networkMode: "host" }),
    /the host ports and container ports in port mappings must match/,
  );
  assert.equal(endpoint.state.families.size, 0);
});

void test("task-level sizes may be given in vCPU and GB, and count instead of the containers' sum", () => {
  const endpoint = new PureEndpoint();
  endpoint.register({ memory: undefined }, { cpu: ".5 vCPU", memory: "1GB" });
  const { taskArn = "" } = endpoint.run().tasks[0] ?? {};
  assert.deepEqual(endpoint.task(taskArn).reservation, { cpu: 512, memory: 1024, ports: [] });
  const small = endpoint.run({ overrides: { cpu: "128", memory: "64" } }).tasks[0]?.taskArn ?? "";
  assert.deepEqual(endpoint.task(small).reservation, { cpu: 128, memory: 64, ports: [] });
});

void test("an override replaces the command and adds to the environment", () => {
  const endpoint = new PureEndpoint();
  endpoint.register({
    command: ["a"],
    environment: [
      { name: "X", value: "1" },
      { name: "Y", value: "2" },
    ],
  });
  const containerOverrides = [
    { name: "main", command: ["b", "c"], environment: [{ name: "Y", value: "3" }] },
  ];
  const { taskArn = "" } = endpoint.run({ overrides: { containerOverrides } }).tasks[0] ?? {};
  const [main] = endpoint.task(taskArn).containers;
  assert.deepEqual([main?.command, main?.environment], [["b", "c"], { X: "1", Y: "3" }]);
});

void test("tags can be given, added, read and taken away, and a stopped task has lost them", () => {
  const endpoint = new PureEndpoint();
  endpoint.register();
  const { taskArn = "" } = endpoint.run({ tags: [{ key: "a", value: "1" }] }).tasks[0] ?? {};
  endpoint.ok("TagResource", { resourceArn: taskArn, tags: [{ key: "b", value: "2" }] });
  endpoint.ok("UntagResource", { resourceArn: taskArn, tagKeys: ["a"] });
  assert.deepEqual(endpoint.ok("ListTagsForResource", { resourceArn: taskArn })["tags"], [
    { key: "b", value: "2" },
  ]);
  endpoint.ok("StopTask", { task: taskArn });
  assert.deepEqual(endpoint.ok("ListTagsForResource", { resourceArn: taskArn })["tags"], []);
  assert.match(
    endpoint.refused("RunTask", { taskDefinition: "work", tags: [{ key: "aws:x", value: "" }] }),
    /a tag key .* does not begin with "aws:"/,
  );
});

void test("clusters are created once, described by name or ARN, and INACTIVE after their deletion", () => {
  const endpoint = new PureEndpoint();
  const { cluster } = endpoint.ok("CreateCluster", { clusterName: "extra" }) as {
    cluster: { clusterArn: string };
  };
  endpoint.ok("CreateCluster", { clusterName: "extra" });
  assert.equal((endpoint.ok("ListClusters")["clusterArns"] as unknown[]).length, 2);
  assert.equal(
    endpoint.refused("DeleteCluster", { cluster: "default" }).split(":")[0],
    "ClusterContainsContainerInstancesException",
  );
  endpoint.ok("DeleteCluster", { cluster: cluster.clusterArn });
  assert.match(endpoint.refused("ListTasks", { cluster: "extra" }), /The referenced cluster was inactive/);
  const { clusters, failures } = endpoint.ok("DescribeClusters", { clusters: ["extra", "never"] }) as {
    clusters: { status: string }[];
    failures: { reason: string }[];
  };
  assert.deepEqual([clusters[0]?.status, failures[0]?.reason], ["INACTIVE", "MISSING"]);
});

void test("a container instance shows what is left of it", () => {
  const endpoint = new PureEndpoint([{}]);
  endpoint.register({ portMappings: [{ containerPort: 9000, protocol: "udp" }] });
  endpoint.run();
  const { containerInstanceArns } = endpoint.ok("ListContainerInstances") as {
    containerInstanceArns: string[];
  };
  const { containerInstances } = endpoint.ok("DescribeContainerInstances", {
    containerInstances: containerInstanceArns,
  }) as {
    containerInstances: { remainingResources: Record<string, unknown>[]; pendingTasksCount: number }[];
  };
  const [instance] = containerInstances;
  const left = Object.fromEntries((instance?.remainingResources ?? []).map((one) => [one["name"], one]));
  assert.equal(left["CPU"]?.["integerValue"], 768);
  assert.equal(left["MEMORY"]?.["integerValue"], 768);
  assert.deepEqual(left["PORTS_UDP"]?.["stringSetValue"], ["9000"]);
  assert.equal(instance?.pendingTasksCount, 1);
});

void test("a request without a signature is refused", async () => {
  const { answer } = await import("#dist/local-ecs/api.js");
  const endpoint = new PureEndpoint();
  const context = {
    state: endpoint.state,
    logs: endpoint.logs,
    faults: endpoint.faults,
    now: 0,
    newId: () => "",
    random: () => 0,
    whyUnsupported: () => undefined,
  };
  const target = "AmazonEC2ContainerServiceV20141113.ListTasks";
  const { status, body } = answer(context, { target, authorization: undefined, body: "{}" });
  assert.deepEqual([status, body["__type"]], [400, "MissingAuthenticationTokenException"]);
});
