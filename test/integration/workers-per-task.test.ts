import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { availableParallelism } from "node:os";
import { afterEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Cluster, LaunchError, ProcessExitedError, type ExitReason } from "#dist/index.js";
import { formatToken } from "#dist/protocol/join-token.js";
import { WorkerVariable } from "#dist/protocol/worker-variables.js";
import { untilGone } from "../fixtures/processes.js";
import { ECSEndpoint, WORKER_COMMAND } from "./ecs-endpoint.js";
import {
  busySquare,
  environmentOf,
  exitWith,
  parentProcessId,
  sayAndCompute,
  square,
} from "./fixtures/work.js";
import { nothingIsLeft } from "./leftovers.js";
import { ProcessGroupManager } from "./process-group-manager.js";

afterEach(nothingIsLeft);

const GONE_MS = 5_000;

function osPids(cluster: Cluster, pids: readonly number[] = cluster.workers()): number[] {
  return pids.map((pid) => cluster.workerInfo(pid).report.osPid);
}

test("four workers share two tasks, and when one is killed the others of its task go on", async () => {
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager({ workers: 4, workersPerTask: 2 });
  let processes: number[];
  {
    await using cluster = new Cluster({ output: "ignore" });
    const { joined, failures } = await cluster.addProcs(manager);
    assert.deepEqual(failures, []);
    assert.equal(endpoint.local.tasks().length, 2);
    const places = endpoint.local.tasks().flatMap(({ taskArn }) => [`${taskArn}#1`, `${taskArn}#2`]);
    assert.deepEqual(joined.map(({ launched }) => launched.id).toSorted(), places.toSorted());
    for (const { launched, report } of joined) {
      assert.equal(launched.id, `${report.taskArn}#${report.slot}`);
      assert.equal(report.slots, 2);
      assert.equal(launched.details.taskArn, report.taskArn);
    }
    assert.equal(new Set(joined.map(({ port }) => port)).size, 4);
    processes = osPids(cluster);
    assert.equal(new Set(processes).size, 4);
    const [victim, ...others] = cluster.workers();
    for (const name of ["ROLLCALL_TOKEN", "ROLLCALL_WORKERS", "ROLLCALL_SLOT"])
      assert.equal(await cluster.remoteCallFetch(environmentOf, victim!, name), undefined);

    const exits: ExitReason[] = [];
    cluster.on("exited", ({ reason }) => exits.push(reason));
    const items = Array.from({ length: 100 }, (_, index) => index);
    let isKilled = false;
    const squares = await cluster.pmap(busySquare, items, {
      onProgress: ({ done }) => {
        if (done < 20 || isKilled) return;
        isKilled = true;
        process.kill(cluster.workerInfo(victim!).report.osPid, "SIGKILL");
      },
    });
    assert.deepEqual(squares, items.map(square));
    assert.deepEqual(cluster.workers(), others);
    assert.match(exits[0]?.message ?? "", /^its process in task arn:.* ended; the task goes on$/);
    assert.equal(endpoint.alive().length, 2);
  }
  assert.deepEqual(endpoint.alive(), []);
  await untilGone(processes, AbortSignal.timeout(GONE_MS));
});

test("a worker that is removed ends and its task goes on, until its last worker is removed", async () => {
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager({ workers: 3, workersPerTask: 3 });
  await using cluster = new Cluster({ output: "ignore" });
  await cluster.addProcs(manager);
  const removed = osPids(cluster, [2]);
  await cluster.rmProcs(2);
  await untilGone(removed, AbortSignal.timeout(GONE_MS));
  assert.equal(endpoint.alive().length, 1);
  assert.deepEqual(await cluster.pmap(square, [1, 2, 3]), [1, 4, 9]);
  // One that ends by itself is told without waiting for its task.
  await assert.rejects(cluster.remoteCallFetch(exitWith, 3, 9), ProcessExitedError);
  assert.equal(await cluster.remoteCallFetch(square, 4, 5), 25);
  await cluster.rmProcs(4);
  assert.deepEqual(endpoint.alive(), []);
});

test("a removed worker that computes without an end is gone when its grace is over, and its task goes on", async () => {
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager({ workers: 2, workersPerTask: 2 });
  await using cluster = new Cluster({ output: "ignore" });
  await cluster.addProcs(manager);
  const removed = osPids(cluster, [2]);
  const call = assert.rejects(cluster.remoteCallFetch(busySquare, 2, 3, 60_000), ProcessExitedError);
  await cluster.remoteCallFetch(square, 3, 1);
  await cluster.rmProcs(2, { graceMs: 200 });
  await call;
  await untilGone(removed, AbortSignal.timeout(GONE_MS));
  assert.equal(await cluster.remoteCallFetch(square, 3, 4), 16);
});

test("the last task has the remainder", async () => {
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager({ workersPerTask: 2 });
  await using cluster = new Cluster();
  const { joined } = await cluster.addProcs(manager, { workers: 3 });
  const alone = joined.filter(({ report }) => report.slots === undefined);
  assert.equal(alone.length, 1);
  assert.equal(alone[0]?.launched.id, alone[0]?.report.taskArn);
  assert.equal(joined.length, 3);
  assert.equal(endpoint.local.tasks().length, 2);
});

