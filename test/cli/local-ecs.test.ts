import { ECSClient, RegisterTaskDefinitionCommand, RunTaskCommand } from "@aws-sdk/client-ecs";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import test from "node:test";
import { untilGone } from "../fixtures/processes.js";
import { CLI, startCli } from "./local-ecs-cli.js";

async function runTask(endpoint: string): Promise<void> {
  const client = new ECSClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  await client.send(
    new RegisterTaskDefinitionCommand({
      family: "work",
      networkMode: "host",
      containerDefinitions: [
        {
          name: "main",
          image: "none",
          memory: 64,
          command: [process.execPath, "-e", "console.log('pid ' + process.pid); setInterval(() => {}, 1000)"],
        },
      ],
    }),
  );
  const { tasks } = await client.send(new RunTaskCommand({ taskDefinition: "work" }));
  assert.equal(tasks?.length, 1);
  client.destroy();
}

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  void test(`${signal} ends the tasks of rollcall local-ecs, and the command with ${code}`, async (t) => {
    const { child, endpoint, nextError } = await startCli(t, "--log-level", "output");
    const line = nextError(/ main \| pid \d+$/);
    const stopped = nextError(/ STOPPED UserInitiated: The endpoint is shutting down/);
    await runTask(endpoint);
    const pid = Number((await line).split(" ").at(-1));
    child.kill(signal);
    const [exitCode] = (await once(child, "exit")) as [number | null];
    assert.equal(exitCode, code);
    await stopped;
    await untilGone([pid], AbortSignal.timeout(30_000));
  });
}

void test("SIGKILL of rollcall local-ecs leaves no process of a task", async (t) => {
  const { child, endpoint, nextError } = await startCli(t, "--log-level", "output");
  const line = nextError(/ main \| pid \d+$/);
  await runTask(endpoint);
  const pid = Number((await line).split(" ").at(-1));
  child.kill("SIGKILL");
  await untilGone([pid], AbortSignal.timeout(30_000));
});

for (const [args, expected] of [
  [["--port", "many"], /'--port <number>'.*"many" is not a whole number/],
  [["--port", "70000"], /port must be a whole number from 0 to 65535; it is 70000/],
  [["--region", "moon"], /region must be like "us-east-1"; it is "moon"/],
  [
    ["--working-directory", "/no/such/place"],
    /workingDirectory must be a directory that exists; "\/no\/such\/place"/,
  ],
  [["--log-level", "loud"], /Allowed choices are quiet, tasks, output/],
  [["--docker", "/no/such.sock"], /no Docker engine answers at \/no\/such\.sock/],
  [["--awsvpc-network", "tasks"], /--awsvpc-network needs --docker/],
  [["--what"], /unknown option '--what'/],
] as const) {
  void test(`rollcall local-ecs ${args.join(" ")} says what is wrong and ends with 1`, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, "local-ecs", ...args], {
      encoding: "utf8",
    });
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /^ +at /m);
  });
}

void test("a port in use is named together with the way out", async (t) => {
  const { endpoint } = await startCli(t);
  const { port } = new URL(endpoint);
  const { status, stderr } = spawnSync(process.execPath, [CLI, "local-ecs", "--port", port], {
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`127.0.0.1:${port} is in use: choose another --port`));
});
