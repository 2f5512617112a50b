import assert from "node:assert/strict";
import { test } from "node:test";
import { RollcallError } from "#dist/index.js";
import { setStatus } from "#dist/worker/index.js";
import { hooks, visit } from "./fixtures/work.js";
import { launchedId, memoryCluster, once } from "./memory-cluster.js";

void test("what a worker says it does is known to the manager, the last of each key", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  hooks.visit = (item) => {
    setStatus({ item, of: 10 });
    setStatus("warm", "cache");
  };
  const told = once(cluster, "status");
  await cluster.remoteCallFetch(visit, 2, 4);
  await cluster.remoteCallFetch(visit, 2, 5);
  const { pid, key, value } = await told;
  assert.deepEqual({ pid, key, value }, { pid: 2, key: "default", value: { item: 4, of: 10 } });
  assert.deepEqual(
    [...cluster.workerInfo(2).status],
    [
      ["default", { item: 5, of: 10 }],
      ["cache", "warm"],
    ],
  );
  assert.deepEqual([...cluster.workerInfo(3).status], []);
});

void test("the end of a worker tells what it was doing", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers: 1 });
  await cluster.addProcs(memory);
  hooks.visit = (item) => setStatus(`item ${item}`);
  await cluster.remoteCallFetch(visit, 2, 7);
  const exited = once(cluster, "exited");
  memory.crash(launchedId(cluster, 2));
  assert.equal((await exited).worker.status.get("default"), "item 7");
});

void test("a status that cannot travel, or is too large, is an error of the call that sets it", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const failsWith = (message: RegExp) => (error: unknown) =>
    error instanceof RollcallError && message.test(error.message);
  hooks.visit = () => setStatus({ run: () => {} });
  await assert.rejects(cluster.remoteCallFetch(visit, 2, 1), failsWith(/status\.run/));
  hooks.visit = () => setStatus("x".repeat(70_000));
  await assert.rejects(
    cluster.remoteCallFetch(visit, 2, 1),
    failsWith(/status takes 700\d\d bytes; the limit is 65536/),
  );
  hooks.visit = () => setStatus(1, "");
  await assert.rejects(cluster.remoteCallFetch(visit, 2, 1), failsWith(/key must not be empty/));
});

void test("on the manager a status is nobody's, and does nothing", () => {
  assert.doesNotThrow(() => setStatus("working"));
});
