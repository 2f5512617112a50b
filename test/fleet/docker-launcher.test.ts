/** Tasks of the local ECS endpoint as containers of a real engine. The tasks need no network, so the endpoint runs here. */
import {
  DescribeTasksCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from "@aws-sdk/client-ecs";
import type { ContainerDefinition, NetworkMode, PortMapping } from "@aws-sdk/client-ecs";
import { startLocalECS, type LocalECS, type ObservedTask } from "#dist/local-ecs/index.js";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Fleet } from "./fleet.js";
import { whyNoFleet } from "./requirements.js";

const IDLE = `process.on("SIGTERM", () => { console.log("asked to stop"); process.exit(3); });
  console.log("idle"); setInterval(() => {}, 1000);`;

void describe("tasks as containers of a Docker engine", { skip: whyNoFleet() }, () => {
  let fleet: Fleet;
  let ecs: LocalECS;
  let client: ECSClient;
  before(async () => {
    fleet = await Fleet.start({ name: "containers", instances: 1 });
  });
  after(() => fleet?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    ecs = await startLocalECS({ instances: [{ docker: dockerOf(fleet) }], closeGraceMs: 0 });
    client = new ECSClient({ ...ecs.clientConfig, maxAttempts: 1 });
  });
  afterEach(async () => {
    client?.destroy();
    await ecs?.close();
    assert.deepEqual(await fleet.containers(), []);
  });

  async function runOne(
    container: Partial<ContainerDefinition>,
    networkMode: NetworkMode = "host",
  ): Promise<string> {
    const { image } = fleet.description;
    await client.send(
      new RegisterTaskDefinitionCommand({
        family: "work",
        networkMode,
        containerDefinitions: [{ name: "main", image, memory: 128, ...container }],
      }),
    );
    const { tasks } = await client.send(new RunTaskCommand({ taskDefinition: "work" }));
    return tasks?.[0]?.taskArn ?? "";
  }

  function untilStopped(taskArn: string): Promise<ObservedTask> {
    return ecs.waitForTask(taskArn, ({ lastStatus }) => lastStatus === "STOPPED");
  }

  async function endOf(container: Partial<ContainerDefinition>): Promise<ObservedTask> {
    return await untilStopped(await runOne(container));
  }

  void test("what a container writes and its exit code are told, in order and to the last line", async () => {
    const lines: string[] = [];
    ecs.onOutput(({ stream, line }) => lines.push(`${stream} ${line}`));
    const source = `for (let line = 0; line < 5000; line++) console.log(line); console.error(process.env.NAME);
      process.exitCode = 7;`;
    const environment = [{ name: "NAME", value: "as given" }];
    const { stopCode, containers } = await endOf({ command: ["node", "-e", source], environment });
    assert.equal(stopCode, "EssentialContainerExited");
    assert.equal(containers[0]?.exitCode, 7);
    assert.deepEqual(
      lines.filter((line) => line.startsWith("stdout")),
      Array.from({ length: 5000 }, (_, line) => `stdout ${line}`),
    );
    assert.ok(lines.includes("stderr as given"));
  });

  void test("a container beyond its memory is killed, and the reason says so", async () => {
    const source = "for (const all = []; ; ) all.push(Buffer.alloc(1e6, 1));";
    const { containers } = await endOf({ command: ["node", "-e", source] });
    assert.equal(containers[0]?.exitCode, 137);
    assert.equal(containers[0]?.reason, "OutOfMemoryError: Container killed due to memory usage");
  });

  void test("a program that the image does not have fails the start, without an exit code", async () => {
    const { stopCode, containers } = await endOf({ command: ["no-such-program"] });
    assert.equal(stopCode, "TaskFailedToStart");
    assert.match(
      containers[0]?.reason ?? "",
      /^CannotStartContainerError: .*"no-such-program": executable file/,
    );
    assert.equal(containers[0]?.exitCode, undefined);
  });

  void test("an image that neither the engine nor a registry has cannot be pulled", async () => {
    const { stopCode, stoppedReason } = await endOf({ image: "127.0.0.1:1/none:none" });
    assert.equal(stopCode, "TaskFailedToStart");
    assert.match(stoppedReason ?? "", /^CannotPullContainerError: Error response from daemon: /);
  });

  void test("in network mode bridge UDP and fixed ports are mapped as they are declared", async () => {
    const portMappings: PortMapping[] = [
      { containerPort: 8080, hostPort: 18_080, protocol: "tcp" },
      { containerPort: 8080, hostPort: 0, protocol: "udp" },
    ];
    const idle = saying("idle");
    const taskArn = await runOne({ command: ["node", "-e", IDLE], portMappings }, "bridge");
    await idle;
    await ecs.waitForTask(taskArn, ({ lastStatus }) => lastStatus === "RUNNING");
    const { tasks } = await client.send(new DescribeTasksCommand({ tasks: [taskArn] }));
    const bindings = tasks?.[0]?.containers?.[0]?.networkBindings ?? [];
    const hostPorts = new Map(bindings.map(({ protocol, hostPort }) => [protocol, hostPort ?? 0]));
    assert.equal(hostPorts.get("tcp"), 18_080);
    assert.ok((hostPorts.get("udp") ?? 0) >= 1024);
    const { failures } = await client.send(new RunTaskCommand({ taskDefinition: "work" }));
    assert.equal(failures?.[0]?.reason, "RESOURCE:PORTS");
  });

  void test("in network mode none a container has no address but the loopback one", async () => {
    const lines: string[] = [];
    ecs.onOutput(({ line }) => lines.push(line));
    const source = `console.log(Object.keys(require("node:os").networkInterfaces()).join());`;
    await untilStopped(await runOne({ command: ["node", "-e", source] }, "none"));
    assert.deepEqual(lines, ["lo"]);
  });

  void test("StopTask sends SIGTERM, and the container's own exit code counts", async () => {
    const idle = saying("idle");
    const asked = saying("asked to stop");
    const taskArn = await runOne({ command: ["node", "-e", IDLE] });
    await idle;
    await client.send(new StopTaskCommand({ task: taskArn }));
    await asked;
    const { stopCode, containers } = await untilStopped(taskArn);
    assert.equal(stopCode, "UserInitiated");
    assert.equal(containers[0]?.exitCode, 3);
  });

  void test("a container that does not heed SIGTERM is killed after its stopTimeout", async () => {
    const idle = saying("deaf");
    const source = `process.on("SIGTERM", () => {}); console.log("deaf"); setInterval(() => {}, 1000);`;
    const taskArn = await runOne({ command: ["node", "-e", source], stopTimeout: 2 });
    await idle;
    await client.send(new StopTaskCommand({ task: taskArn }));
    assert.equal((await untilStopped(taskArn)).containers[0]?.exitCode, 137);
  });

  void test("what an endpoint that was killed left is removed by the next one on that engine", async () => {
    const owner = spawn(process.execPath, [
      "--no-warnings",
      new URL("killed-endpoint.js", import.meta.url).pathname,
      JSON.stringify(fleet.description),
    ]);
    await once(owner, "close");
    assert.equal(owner.signalCode, "SIGKILL");
    assert.equal((await fleet.containers()).length, 1);
    const next = await startLocalECS({ instances: [{ docker: dockerOf(fleet) }] });
    await next.close();
  });

  void test("an engine that is not there is named at the start", async () => {
    const docker = { socketPath: "/var/run/no-such.sock" };
    await assert.rejects(
      startLocalECS({ instances: [{ docker }] }),
      /no Docker engine .* \/var\/run\/no-such.sock/,
    );
  });

  function saying(words: string): Promise<void> {
    return new Promise((resolve) => {
      const remove = ecs.onOutput(({ line }) => {
        if (line !== words) return;
        remove();
        resolve();
      });
    });
  }
});

