import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Cluster, ProcessExitedError } from "#dist/index.js";
import { untilGone } from "../fixtures/processes.js";
import { ECSEndpoint } from "./ecs-endpoint.js";
import {
  add,
  busyAndTalkative,
  busySquare,
  exitWith,
  failWith,
  processId,
  square,
  whoAmI,
} from "./fixtures/work.js";
import { nothingIsLeft } from "./leftovers.js";
import { WorkerLines } from "./worker-lines.js";

afterEach(nothingIsLeft);

/** How long a worker computes without a pause. Long enough for the heartbeat below to give it up three times over. */
const BUSY_MS = process.env["ROLLCALL_LONG"] === "1" ? 30_000 : 6_000;

test("four workers on two instances share them, each under a port of its own", async () => {
  await using endpoint = await ECSEndpoint.start({ instances: 2 });
  await using manager = endpoint.manager({ workers: 4 });
  {
    await using cluster = new Cluster();
    const { joined, failures } = await cluster.addProcs(manager);
    assert.deepEqual(failures, []);
    assert.equal(joined.length, 4);
    assert.equal(new Set(joined.map(({ port }) => port)).size, 4);
    assert.equal(new Set(joined.map(({ launched }) => launched.id)).size, 4);
    const instances = joined.map(({ launched }) => launched.details.containerInstanceArn);
    const known = endpoint.local.instances.map(({ arn }) => arn);
    assert.ok(instances.every((arn) => arn !== undefined && known.includes(arn)));
    assert.ok(new Set(instances).size < 4);
    for (const { launched, report } of joined) assert.equal(report.taskArn, launched.id);

    for (const pid of cluster.workers()) {
      assert.equal(await cluster.remoteCallFetch(whoAmI, pid), pid);
      assert.equal(await cluster.remoteCallFetch(processId, pid), cluster.workerInfo(pid).report.osPid);
    }
    const future = await cluster.remoteCall(add, "any", 40, 2);
    assert.equal(await future.fetch(), 42);
    await assert.rejects(cluster.remoteCallFetch(failWith, 2, "range"), { code: "ERR_REMOTE" });
    const items = Array.from({ length: 300 }, (_, index) => index);
    assert.deepEqual(await cluster.pmap(square, items), items.map(square));
  }
  assert.deepEqual(endpoint.alive(), []);
  assert.equal(endpoint.local.tasks().length, 4);
});

test("tasks that ECS starts twice, or does not know at first, or late, cost no worker its place", async () => {
  await using endpoint = await ECSEndpoint.start({ instances: 2 });
  await using manager = endpoint.manager({ workers: 3 });
  const { faults } = endpoint.local;
  faults.add({ kind: "start-twice", times: 3 });
  faults.add({ kind: "missing", times: 3 });
  faults.add({ kind: "delay-start", delayMs: 300, times: 1 });
  {
    await using cluster = new Cluster({ output: "ignore" });
    const { joined, failures } = await cluster.addProcs(manager);
    assert.deepEqual([joined.length, failures], [3, []]);
    assert.equal(endpoint.local.tasks().length, 6);
    const items = [1, 2, 3, 4, 5];
    assert.deepEqual(await cluster.pmap(square, items), items.map(square));
  }
  // Those that were one too many leave by themselves.
  await Promise.all(
    endpoint.local
      .tasks()
      .map(({ taskArn }) =>
        endpoint.local.waitForTask(taskArn, ({ lastStatus }) => lastStatus === "STOPPED"),
      ),
  );
});

test("a map with a worker's task killed in the middle gives every result", async () => {
  await using endpoint = await ECSEndpoint.start({ instances: 2 });
  await using manager = endpoint.manager({ workers: 3 });
  await using cluster = new Cluster();
  await cluster.addProcs(manager);
  const { osPid } = cluster.workerInfo(3).report;
  const items = Array.from({ length: 120 }, (_, index) => index);
  let isKilled = false;
  const results = await cluster.pmap(busySquare, items, {
    progressMs: 0,
    onProgress: ({ done }) => {
      if (done < 20 || isKilled) return;
      isKilled = true;
      process.kill(osPid, "SIGKILL");
    },
  });
  assert.deepEqual(results, items.map(square));
  await untilGone([osPid], AbortSignal.timeout(5_000));
  assert.deepEqual(cluster.workers(), [2, 4]);
});

test("a removed worker's task is stopped, and one that exits is told with its exit code", async () => {
  await using endpoint = await ECSEndpoint.start({ instances: 1 });
  await using manager = endpoint.manager({ workers: 2 });
  await using cluster = new Cluster({ output: "ignore" });
  await cluster.addProcs(manager);
  const removed = cluster.workerInfo(2).launched.id;
  await cluster.rmProcs(2);
  assert.equal(endpoint.local.tasks().find(({ taskArn }) => taskArn === removed)?.lastStatus, "STOPPED");
  await assert.rejects(cluster.remoteCallFetch(exitWith, 3, 9), (error) => {
    assert.ok(error instanceof ProcessExitedError);
    assert.equal(error.reason.exitCode, 9);
    assert.match(error.message, /exit code 9/);
    return true;
  });
  assert.deepEqual(endpoint.alive(), []);
});

test(`a worker that computes for ${BUSY_MS / 1000} s without a pause is neither suspected nor lost, and is heard`, async () => {
  const lines = new WorkerLines();
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager();
  await using cluster = new Cluster({
    output: lines.sink,
    heartbeat: { intervalMs: 200, suspectMs: 1_000, lostMs: 2_000 },
  });
  await cluster.addProcs(manager);
  const doubts: string[] = [];
  for (const name of ["suspect", "exited"] as const) cluster.on(name, () => doubts.push(name));
  let isOver = false;
  const call = cluster.remoteCallFetch(busyAndTalkative, 2, BUSY_MS).finally(() => (isOver = true));
  for (const text of ["the loop begins", "in the loop 1", "in the loop 5"]) {
    const line = await lines.first((line) => line.text === text);
    assert.equal(line.pid, 2);
    assert.equal(isOver, false, `"${text}" came only after the loop`);
  }
  assert.ok((await call) >= 5);
  await lines.first(({ text }) => text === "the loop is over");
  assert.deepEqual(doubts, []);
  assert.equal(await cluster.remoteCallFetch(add, 2, 1, 1), 2);
});
