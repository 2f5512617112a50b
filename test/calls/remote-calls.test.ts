import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallTarget } from "#dist/calls/call-target.js";
import { deferred } from "#dist/util/deferred.js";
import { double, fail, hooks, visit, whoAmI } from "../cluster/fixtures/work.js";
import { launchedId, memoryCluster, settled, type MemoryCluster } from "../cluster/memory-cluster.js";
import type { MemoryManager } from "#dist/testing/index.js";

async function withWorkers(
  context: Parameters<typeof memoryCluster>[0],
  workers: number,
): Promise<MemoryCluster & { memory: MemoryManager }> {
  const made = memoryCluster(context);
  const memory = made.manager({ workers });
  await made.cluster.addProcs(memory);
  return { ...made, memory };
}

/** Runs the same assertions on a worker and on the manager itself, whose calls behave alike. */
for (const pid of [2, 1]) {
  const where = pid === 1 ? "the manager" : "a worker";

  void test(`on ${where} a call gives its result or a remote error`, async (context) => {
    const { cluster } = await withWorkers(context, 1);
    assert.equal(await cluster.remoteCallFetch(double, pid, 4), 8);
    assert.equal(await cluster.remoteCallFetch(whoAmI, pid), pid);
    await assert.rejects(cluster.remoteCallFetch(fail, pid, 4), {
      name: "RemoteError",
      pid,
      remoteName: "RangeError",
    });
  });

  void test(`on ${where} a future is ready when the call has ended, is fetched as often as wanted, and released`, async (context) => {
    const { cluster } = await withWorkers(context, 1);
    const gate = deferred<void>();
    hooks.visit = () => gate.promise;
    using future = await cluster.remoteCall(visit, pid, 4);
    assert.equal(future.pid, pid);
    assert.equal(await future.isReady(), false);
    gate.resolve();
    await future.wait();
    assert.equal(await future.isReady(), true);
    assert.equal(await future.fetch(), 40);
    assert.equal(await future.fetch(), 40);
    const dropped = await cluster.remoteCall(double, pid, 4);
    dropped.release();
    dropped.release();
    await assert.rejects(dropped.fetch(), { name: "ReferenceReleasedError" });
  });

  void test(`on ${where} the future of a call that fails rejects, at wait and at fetch`, async (context) => {
    const { cluster } = await withWorkers(context, 1);
    const future = await cluster.remoteCall(fail, pid, 4);
    await assert.rejects(future.wait(), { name: "RemoteError", pid });
    await assert.rejects(future.fetch(), { name: "RemoteError", pid });
    assert.equal(await future.isReady(), true);
  });

  void test(`on ${where} a call whose caller does not wait runs once`, async (context) => {
    const { cluster } = await withWorkers(context, 1);
    const ran = deferred<number[]>();
    hooks.visit = (item, on) => ran.resolve([item, on]);
    await cluster.remoteDo(visit, pid, 7);
    assert.deepEqual(await ran.promise, [7, pid]);
  });

  void test(`on ${where} a caller may stop waiting, by time or by signal`, async (context) => {
    const { cluster } = await withWorkers(context, 1);
    const end = deferred<void>();
    hooks.visit = () => end.promise;
    await assert.rejects(cluster.remoteCallFetch(visit, { pid, timeoutMs: 5 }, 1), {
      name: "CallTimeoutError",
      message: /within 5 ms/,
    });
    const controller = new AbortController();
    const waiting = cluster.remoteCallFetch(visit, { pid, signal: controller.signal }, 1);
    const reason = new Error("enough");
    await settled();
    controller.abort(reason);
    await assert.rejects(waiting, reason);
    await assert.rejects(
      cluster.remoteCallFetch(visit, { pid, signal: AbortSignal.abort(reason) }, 1),
      reason,
    );
    end.resolve();
    hooks.visit = () => undefined;
    assert.equal(
      await cluster
        .remoteCallFetch(visit, { pid, timeoutMs: 60_000, signal: controller.signal }, 1)
        .catch(() => "aborted"),
      "aborted",
    );
    assert.equal(await cluster.remoteCallFetch(visit, { pid, timeoutMs: 60_000 }, 3), 30);
  });

  void test(`on ${where} arguments are copies`, async (context) => {
    const { cluster } = await withWorkers(context, 1);
    const given = { tags: ["a"] };
    const seen: unknown[] = [];
    const takesAny = visit as unknown as (value: object) => Promise<number>;
    hooks.visit = (value) => {
      (value as unknown as typeof given).tags.push("b");
      seen.push(value);
    };
    await cluster.remoteCallFetch(takesAny, pid, given);
    assert.deepEqual([given, seen], [{ tags: ["a"] }, [{ tags: ["a", "b"] }]]);
  });

  void test(`on ${where} arguments that cannot travel fail before anything is sent`, async (context) => {
    const { cluster } = await withWorkers(context, 1);
    const takesAny = visit as unknown as (value: unknown) => Promise<number>;
    hooks.visit = () => assert.fail("it ran");
    const callback = (): void => {};
    await assert.rejects(cluster.remoteCallFetch(takesAny, pid, callback), { name: "SerializationError" });
    await assert.rejects(cluster.remoteCall(takesAny, pid, callback), { name: "SerializationError" });
    await assert.rejects(cluster.remoteDo(takesAny, pid, callback), { name: "SerializationError" });
  });
}

