import { startLocalECS, type LocalECS } from "#dist/local-ecs/index.js";
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { rollcall } from "../cli/run-cli.js";
import test, { after, before, describe } from "node:test";

/** `aws` is the AWS CLI as others wrote it; where there is none the tests say so, or fail if they are required. */
const version = spawnSync("aws", ["--version"], { encoding: "utf8" });
const hasCli = version.status === 0 && `${version.stdout}${version.stderr}`.includes("aws-cli/");
const isRequired = (process.env["ROLLCALL_REQUIRE"] ?? "").split(/[\s,]+/).includes("aws-cli");

void test("the AWS CLI is there", (t) => {
  if (!hasCli && !isRequired) t.skip("THE AWS CLI IS NOT INSTALLED: nothing below was tried with it");
  else assert.ok(hasCli, `no usable aws on PATH: ${version.error?.message ?? version.stderr}`);
});

/** Lists only keep together what belongs together. */
type Words = readonly (string | readonly string[])[];

interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

void describe("the unmodified AWS CLI", { skip: hasCli ? false : "the AWS CLI is not installed" }, () => {
  let ecs: LocalECS;
  before(async () => {
    ecs = await startLocalECS({
      instances: [
        { cpu: 1024, memory: 1024 },
        { cpu: 1024, memory: 1024 },
      ],
    });
  });
  after(() => ecs.close());

  function aws(service: "ecs" | "logs", ...args: Words): Promise<CliResult> {
    const env = {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      AWS_ACCESS_KEY_ID: "local",
      AWS_SECRET_ACCESS_KEY: "local",
      AWS_DEFAULT_REGION: ecs.region,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: "/dev/null",
      AWS_PAGER: "",
      AWS_MAX_ATTEMPTS: "1",
    };
    const all = ["--endpoint-url", ecs.endpoint, "--output", "json", service, ...args.flat()];
    return new Promise((resolve) => {
      execFile("aws", all, { env, encoding: "utf8" }, (error, stdout, stderr) => {
        resolve({
          code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1,
          stdout,
          stderr,
        });
      });
    });
  }

  /** The JSON that a command prints, which must succeed. */
  async function json<T>(service: "ecs" | "logs", ...args: Words): Promise<T> {
    const { code, stdout, stderr } = await aws(service, ...args);
    assert.equal(code, 0, stderr);
    const printed: T = JSON.parse(stdout === "" ? "{}" : stdout);
    return printed;
  }

  async function refused(expected: RegExp, ...args: Words): Promise<void> {
    const { code, stderr } = await aws("ecs", ...args);
    assert.notEqual(code, 0);
    assert.match(stderr, expected);
  }

  const containers = JSON.stringify([
    {
      name: "main",
      image: "none",
      memory: 256,
      cpu: 512,
      command: [process.execPath, "-e", "console.log('hello'); setInterval(() => {}, 1000)"],
      logConfiguration: {
        logDriver: "awslogs",
        options: { "awslogs-group": "/cli", "awslogs-stream-prefix": "run" },
      },
    },
  ]);

  void test("registers, runs, waits, describes, lists, reads logs, stops and waits for the end", async () => {
    const registered = await json<{ taskDefinition: { taskDefinitionArn: string; revision: number } }>(
      "ecs",
      "register-task-definition",
      ["--family", "cli", "--network-mode", "host", "--container-definitions", containers],
    );
    assert.equal(registered.taskDefinition.revision, 1);

    const run = await json<{ tasks: { taskArn: string }[]; failures: unknown[] }>(
      "ecs",
      "run-task",
      ["--task-definition", "cli", "--count", "2", "--started-by", "tester", "--launch-type", "EC2"],
      [
        "--overrides",
        JSON.stringify({ containerOverrides: [{ name: "main", environment: [{ name: "A", value: "b" }] }] }),
      ],
    );
    assert.deepEqual(run.failures, []);
    const arns = run.tasks.map((task) => task.taskArn);
    assert.equal(arns.length, 2);

    assert.equal((await aws("ecs", "wait", "tasks-running", "--tasks", ...arns)).code, 0);
    const described = await json<{
      tasks: { lastStatus: string; containerInstanceArn: string; startedAt: unknown }[];
    }>("ecs", ["describe-tasks", "--tasks", ...arns]);
    assert.deepEqual(
      described.tasks.map((task) => task.lastStatus),
      ["RUNNING", "RUNNING"],
    );
    assert.equal(new Set(described.tasks.map((task) => task.containerInstanceArn)).size, 2);
    assert.ok(described.tasks.every((task) => task.startedAt !== undefined));

    const listed = await json<{ taskArns: string[] }>("ecs", "list-tasks", "--started-by", "tester");
    assert.deepEqual(listed.taskArns, arns);
    const paged = await json<{ taskArns: string[] }>("ecs", "list-tasks", "--page-size", "1");
    assert.deepEqual(paged.taskArns, arns);

    const [first = ""] = arns;
    const stream = `run/main/${first.split("/").at(-1)}`;
    const logs = await json<{ events: { message: string }[] }>("logs", [
      "get-log-events",
      "--log-group-name",
      "/cli",
      "--log-stream-name",
      stream,
    ]);
    assert.deepEqual(
      logs.events.map((event) => event.message),
      ["hello"],
    );

    await json("ecs", "stop-task", "--task", first, "--reason", "enough");
    assert.equal((await aws("ecs", "wait", "tasks-stopped", "--tasks", first)).code, 0);
    const stopped = await json<{
      tasks: { stopCode: string; stoppedReason: string; containers: { exitCode: number }[] }[];
    }>("ecs", "describe-tasks", "--tasks", first);
    assert.equal(stopped.tasks[0]?.stopCode, "UserInitiated");
    assert.equal(stopped.tasks[0]?.stoppedReason, "enough");
    assert.equal(stopped.tasks[0]?.containers[0]?.exitCode, 143);
    const left = await json<{ taskArns: string[] }>("ecs", "list-tasks", "--desired-status", "STOPPED");
    assert.deepEqual(left.taskArns, [first]);
  });

  void test("shows clusters, container instances and task definitions", async () => {
    const { containerInstanceArns } = await json<{ containerInstanceArns: string[] }>(
      "ecs",
      "list-container-instances",
    );
    assert.deepEqual(containerInstanceArns, ecs.instances.map(({ arn }) => arn).toSorted());
    const { containerInstances } = await json<{
      containerInstances: { registeredResources: { name: string; integerValue: number }[] }[];
    }>("ecs", "describe-container-instances", "--container-instances", ...containerInstanceArns);
    assert.equal(
      containerInstances[0]?.registeredResources.find(({ name }) => name === "CPU")?.integerValue,
      1024,
    );

    await json("ecs", "create-cluster", "--cluster-name", "other");
    const { clusters } = await json<{ clusters: { clusterName: string; status: string }[] }>("ecs", [
      "describe-clusters",
      "--clusters",
      "other",
      "default",
    ]);
    assert.deepEqual(
      clusters.map(({ clusterName, status }) => [clusterName, status]),
      [
        ["other", "ACTIVE"],
        ["default", "ACTIVE"],
      ],
    );
    await json("ecs", "delete-cluster", "--cluster", "other");

    const { families } = await json<{ families: string[] }>("ecs", "list-task-definition-families");
    assert.deepEqual(families, ["cli"]);
    const { taskDefinitionArns } = await json<{ taskDefinitionArns: string[] }>(
      "ecs",
      "list-task-definitions",
    );
    const [arn = ""] = taskDefinitionArns;
    await json("ecs", "tag-resource", "--resource-arn", arn, "--tags", "key=team,value=blue");
    const { tags } = await json<{ tags: unknown[] }>("ecs", "list-tags-for-resource", "--resource-arn", arn);
    assert.deepEqual(tags, [{ key: "team", value: "blue" }]);
  });

  void test("is told what is wrong in ECS's own words", async () => {
    await refused(/ClusterNotFoundException.*Cluster not found/, "list-tasks", "--cluster", "nowhere");
    await refused(/ClientException.*TaskDefinition not found/, "run-task", "--task-definition", "nothing");
    await refused(/ClientException.*Unable to describe task definition/, [
      "describe-task-definition",
      "--task-definition",
      "nothing",
    ]);
    await refused(
      /InvalidParameterException.*count/,
      "run-task",
      "--task-definition",
      "cli",
      "--count",
      "11",
    );
    await refused(
      /InvalidParameterException.*Override for container named other is not a container in the TaskDefinition/,
      ["run-task", "--task-definition", "cli", "--overrides", '{"containerOverrides":[{"name":"other"}]}'],
    );
    await refused(/InvalidParameterException.*The referenced task was not found/, [
      "stop-task",
      "--task",
      "0123456789abcdef0123456789abcdef",
    ]);
    const { tasks, failures } = await json<{ tasks: unknown[]; failures: { reason: string }[] }>("ecs", [
      "describe-tasks",
      "--tasks",
      "0123456789abcdef0123456789abcdef",
    ]);
    assert.deepEqual([tasks.length, failures[0]?.reason], [0, "MISSING"]);
  });

  const skip = process.platform === "linux" ? false : "only Linux has loopback addresses enough";
  void test(
    "gives a cluster capacity providers, and runs a task on Fargate by each way",
    { skip },
    async () => {
      const cluster = ["--cluster", "fargate"];
      await json("ecs", "create-cluster", "--cluster-name", "fargate", ["--capacity-providers", "FARGATE"]);
      const { capacityProviders } = await json<{ capacityProviders: { name: string; status: string }[] }>(
        "ecs",
        "describe-capacity-providers",
      );
      assert.deepEqual(
        capacityProviders.map(({ name, status }) => [name, status]),
        [
          ["FARGATE", "ACTIVE"],
          ["FARGATE_SPOT", "ACTIVE"],
        ],
      );
      const run = ["run-task", ...cluster, "--task-definition", "on-fargate"];
      const subnets = [
        "--network-configuration",
        "awsvpcConfiguration={subnets=[subnet-1],assignPublicIp=ENABLED}",
      ];
      const spot = ["--capacity-provider-strategy", "capacityProvider=FARGATE_SPOT,weight=1"];
      const printed = await rollcall([
        "taskdef",
        "--image",
        "i",
        "--family",
        "on-fargate",
        "--network",
        "fargate",
      ]);
      assert.deepEqual([printed.code, printed.stderr], [0, ""]);
      await json("ecs", "register-task-definition", "--cli-input-json", printed.stdout);
      await refused(/InvalidParameterException.*not associated with the cluster/, run, subnets, spot);

      await json("ecs", "put-cluster-capacity-providers", cluster, [
        "--capacity-providers",
        "FARGATE_SPOT",
        "--default-capacity-provider-strategy",
        "capacityProvider=FARGATE_SPOT,weight=1",
      ]);
      const { clusters } = await json<{
        clusters: { capacityProviders: unknown; defaultCapacityProviderStrategy: unknown }[];
      }>("ecs", "describe-clusters", "--clusters", "fargate");
      assert.deepEqual(clusters[0]?.capacityProviders, ["FARGATE_SPOT"]);
      assert.deepEqual(clusters[0].defaultCapacityProviderStrategy, [
        { capacityProvider: "FARGATE_SPOT", weight: 1, base: 0 },
      ]);
      const command = [process.execPath, "-e", "setInterval(() => {}, 1000)"];
      const overrides = [
        "--overrides",
        JSON.stringify({ containerOverrides: [{ name: "worker", command }] }),
      ];
      interface FargateTask {
        readonly taskArn: string;
        readonly containerInstanceArn?: string;
        readonly capacityProviderName?: string;
      }
      const byDefault = await json<{ tasks: FargateTask[] }>("ecs", run, subnets, overrides);
      const byType = await json<{ tasks: FargateTask[] }>("ecs", run, subnets, overrides, [
        "--launch-type",
        "FARGATE",
      ]);
      const tasks = [...byDefault.tasks, ...byType.tasks];
      assert.deepEqual(
        tasks.map(({ capacityProviderName, containerInstanceArn }) => [
          capacityProviderName,
          containerInstanceArn,
        ]),
        [
          ["FARGATE_SPOT", undefined],
          [undefined, undefined],
        ],
      );
      const arns = tasks.map(({ taskArn }) => taskArn);
      assert.equal((await aws("ecs", "wait", "tasks-running", cluster, "--tasks", arns)).code, 0);
      for (const arn of arns) await json("ecs", "stop-task", cluster, "--task", arn);
      assert.equal((await aws("ecs", "wait", "tasks-stopped", cluster, "--tasks", arns)).code, 0);
    },
  );

  void test("sees the tasks that fit and the reason for the others", async () => {
    const run = await json<{ tasks: unknown[]; failures: { reason: string }[] }>("ecs", [
      "run-task",
      "--task-definition",
      "cli",
      "--count",
      "10",
    ]);
    assert.equal(run.tasks.length + run.failures.length, 10);
    assert.ok(run.tasks.length > 0);
    assert.deepEqual(new Set(run.failures.map(({ reason }) => reason)), new Set(["RESOURCE:CPU"]));
  });

  for (const network of ["host", "bridge", "awsvpc", "fargate"]) {
    void test(`registers what rollcall taskdef prints for ${network}`, async () => {
      const role = "arn:aws:iam::123456789012:role/pull";
      const printed = await rollcall(
        `taskdef --image registry.example/worker:1 --family made-${network} --network ${network} --log-group /made
         --region ${ecs.region} --env MODE=fast --execution-role ${role} --arch ARM64`.split(/\s+/),
      );
      assert.deepEqual([printed.code, printed.stderr], [0, ""]);
      const { taskDefinition } = await json<{
        taskDefinition: { networkMode: string; containerDefinitions: { portMappings: unknown[] }[] };
      }>("ecs", "register-task-definition", "--cli-input-json", printed.stdout);
      assert.equal(taskDefinition.networkMode, network === "fargate" ? "awsvpc" : network);
      const [container] = taskDefinition.containerDefinitions;
      const expected = network === "bridge" ? [{ containerPort: 7000, hostPort: 0, protocol: "tcp" }] : [];
      assert.deepEqual(container?.portMappings, expected);
    });
  }
});