test("with auto each task brings a worker for each core that it may use, and the launch waits for all", async () => {
  await using endpoint = await ECSEndpoint.start({ instances: 2 });
  await using manager = endpoint.manager({ workers: 2, workersPerTask: "auto", overrides: { cpu: "2048" } });
  await using cluster = new Cluster();
  const perTask = Math.min(2, availableParallelism());
  const { joined, wanted, failures } = await cluster.addProcs(manager);
  assert.deepEqual(failures, []);
  assert.deepEqual(wanted, { min: 2 * perTask, max: 2 * perTask });
  assert.equal(joined.length, 2 * perTask);
  assert.equal(endpoint.local.tasks().length, 2);
  assert.throws(
    () => cluster.addProcs(manager, { replace: true }),
    /^TypeError: replace: .*workersPerTask: "auto"/,
  );
  assert.throws(() => cluster.adapt(manager, { max: 4 }), /^TypeError: adapt: .*workersPerTask: "auto"/);
});

test("a task whose supervisor is killed is gone with all of its workers, and the exit is told for each", async () => {
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager({ workers: 2, workersPerTask: 2 });
  await using cluster = new Cluster({ output: "ignore" });
  await cluster.addProcs(manager);
  const processes = osPids(cluster);
  const supervisor = await cluster.remoteCallFetch(parentProcessId, 2);
  const exits = new Promise<ExitReason[]>((resolve) => {
    const reasons: ExitReason[] = [];
    cluster.on("exited", ({ reason }) => {
      if (reasons.push(reason) === 2) resolve(reasons);
    });
  });
  process.kill(supervisor, "SIGKILL");
  for (const reason of await exits) assert.equal(reason.exitCode, 137);
  await untilGone(processes, AbortSignal.timeout(GONE_MS));
  assert.deepEqual(cluster.workers(), []);
});

test("a task whose program ends before it starts workers is the failure of all of them", async () => {
  await using endpoint = await ECSEndpoint.start();
  const command = ["node", "-e", "process.exit(4)"];
  await using manager = endpoint.manager({ workers: 2, workersPerTask: 2, command });
  await using cluster = new Cluster({ output: "ignore" });
  await assert.rejects(Promise.resolve(cluster.addProcs(manager)), (error) => {
    assert.ok(error instanceof LaunchError);
    const [failure] = error.failures;
    assert.equal(failure?.count, 2);
    assert.equal(failure.exit?.exitCode, 4);
    return true;
  });
  assert.deepEqual(endpoint.alive(), []);
});

test("a worker that never reports ends a launch that needs it, and its task with the others", async () => {
  await using endpoint = await ECSEndpoint.start();
  const program = `if (process.env.ROLLCALL_SLOT !== "2") import(${JSON.stringify(WORKER_COMMAND[1])})`;
  const command = ["node", "-e", program];
  const timeouts = { reportMs: 1_000 };
  await using manager = endpoint.manager({ workers: 2, workersPerTask: 2, command, timeouts });
  await using cluster = new Cluster({ output: "ignore" });
  await assert.rejects(Promise.resolve(cluster.addProcs(manager)), (error) => {
    assert.ok(error instanceof LaunchError);
    const taskArn = endpoint.local.tasks()[0]?.taskArn;
    assert.deepEqual(
      error.failures.map(({ cause, ids }) => ({ cause, ids })),
      [{ cause: "never reported", ids: [`${taskArn}#2`] }],
    );
    return true;
  });
  assert.deepEqual(endpoint.alive(), []);
});

/** Starts a group of workers that report to this server, which never answers. Resolves when all have called. */
async function silentGroup(workers: number) {
  const sockets = new Set<Socket>();
  let came = (): void => undefined;
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    sockets.add(socket);
    if (sockets.size === workers) came();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const all = new Promise<void>((resolve) => (came = resolve));
  const child = spawn(process.execPath, [WORKER_COMMAND[1]!], {
    env: {
      ...process.env,
      [WorkerVariable.rendezvous]: `127.0.0.1:${port}`,
      [WorkerVariable.token]: formatToken("id", Buffer.alloc(32)),
      [WorkerVariable.workers]: `${workers}`,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  await all;
  return {
    child,
    ended,
    errors: () => errors,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test("SIGTERM to a supervisor reaches its workers, and it ends after them with their code", async () => {
  await using group = await silentGroup(3);
  group.child.kill("SIGTERM");
  assert.deepEqual(await group.ended, [143, null]);
  for (const slot of [1, 2, 3])
    assert.match(group.errors(), new RegExp(`worker ${slot} of the 3 of this container ended with code 143`));
});

test("workers do not live on when their supervisor is killed", async () => {
  await using group = await silentGroup(2);
  group.child.kill("SIGKILL");
  // Its output ends when no process is left that holds it.
  assert.deepEqual(await group.ended, [null, "SIGKILL"]);
  assert.match(group.errors(), /leaving \(supervisor-gone\)/);
});

test("a worker that computes without a pause does not live on either", async () => {
  const manager = new ProcessGroupManager(2);
  await using cluster = new Cluster({ output: "ignore" });
  await cluster.addProcs(manager);
  const processes = osPids(cluster);
  const lost = assert.rejects(cluster.remoteCallFetch(sayAndCompute, 2, "computes"), ProcessExitedError);
  await new Promise((resolve) => cluster.on("status", resolve));
  await manager.killSupervisor();
  await lost;
  await untilGone(processes, AbortSignal.timeout(GONE_MS));
});

test("what is no number of workers is refused with the variable's name", async () => {
  for (const value of ["0", "4x", "1025", ""]) {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve("#dist/worker/main.js"))], {
      env: { ...process.env, [WorkerVariable.workers]: value },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    assert.deepEqual(await once(child, "close"), [2, null]);
    assert.match(
      errors,
      /^rollcall worker: ROLLCALL_WORKERS=".*" is neither a whole number from 1 to 1024 nor auto/,
    );
  }
});
