import { GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  DescribeTasksCommand,
  ECSServiceException,
  RunTaskCommand,
  StopTaskCommand,
  waitUntilTasksStopped,
} from "@aws-sdk/client-ecs";
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { AWSLOGS, IDLE, isRunning, isStopped, nextLine, script, startEndpoint } from "./harness.js";

void test("a task runs as a process, and the SDK sees it run, end and why", async (t) => {
  const { ecs, client, register, runOne } = await startEndpoint(t);
  const definition = await register(script("process.exitCode = 7"));
  const seen: string[] = [];
  ecs.onTaskChange(({ lastStatus }) => {
    if (seen.at(-1) !== lastStatus) seen.push(lastStatus);
  });
  const { taskArn, lastStatus } = await runOne(definition);
  assert.equal(lastStatus, "PROVISIONING");
  await ecs.waitForTask(taskArn, isStopped);
  assert.deepEqual(seen, [
    "PROVISIONING",
    "PENDING",
    "ACTIVATING",
    "RUNNING",
    "DEACTIVATING",
    "STOPPING",
    "DEPROVISIONING",
    "STOPPED",
  ]);
  const { tasks } = await client.send(new DescribeTasksCommand({ tasks: [taskArn] }));
  const task = tasks?.[0];
  assert.equal(task?.stopCode, "EssentialContainerExited");
  assert.equal(task.stoppedReason, "Essential container in task exited");
  assert.equal(task.containers?.[0]?.exitCode, 7);
  const times = [task.createdAt, task.pullStartedAt, task.startedAt, task.stoppingAt, task.stoppedAt];
  assert.deepEqual(
    times.map((time) => time?.getTime()),
    times.map((time) => time?.getTime()).toSorted((a, b) => Number(a) - Number(b)),
  );
});

void test("tasks are placed on all instances until nothing fits", async (t) => {
  const { ecs, client, register } = await startEndpoint(t, {
    instances: [
      { cpu: 1024, memory: 512 },
      { cpu: 1024, memory: 512 },
    ],
  });
  const taskDefinition = await register({ ...IDLE, cpu: 512 });
  const { tasks = [], failures = [] } = await client.send(new RunTaskCommand({ taskDefinition, count: 5 }));
  assert.equal(tasks.length, 4);
  assert.deepEqual(
    failures.map(({ reason }) => reason),
    ["RESOURCE:CPU"],
  );
  for (const { arn } of ecs.instances)
    assert.equal(tasks.filter(({ containerInstanceArn }) => containerInstanceArn === arn).length, 2);

  const [first] = tasks;
  await client.send(new StopTaskCommand({ task: first?.taskArn }));
  await ecs.waitForTask(first?.taskArn ?? "", isStopped);
  const again = await client.send(new RunTaskCommand({ taskDefinition }));
  assert.equal(again.tasks?.[0]?.containerInstanceArn, first?.containerInstanceArn);
});

void test("an instance that lost its agent takes no tasks", async (t) => {
  const { ecs, client, register } = await startEndpoint(t, { instances: 1 });
  ecs.instances[0]?.setAgentConnected(false);
  const taskDefinition = await register(IDLE);
  const { tasks, failures } = await client.send(new RunTaskCommand({ taskDefinition }));
  assert.deepEqual([tasks, failures?.[0]?.reason, failures?.[0]?.arn], [[], "AGENT", ecs.instances[0]?.arn]);
});

