import { PutClusterCapacityProvidersCommand } from "@aws-sdk/client-ecs";
import assert from "node:assert/strict";
import { cp, mkdtemp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Platform } from "../managers/ecs/launching.js";
import { endpointVariables, rollcall } from "./run-cli.js";

interface Found {
  readonly name: string;
  readonly verdict: string;
  readonly seen: string;
  readonly advice?: string;
}

/** What the doctor finds, by name, and its exit code. */
async function doctor(
  platform: Platform,
  ...args: string[]
): Promise<{ readonly code: number | null; readonly found: Readonly<Record<string, Found>> }> {
  const all = ["doctor", "--json", "--task-definition", "worker", ...args];
  const { code, stdout, stderr } = await rollcall(all, endpointVariables(platform.local));
  assert.equal(stderr, "");
  const checks = JSON.parse(stdout) as Found[];
  return { code, found: Object.fromEntries(checks.map((check) => [check.name, check])) };
}

const logConfiguration = {
  logDriver: "awslogs",
  options: { "awslogs-group": "/w", "awslogs-stream-prefix": "p" },
} as const;

void test("a set-up that works has nothing to change, and starts nothing", async () => {
  await using platform = await Platform.start({ instances: 2 });
  await platform.register({ logConfiguration, dockerLabels: { "rollcall.node": process.version } });
  const { code, found } = await doctor(platform, "--workers", "8");
  const verdicts = Object.entries(found).map(([name, { verdict }]) => [name, verdict]);
  assert.deepEqual(Object.fromEntries(verdicts), {
    "ECS cluster": "ok",
    "task definition": "ok",
    container: "ok",
    "network mode": "ok",
    output: "ok",
    roles: "ok",
    Node: "ok",
    "right to ListTasks": "ok",
    "right to DescribeTasks": "ok",
    capacity: "ok",
    "right to start and stop": "skip",
    "security groups": "skip",
  });
  assert.equal(code, 0);
  assert.deepEqual(platform.local.tasks(), []);
});

void test("warnings leave the exit code alone, and are printed with what to change", async () => {
  await using platform = await Platform.start();
  await platform.register({ portMappings: [{ containerPort: 9009 }] });
  const { code, stdout } = await rollcall(
    ["doctor", "--task-definition", "worker"],
    endpointVariables(platform.local),
  );
  assert.equal(code, 0);
  assert.match(stdout, /^ok {4}ECS cluster: default is ACTIVE, with 1 container instances/m);
  assert.match(stdout, /^warn {2}network mode: host, and the host ports 9009.*\n {6}remove portMappings/m);
  assert.match(stdout, /^warn {2}output: .*\n {6}use the log driver awslogs/m);
});

void test("what no worker could come of is a failure", async () => {
  await using platform = await Platform.start({ instances: [{ cpu: 64 }] });
  await platform.register();
  const small = await doctor(platform);
  assert.deepEqual([small.code, small.found["capacity"]?.verdict], [1, "fail"]);
  assert.match(small.found["capacity"]?.advice ?? "", /lower the sizes/);
  const unknown = await doctor(platform, "--cluster", "nowhere");
  assert.deepEqual([unknown.code, unknown.found["ECS cluster"]?.verdict], [1, "fail"]);
  assert.equal(unknown.found["capacity"], undefined);
  const noContainer = await doctor(platform, "--container-name", "sidecar");
  assert.match(
    noContainer.found["container"]?.seen ?? "",
    /no container "sidecar"; its containers are worker/,
  );
});

void test("an ECS cluster without instances needs some, unless the tasks run on Fargate", async () => {
  await using platform = await Platform.start({ instances: 0 });
  await platform.register();
  const onInstances = await doctor(platform);
  assert.match(
    onInstances.found["capacity"]?.seen ?? "",
    /no container instances, and no capacity providers/,
  );
  assert.equal(onInstances.code, 1);
  await platform.register({}, { networkMode: "awsvpc", cpu: "256", memory: "512" });
  const onFargate = await doctor(platform, "--launch-type", "FARGATE");
  assert.deepEqual([onFargate.code, onFargate.found["capacity"]?.verdict], [0, "skip"]);
  assert.equal(onFargate.found["Fargate"]?.verdict, "ok");
});

void test("only capacity providers that bring instances make up for them", async () => {
  await using platform = await Platform.start({ instances: [{ capacityProvider: "group" }] });
  await platform.register();
  platform.local.instances[0]?.terminate();
  const set = async (capacityProviders: string[]): Promise<Found | undefined> => {
    await platform.client.send(
      new PutClusterCapacityProvidersCommand({
        cluster: "default",
        capacityProviders,
        defaultCapacityProviderStrategy: [],
      }),
    );
    return (await doctor(platform)).found["capacity"];
  };
  assert.equal((await set(["FARGATE", "FARGATE_SPOT"]))?.verdict, "fail");
  assert.match((await set(["FARGATE", "group"]))?.seen ?? "", /the capacity providers group can bring some/);
});

void test("a definition that cannot run on Fargate is a failure there", async () => {
  await using platform = await Platform.start();
  await platform.register();
  const { code, found } = await doctor(platform, "--launch-type", "FARGATE");
  assert.deepEqual([code, found["Fargate"]?.verdict], [1, "fail"]);
  assert.match(found["Fargate"]?.seen ?? "", /for EXTERNAL, EC2 only/);
});

void test("an instance whose agent is away takes no tasks", async () => {
  await using platform = await Platform.start();
  await platform.register();
  platform.local.instances[0]?.setAgentConnected(false);
  const { code, found } = await doctor(platform);
  assert.deepEqual([code, found["agents"]?.verdict], [1, "fail"]);
});

void test("without credentials every finding says so", async () => {
  const { code, stdout } = await rollcall(["doctor", "--task-definition", "worker", "--region", "us-east-1"]);
  assert.equal(code, 1);
  assert.match(stdout, /^fail {2}ECS cluster: .*no usable AWS credentials/m);
});

void test("commands that talk to ECS say which package is missing", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-bare-"));
  context.after(() => rm(folder, { recursive: true }));
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  await cp(join(root, "dist"), join(folder, "dist"), { recursive: true });
  await mkdir(join(folder, "node_modules"));
  await symlink(join(root, "node_modules", "commander"), join(folder, "node_modules", "commander"));
  await writeFile(join(folder, "package.json"), '{ "type": "module", "version": "0.0.0" }');
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(folder, "dist/cli/main.js"), ...args], { encoding: "utf8" });
  for (const args of [["ps"], ["stop", "--all"], ["doctor", "--task-definition", "w"]]) {
    const { status, stdout, stderr } = run(...args);
    assert.equal(status, 1);
    assert.match(
      stdout + stderr,
      /needs the package @aws-sdk\/client-ecs, .* npm install @aws-sdk\/client-ecs/,
    );
    assert.doesNotMatch(stderr, /^ +at /m);
  }
  for (const args of [
    ["taskdef", "--image", "i"],
    ["iam", "--task-definition", "w"],
  ]) {
    assert.equal(run(...args).status, 0);
  }
});
