import assert from "node:assert/strict";
import { test } from "node:test";
import { ProcessExitedError, type Cluster } from "#dist/index.js";
import { deferred } from "#dist/util/deferred.js";
import { double, hooks, visit } from "./fixtures/work.js";
import { launchedId, memoryCluster, once } from "./memory-cluster.js";

/** A call of worker 2 that has begun, and ends when it is told to. */
async function callUnderWay(cluster: Cluster): Promise<{ call: Promise<number>; finish: () => void }> {
  const begun = deferred<void>();
  const end = deferred<void>();
  hooks.visit = () => {
    begun.resolve();
    return end.promise;
  };
  const call = cluster.remoteCallFetch(visit, 2, 1);
  call.catch(() => {});
  await begun.promise;
  return { call, finish: end.resolve };
}

void test("a worker that is taken away finishes the call it has, and gets no other", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers: 2 });
  await cluster.addProcs(memory);
  const { call, finish } = await callUnderWay(cluster);
  const leaving = once(cluster, "leaving");
  memory.terminate(launchedId(cluster, 2));
  const { pid, isAsked, reason: why, deadline } = await leaving;
  assert.deepEqual(
    { pid, isAsked, why, deadline },
    { pid: 2, isAsked: false, why: "SIGTERM", deadline: undefined },
  );
  assert.deepEqual(cluster.workers(), [3]);
  await assert.rejects(cluster.remoteCallFetch(double, 2, 1), ProcessExitedError);
  const exited = once(cluster, "exited");
  finish();
  assert.equal(await call, 10);
  const { reason } = await exited;
  assert.equal(reason.announced, true);
  assert.match(reason.message, /; it had said before that it leaves: SIGTERM$/);
});

void test("with a known deadline its calls have the time until then, whatever the cluster allows otherwise", async (context) => {
  const { cluster, manager } = memoryCluster(context, { drainMs: 0 });
  const memory = manager({ workers: 1 });
  await cluster.addProcs(memory);
  const { call, finish } = await callUnderWay(cluster);
  const leaving = once(cluster, "leaving");
  const exited = once(cluster, "exited");
  const reason = "its machine is taken back";
  const deadline = Date.now() + 120_000;
  memory.terminate(launchedId(cluster, 2), { reason, deadline, cause: "Spot interruption" });
  const told = await leaving;
  assert.deepEqual([told.reason, told.deadline], [reason, deadline]);
  finish();
  assert.equal(await call, 10);
  const { reason: exit } = await exited;
  assert.equal(exit.cause, "Spot interruption");
  assert.match(exit.message, /its machine is taken back$/);
});

void test("who is taken away sooner than announced goes sooner", async (context) => {
  const { cluster, manager } = memoryCluster(context, { drainMs: 30 });
  const memory = manager({ workers: 2 });
  await cluster.addProcs(memory);
  const begun = deferred<void>();
  hooks.visit = (item, pid) => {
    if (pid !== 2) return item;
    begun.resolve();
    return new Promise(() => {});
  };
  const results = cluster.pmap(visit, [1, 2, 3], { maxDeaths: 1 });
  await begun.promise;
  const leaving = once(cluster, "leaving");
  const id = launchedId(cluster, 2);
  memory.terminate(id, { reason: "soon", deadline: Date.now() + 120_000 });
  await leaving;
  memory.terminate(id);
  assert.deepEqual(await results, [10, 20, 30]);
});

void test("one that was asked to leave says so", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const leaving = once(cluster, "leaving");
  await cluster.rmProcs(2);
  const { isAsked, reason } = await leaving;
  assert.deepEqual({ isAsked, reason }, { isAsked: true, reason: "it was asked to leave" });
});

void test("its replacement is on its way as soon as it says that it leaves", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers: 1 });
  await cluster.addProcs(memory, { replace: true });
  const { call, finish } = await callUnderWay(cluster);
  const joined = once(cluster, "joined");
  memory.terminate(launchedId(cluster, 2));
  assert.equal((await joined).pid, 3);
  finish();
  await call;
});

void test("what it cannot finish in time runs again elsewhere, and takes no blame for that", async (context) => {
  const { cluster, manager } = memoryCluster(context, { drainMs: 0 });
  const memory = manager({ workers: 2 });
  await cluster.addProcs(memory);
  const isStuck = deferred<void>();
  hooks.visit = (item, pid) => {
    if (pid !== 2) return item;
    isStuck.resolve();
    return new Promise(() => {});
  };
  const results = cluster.pmap(visit, [1, 2, 3, 4], { maxDeaths: 1 });
  await isStuck.promise;
  memory.terminate(launchedId(cluster, 2));
  assert.deepEqual(await results, [10, 20, 30, 40]);
});

void test("a call that never ends holds a worker up for as long as the cluster allows, and no longer", async (context) => {
  const { cluster, manager } = memoryCluster(context, { drainMs: 60 });
  const memory = manager({ workers: 1 });
  await cluster.addProcs(memory);
  const { call } = await callUnderWay(cluster);
  memory.terminate(launchedId(cluster, 2));
  await assert.rejects(
    call,
    (error) => error instanceof ProcessExitedError && error.reason.announced === true,
  );
});

void test("a worker that is removed may finish the calls it has first", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const { call, finish } = await callUnderWay(cluster);
  const removed = cluster.rmProcs(2, { drainMs: 60_000 });
  assert.deepEqual(cluster.workers(), [3]);
  finish();
  assert.equal(await call, 10);
  await removed;
  await assert.rejects(cluster.remoteCallFetch(double, 2, 1), ProcessExitedError);
});