void test("a stop sends SIGTERM, and the reason of the caller is the task's", async (t) => {
  const { ecs, client, register, runOne } = await startEndpoint(t);
  const definition = await register(
    script(`
      process.on("SIGTERM", () => { console.log("leaving"); process.exit(0); });
      console.log("ready");
      setInterval(() => {}, 1000);`),
  );
  const ready = nextLine(ecs, (line) => line === "ready");
  const { taskArn } = await runOne(definition);
  await ready;
  const leaving = nextLine(ecs, (line) => line === "leaving");
  await client.send(new StopTaskCommand({ task: taskArn, reason: "no longer needed" }));
  await leaving;
  await waitUntilTasksStopped({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { tasks: [taskArn] });
  const { stopCode, stoppedReason, containers } = await ecs.waitForTask(taskArn, isStopped);
  assert.deepEqual([stopCode, stoppedReason], ["UserInitiated", "no longer needed"]);
  assert.equal(containers[0]?.exitCode, 0);
});

void test("a container that ignores SIGTERM is killed after its stopTimeout", async (t) => {
  const { ecs, client, register, runOne } = await startEndpoint(t);
  const definition = await register({
    ...script(`process.on("SIGTERM", () => {}); console.log("ready"); setInterval(() => {}, 1000);`),
    stopTimeout: 0,
  });
  const ready = nextLine(ecs, (line) => line === "ready");
  const { taskArn } = await runOne(definition);
  await ready;
  await client.send(new StopTaskCommand({ task: taskArn }));
  const { containers } = await ecs.waitForTask(taskArn, isStopped);
  assert.equal(containers[0]?.exitCode, 137);
});

void test("the end of the essential container takes the others with it", async (t) => {
  const { ecs, client, runOne } = await startEndpoint(t);
  const { RegisterTaskDefinitionCommand } = await import("@aws-sdk/client-ecs");
  await client.send(
    new RegisterTaskDefinitionCommand({
      family: "pair",
      networkMode: "host",
      containerDefinitions: [
        { name: "side", image: "none", memory: 64, essential: false, ...IDLE },
        { name: "main", image: "none", memory: 64, ...script("process.exitCode = 2") },
      ],
    }),
  );
  const { taskArn } = await runOne("pair");
  const { containers } = await ecs.waitForTask(taskArn, isStopped);
  assert.deepEqual(
    containers.map(({ name, exitCode }) => [name, exitCode]),
    [
      ["side", 143],
      ["main", 2],
    ],
  );
});

/** Runs one task that must fail to start. */
async function failedStart(
  t: TestContext,
  container: object,
  options = {},
): Promise<{
  stopCode: string | undefined;
  stoppedReason: string | undefined;
  reason: string;
  exitCode: unknown;
}> {
  const { ecs, register, runOne } = await startEndpoint(t, options);
  const { taskArn } = await runOne(await register(container));
  const { stopCode, stoppedReason, containers } = await ecs.waitForTask(taskArn, isStopped);
  return { stopCode, stoppedReason, reason: containers[0]?.reason ?? "", exitCode: containers[0]?.exitCode };
}

void test("an image that is not there fails the start with CannotPullContainerError", async (t) => {
  const failed = await failedStart(t, { image: "gone:1", ...IDLE }, { missingImages: ["gone:1"] });
  assert.equal(failed.stopCode, "TaskFailedToStart");
  assert.match(failed.reason, /^CannotPullContainerError: .*gone:1: not found/);
  assert.equal(failed.stoppedReason, failed.reason);
  assert.equal(failed.exitCode, undefined);
});

void test("a command that is not there fails the start with CannotStartContainerError", async (t) => {
  const failed = await failedStart(t, { command: ["no-such-program"] });
  assert.deepEqual([failed.stopCode, failed.stoppedReason], ["TaskFailedToStart", "Task failed to start"]);
  assert.match(
    failed.reason,
    /^CannotStartContainerError: .* exec: "no-such-program": executable file not found in \$PATH/,
  );
  assert.equal(failed.exitCode, undefined);
});

for (const [container, expected] of [
  [{ command: ["/no/such/program"] }, /exec: "\/no\/such\/program": stat \/no\/such\/program: no such file/],
  [{ command: ["/etc/passwd"] }, /exec: "\/etc\/passwd": permission denied/],
  [{ command: ["true"], workingDirectory: "/no/such/place" }, /chdir to cwd \("\/no\/such\/place"\)/],
  [{ command: [] }, /no command specified/],
] as const) {
  void test(`a container ${JSON.stringify(container)} fails to start and says why`, async (t) => {
    assert.match((await failedStart(t, container)).reason, expected);
  });
}

void test("a process has the task's environment, what ECS adds, and little of ours", async (t) => {
  process.env["ROLLCALL_TEST_LEAK"] = "leaked";
  t.after(() => delete process.env["ROLLCALL_TEST_LEAK"]);
  const { ecs, register, runOne } = await startEndpoint(t, { region: "eu-west-1" });
  const definition = await register({
    ...script("console.log(JSON.stringify(process.env)); console.log(process.cwd())"),
    environment: [
      { name: "FROM", value: "definition" },
      { name: "BOTH", value: "definition" },
    ],
    workingDirectory: "/",
  });
  const line = nextLine(ecs, (text) => text.startsWith("{"));
  const directory = nextLine(ecs, (text) => text.startsWith("/"));
  await runOne(definition, {
    overrides: { containerOverrides: [{ name: "main", environment: [{ name: "BOTH", value: "override" }] }] },
  });
  const environment = JSON.parse(await line) as Record<string, string>;
  assert.equal(environment["FROM"], "definition");
  assert.equal(environment["BOTH"], "override");
  assert.equal(environment["AWS_EXECUTION_ENV"], "AWS_ECS_EC2");
  assert.equal(environment["AWS_REGION"], "eu-west-1");
  assert.equal(environment["AWS_DEFAULT_REGION"], "eu-west-1");
  assert.equal(environment["PATH"], process.env["PATH"]);
  assert.match(environment["ECS_CONTAINER_METADATA_URI_V4"] ?? "", new RegExp(`^${ecs.endpoint}/v4/`));
  assert.equal(environment["ROLLCALL_TEST_LEAK"], undefined);
  assert.equal(await directory, "/");
});

void test("no shell comes between: arguments arrive as they are", async (t) => {
  const { ecs, register, runOne } = await startEndpoint(t);
  const words = ["$HOME", "a b", "*", "'", '"', "", "ü"];
  const source = "console.log(JSON.stringify(process.argv.slice(1)))";
  const definition = await register({
    entryPoint: [process.execPath],
    command: ["-e", source, "--", ...words],
  });
  const line = nextLine(ecs, (text) => text.startsWith("["));
  await runOne(definition);
  assert.deepEqual(JSON.parse(await line), words);
});

void test("the last output of a failed task can be read from CloudWatch Logs at once", async (t) => {
  const { ecs, logs, register, runOne } = await startEndpoint(t);
  const definition = await register({
    ...script("console.log('so far'); throw new Error('no good')"),
    ...AWSLOGS,
  });
  const { taskArn } = await runOne(definition);
  await ecs.waitForTask(taskArn, isStopped);
  const { events = [] } = await logs.send(
    new GetLogEventsCommand({
      logGroupName: "/work",
      logStreamName: `run/main/${taskArn.slice(taskArn.lastIndexOf("/") + 1)}`,
    }),
  );
  const text = events.map(({ message }) => message).join("\n");
  assert.match(text, /^so far$/m);
  assert.match(text, /^Error: no good$/m);
});

void test("errors arrive as the SDK's own classes", async (t) => {
  const { client } = await startEndpoint(t);
  await assert.rejects(
    client.send(new RunTaskCommand({ taskDefinition: "none", cluster: "nowhere" })),
    (error: unknown) => {
      assert.ok(error instanceof ECSServiceException);
      assert.deepEqual([error.name, error.message], ["ClusterNotFoundException", "Cluster not found."]);
      return true;
    },
  );
});

void test("a definition that processes cannot serve is refused with the way out", async (t) => {
  const { client, register } = await startEndpoint(t);
  const taskDefinition = await register(
    { ...IDLE, portMappings: [{ containerPort: 80, hostPort: 0 }] },
    { networkMode: "bridge" },
  );
  await assert.rejects(client.send(new RunTaskCommand({ taskDefinition })), {
    name: "UnsupportedFeatureException",
    message: /cannot map container port 80: use networkMode host/,
  });
});

void test("a declared port of a host-mode task is its own host port, for one task at a time", async (t) => {
  const { ecs, client, register } = await startEndpoint(t, { instances: 1 });
  const taskDefinition = await register({ ...IDLE, portMappings: [{ containerPort: 18_080 }] });
  const { tasks = [], failures = [] } = await client.send(new RunTaskCommand({ taskDefinition, count: 2 }));
  assert.deepEqual(
    failures.map(({ reason }) => reason),
    ["RESOURCE:PORTS"],
  );
  const taskArn = tasks[0]?.taskArn ?? "";
  await ecs.waitForTask(taskArn, isRunning);
  const described = await client.send(new DescribeTasksCommand({ tasks: [taskArn] }));
  assert.deepEqual(described.tasks?.[0]?.containers?.[0]?.networkBindings, [
    { bindIP: "0.0.0.0", containerPort: 18_080, hostPort: 18_080, protocol: "tcp" },
  ]);
});

void test("a delayed start stays PENDING, and can be stopped there", async (t) => {
  const { ecs, client, register, runOne } = await startEndpoint(t);
  const definition = await register(IDLE);
  ecs.faults.add({ kind: "never-start" });
  const { taskArn } = await runOne(definition);
  await ecs.waitForTask(taskArn, ({ lastStatus }) => lastStatus === "PENDING");
  ecs.faults.add({ kind: "delay-start", delayMs: 1 });
  const late = await runOne(definition);
  await ecs.waitForTask(late.taskArn, isRunning);
  assert.equal(ecs.tasks().find((task) => task.taskArn === taskArn)?.lastStatus, "PENDING");
  await client.send(new StopTaskCommand({ task: taskArn, reason: "too late" }));
  const { stoppedReason, containers } = await ecs.waitForTask(taskArn, isStopped);
  assert.deepEqual([stoppedReason, containers[0]?.exitCode], ["too late", undefined]);
});

void test("a cut connection reaches the caller as one, after the work was done", async (t) => {
  const { ecs, client, register } = await startEndpoint(t);
  const taskDefinition = await register(IDLE);
  ecs.faults.add({ kind: "cut-connection", operation: "RunTask" });
  await assert.rejects(client.send(new RunTaskCommand({ taskDefinition })), /socket hang up|ECONNRESET/);
  assert.equal(ecs.tasks().length, 1);
});

void test("waiting for a status that cannot come any more rejects with the reasons", async (t) => {
  const { ecs, register, runOne } = await startEndpoint(t);
  const { taskArn } = await runOne(await register(script("process.exitCode = 3")));
  await assert.rejects(
    ecs.waitForTask(taskArn, () => false),
    /stopped: EssentialContainerExited: Essential container in task exited \(main: exit code 3\)/,
  );
  await assert.rejects(ecs.waitForTask("arn:none", isStopped), RangeError);
  await assert.rejects(
    ecs.waitForTask(taskArn, isStopped, { signal: AbortSignal.abort("given up") }),
    (reason) => {
      assert.equal(reason, "given up");
      return true;
    },
  );
});
