import { startLocalECS } from "#dist/local-ecs/index.js";
import { ECSClient, RunTaskCommand } from "@aws-sdk/client-ecs";
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import test, { type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isAlive, untilGone } from "../fixtures/processes.js";
import { isStopped, nextLine, script, startEndpoint } from "./harness.js";

/** For hangs only. */
const LIMIT_MS = 30_000;

/** Starts a child of its own that lives as long as it is left to, and prints both process ids. */
const PARENT = `
  import { execFileSync, spawn } from "node:child_process";
  const child = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"]);
  console.log(JSON.stringify([process.pid, child.pid]));`;

function pidsOf(line: string): number[] {
  return JSON.parse(line) as number[];
}

void test("what a container started ends with its first process", async (t) => {
  const { ecs, register, runOne } = await startEndpoint(t);
  const line = nextLine(ecs, (text) => text.startsWith("["));
  const { taskArn } = await runOne(await register(script(`${PARENT} process.exit(0);`)));
  await ecs.waitForTask(taskArn, isStopped);
  for (const pid of pidsOf(await line)) assert.equal(isAlive(pid), false);
});

void test("closing the endpoint ends every task and everything they started, and its port", async () => {
  const ecs = await startLocalECS({ closeGraceMs: 50 });
  const client = new ECSClient(ecs.clientConfig);
  const line = nextLine(ecs, (text) => text.startsWith("["));
  await registerParent(client);
  await client.send(new RunTaskCommand({ taskDefinition: "parent" }));
  const pids = pidsOf(await line);
  assert.equal(pids.length, 2);
  await Promise.all([ecs.close(), ecs.close()]);
  client.destroy();
  for (const pid of pids) assert.equal(isAlive(pid), false);
  assert.ok(ecs.tasks().every(isStopped));
  await assert.rejects(fetch(ecs.endpoint), TypeError);
});

void test("closing while tasks start leaves nothing behind", async () => {
  const ecs = await startLocalECS({ instances: [{ cpu: 100_000, memory: 100_000 }] });
  const client = new ECSClient(ecs.clientConfig);
  await registerParent(client);
  await client.send(new RunTaskCommand({ taskDefinition: "parent", count: 10 }));
  await ecs.close();
  client.destroy();
  assert.equal(ecs.tasks().length, 10);
  assert.ok(ecs.tasks().every(isStopped));
});

async function registerParent(client: ECSClient): Promise<void> {
  const { RegisterTaskDefinitionCommand } = await import("@aws-sdk/client-ecs");
  await client.send(
    new RegisterTaskDefinitionCommand({
      family: "parent",
      networkMode: "host",
      containerDefinitions: [
        { name: "main", image: "none", memory: 64, ...script(`${PARENT} setInterval(() => {}, 1000);`) },
      ],
    }),
  );
}

/** An endpoint in a process of its own that runs two tasks with a child each; gives its pid and those of the four. */
async function endpointProcess(t: TestContext): Promise<{ owner: ReturnType<typeof spawn>; pids: number[] }> {
  const program = fileURLToPath(new URL("../fixtures/endpoint-process.js", import.meta.url));
  const owner = spawn(process.execPath, [program, `${PARENT} setInterval(() => {}, 1000);`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => owner.kill("SIGKILL"));
  assert.ok(owner.stdout);
  const pids: number[] = [];
  for await (const line of createInterface({ input: owner.stdout })) {
    pids.push(...pidsOf(line));
    if (pids.length === 4) break;
  }
  assert.equal(pids.length, 4);
  return { owner, pids };
}

void test("no process of a task survives the SIGKILL of the endpoint's own process", async (t) => {
  const { owner, pids } = await endpointProcess(t);
  assert.ok(pids.every((pid) => isAlive(pid)));
  owner.kill("SIGKILL");
  await once(owner, "exit");
  await untilGone(pids, AbortSignal.timeout(LIMIT_MS));
});

void test("no process of a task survives a program that ends without closing its endpoint", async (t) => {
  const { owner, pids } = await endpointProcess(t);
  owner.kill("SIGTERM");
  await once(owner, "exit");
  await untilGone(pids, AbortSignal.timeout(LIMIT_MS));
});

void test("a guard that was killed is replaced by one that knows all groups", async (t) => {
  const { owner, pids } = await endpointProcess(t);
  const [first] = guardsOf(owner.pid);
  assert.ok(first);
  process.kill(first, "SIGKILL");
  const limit = AbortSignal.timeout(LIMIT_MS);
  while (guardsOf(owner.pid).every((guard) => guard === first)) {
    limit.throwIfAborted();
    await delay(20);
  }
  // The new guard has read the groups when it was told of one more, or of the end; give it the end.
  owner.kill("SIGKILL");
  await once(owner, "exit");
  await untilGone(pids, limit);
});

/** The guards that this process started and that are alive. */
function guardsOf(owner: number | undefined): number[] {
  return execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, ...args]) => Number(parent) === owner && args.includes("rollcall-local-ecs-guard"))
    .map(([pid]) => Number(pid))
    .filter((pid) => isAlive(pid));
}