void test('"any" is the worker with the fewest calls in flight, of equals the oldest', async (context) => {
  const { cluster } = await withWorkers(context, 3);
  const gate = deferred<void>();
  const pids: number[] = [];
  let begun = deferred<void>();
  hooks.visit = async (_item, pid) => {
    pids.push(pid);
    begun.resolve();
    await gate.promise;
  };
  const calls: Promise<unknown>[] = [];
  for (let item = 0; item < 4; item++) {
    begun = deferred();
    calls.push(cluster.remoteCallFetch(visit, "any", item));
    await begun.promise;
  }
  assert.deepEqual(pids, [2, 3, 4, 2]);
  gate.resolve();
  await Promise.all(calls);
});

void test('without workers "any" is refused with the way out', async (context) => {
  const { cluster } = memoryCluster(context);
  await assert.rejects(cluster.remoteCallFetch(double, "any", 1), {
    name: "NoWorkersError",
    message: /addProcs/,
  });
});

void test("the calls of a worker that dies fail, kept results too, and those of others do not", async (context) => {
  const { cluster, memory } = await withWorkers(context, 2);
  const gate = deferred<void>();
  hooks.visit = () => gate.promise;
  const kept = await cluster.remoteCall(double, 2, 1);
  await kept.wait();
  const dying = cluster.remoteCallFetch(visit, 2, 1);
  const living = cluster.remoteCallFetch(visit, 3, 2);
  await settled();
  memory.crash(launchedId(cluster, 2));
  const gone = { name: "ProcessExitedError", pid: 2 };
  await assert.rejects(dying, gone);
  await assert.rejects(kept.fetch(), gone);
  kept.release();
  await assert.rejects(cluster.remoteCall(double, 2, 1), gone);
  gate.resolve();
  assert.equal(await living, 20);
});

const wrongTargets: readonly [target: unknown, error: object][] = [
  [0, { name: "TypeError", message: /needs a pid \(1, 2, \.\.\.\) or "any", not 0/ }],
  [1.5, { name: "TypeError", message: /not 1\.5/ }],
  ["2", { name: "TypeError", message: /not "2"/ }],
  [null, { name: "TypeError" }],
  [
    { pid: 2, timeout: 5 },
    { name: "TypeError", message: /there is no option "timeout"; it takes pid, pool, signal, timeoutMs/ },
  ],
  [
    { pid: 2, timeoutMs: 0 },
    { name: "RangeError", message: /timeoutMs must be 1 to \d+ milliseconds, not 0/ },
  ],
  [99, { name: "NoSuchProcessError", message: /no process 99 in this cluster; its processes are 1/ }],
];

for (const [target, error] of wrongTargets) {
  void test(`${JSON.stringify(target)} is no target of a call`, async (context) => {
    const { cluster } = memoryCluster(context);
    await assert.rejects(cluster.remoteCallFetch(double, target as CallTarget, 1), error);
  });
}

void test("what is no function, or can travel neither by name nor by value, is refused", async (context) => {
  const { cluster } = memoryCluster(context);
  await assert.rejects(cluster.remoteCallFetch("double" as unknown as () => 1, 1), { name: "TypeError" });
  await assert.rejects(cluster.remoteCallFetch(new Proxy(() => 1, {}), 1), {
    name: "FunctionNotFoundError",
  });
});