void describe("a container whose engine is killed", { skip: whyNoFleet() }, () => {
  void test("ends without an exit code, and the reason says so", async () => {
    await using fleet = await Fleet.start({ name: "lost", instances: 1 });
    const docker = dockerOf(fleet);
    await using ecs = await startLocalECS({ instances: [{ docker }] });
    const client = new ECSClient({ ...ecs.clientConfig, maxAttempts: 1 });
    const container = {
      name: "main",
      image: fleet.description.image,
      memory: 128,
      command: ["node", "-e", IDLE],
    };
    await client.send(
      new RegisterTaskDefinitionCommand({
        family: "work",
        networkMode: "host",
        containerDefinitions: [container],
      }),
    );
    const { tasks } = await client.send(new RunTaskCommand({ taskDefinition: "work" }));
    client.destroy();
    const taskArn = tasks?.[0]?.taskArn ?? "";
    await ecs.waitForTask(taskArn, ({ lastStatus }) => lastStatus === "RUNNING");
    process.kill(
      Number(readFileSync(docker.socketPath.replace("docker.sock", "docker.pid"), "utf8")),
      "SIGKILL",
    );
    const { containers } = await ecs.waitForTask(taskArn, ({ lastStatus }) => lastStatus === "STOPPED");
    assert.equal(containers[0]?.exitCode, undefined);
    assert.match(containers[0]?.reason ?? "", /^DockerStateError: the container's engine is gone: /);
  });
});

function dockerOf(fleet: Fleet): { socketPath: string } {
  return { socketPath: fleet.description.instances[0]?.dockerSocket ?? "" };
}
