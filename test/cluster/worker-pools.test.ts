import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallTimeoutError } from "#dist/errors.js";
import { deferred } from "#dist/util/deferred.js";
import { poolOfAll, visitOn } from "./fixtures/shared-pool.js";
import { double, fail, hooks, visit, whoAmI } from "./fixtures/work.js";
import { launchedId, memoryCluster, once, settled } from "./memory-cluster.js";

void test("calls on a pool have a worker each, and those that find none free wait", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 3 }));
  const pool = cluster.workerPool([2, 4]);
  const running = new Map<number, number>();
  hooks.visit = async (_item, pid) => {
    running.set(pid, (running.get(pid) ?? 0) + 1);
    assert.equal(running.get(pid), 1);
    await settled();
    running.set(pid, 0);
  };
  const results = await Promise.all(
    Array.from({ length: 10 }, (_, item) => cluster.remoteCallFetch(visit, pool, item)),
  );
  assert.deepEqual(
    results,
    Array.from({ length: 10 }, (_, item) => 10 * item),
  );
  assert.deepEqual(
    [...running.keys()].toSorted((a, b) => a - b),
    [2, 4],
  );
  assert.equal(pool.free, 2);
});

void test("a worker is given back when the outcome of its call is known, however that ends", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const pool = cluster.workerPool();
  const gate = deferred<void>();
  hooks.visit = () => gate.promise;
  await assert.rejects(cluster.remoteCallFetch(fail, pool, 1), { name: "RemoteError" });
  await assert.rejects(cluster.remoteCallFetch(double, pool, new WeakMap() as never), {
    name: "SerializationError",
  });
  await assert.rejects(cluster.remoteCall(double, pool, new WeakMap() as never), {
    name: "SerializationError",
  });
  assert.equal(pool.free, 1);
  const future = await cluster.remoteCall(visit, pool, 1);
  assert.equal(pool.free, 0, "the call of a future still runs");
  await assert.rejects(
    cluster.remoteCallFetch(double, { pool, timeoutMs: 5 }, 1),
    (error: CallTimeoutError) => {
      return error.name === "CallTimeoutError";
    },
  );
  gate.resolve();
  assert.equal(await future.fetch(), 10);
  assert.equal(pool.free, 1);
  await cluster.remoteDo(double, pool, 1);
  assert.equal(pool.free, 1);
});

for (const pid of [2, 1]) {
  const where = pid === 1 ? "the manager" : "a worker";
  const kinds = ["remoteCallFetch", "remoteCall", "remoteCallWait"] as const;
  for (const kind of kinds) {
    void test(`who stops waiting for a ${kind} does not free ${where}, which still runs it`, async (context) => {
      const { cluster, manager } = memoryCluster(context);
      await cluster.addProcs(manager({ workers: 1 }));
      const pool = cluster.workerPool([pid]);
      const begun = deferred<void>();
      const gate = deferred<void>();
      hooks.visit = () => {
        begun.resolve();
        return gate.promise;
      };
      const controller = new AbortController();
      const reason = new Error("enough");
      const call = cluster[kind](visit, { pool, signal: controller.signal }, 1);
      await begun.promise;
      controller.abort(reason);
      await assert.rejects(async () => {
        const outcome = await call;
        if (typeof outcome === "object") await outcome.wait();
      }, reason);
      assert.equal(pool.free, 0);
      gate.resolve();
      await pool.wait();
      assert.equal(pool.free, 1);
    });
  }
}

void test("a call to a pool goes to its next worker when its own is lost, as often as it may", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers: 3 });
  await cluster.addProcs(memory);
  const pool = cluster.workerPool([3, 4]);
  const pids: number[] = [];
  hooks.visit = async (_item, pid) => {
    pids.push(pid);
    if (pid === 4) return;
    memory.crash(launchedId(cluster, pid));
    await new Promise(() => {});
  };
  assert.equal(await cluster.remoteCallFetch(visit, { pool, retryDelays: [0] }, 5), 50);
  assert.deepEqual([pids, pool.workers, pool.free], [[3, 4], [4], 1]);
});

void test("remoteCallWait resolves when the call has ended, and leaves the result with the worker", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const future = await cluster.remoteCallWait(double, 2, 4);
  assert.deepEqual([future.pid, await future.isReady(), await future.fetch()], [2, true, 8]);
  await assert.rejects(cluster.remoteCallWait(fail, "any", 4), {
    name: "RemoteError",
    message: /item 4 is bad/,
  });
  const end = deferred<void>();
  hooks.visit = () => end.promise;
  await assert.rejects(cluster.remoteCallWait(visit, { pid: 3, timeoutMs: 10 }, 4), {
    name: "CallTimeoutError",
  });
  end.resolve();
  const pool = cluster.workerPool([2]);
  assert.equal(await (await cluster.remoteCallWait(double, pool, 5)).fetch(), 10);
  assert.equal(pool.free, 1);
});

void test("every worker that joins is in the default pool, and leaves it as it leaves the cluster", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const pool = cluster.defaultWorkerPool;
  assert.deepEqual([pool.size, pool.isReady, await pool.take()], [0, false, 1]);
  const memory = manager({ workers: 3 });
  await cluster.addProcs(memory);
  assert.deepEqual(pool.workers, [2, 3, 4]);
  await cluster.rmProcs(3);
  assert.deepEqual(pool.workers, [2, 4]);
  const exited = once(cluster, "exited");
  memory.crash(launchedId(cluster, 4));
  await exited;
  assert.deepEqual(pool.workers, [2]);
});

void test("the default pool can be another one, to which workers that join are pushed", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  cluster.defaultWorkerPool = cluster.workerPool([3]);
  const remote = cluster.remote(whoAmI);
  assert.deepEqual([await remote(), await remote()], [3, 3]);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.deepEqual(cluster.defaultWorkerPool.workers, [3, 4]);
});

void test("who waits for the default pool gets a worker of the launch that is under way", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const gate = deferred<void>();
  const launch = cluster.addProcs(manager({ workers: 1, fate: () => ({ startAfter: gate.promise }) }));
  const call = cluster.remote(whoAmI)();
  gate.resolve();
  assert.equal(await call, 2);
  await launch;
});

void test("remote gives a function that runs on free workers of the pool, or in this process without any", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const tell = cluster.remote(whoAmI);
  assert.equal(await tell(), 1);
  await cluster.addProcs(manager({ workers: 2 }));
  assert.deepEqual(
    (await Promise.all([tell(), tell()])).toSorted((a, b) => a - b),
    [2, 3],
  );
  const third = cluster.workerPool([3]);
  assert.equal(await cluster.remote(whoAmI, third)(), 3);
  cluster.defaultWorkerPool = third;
  assert.equal(await tell(), 3);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.deepEqual(third.workers, [3, 4], "workers that join are pushed to the pool that took its place");
});

void test("a map on a pool uses its members, those that are pushed while it runs too, and takes none", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 4 }));
  const pool = cluster.workerPool([3]);
  const seen = new Set<number>();
  hooks.visit = async (item, pid) => {
    seen.add(pid);
    assert.equal(pool.isReady, true);
    if (item === 5) pool.push(5);
    await settled();
  };
  const items = Array.from({ length: 40 }, (_, index) => index);
  assert.deepEqual(
    await cluster.pmap(visit, items, { pool, concurrency: 1 }),
    items.map((item) => 10 * item),
  );
  assert.deepEqual(
    [...seen].toSorted((a, b) => a - b),
    [3, 5],
  );
  assert.equal(await cluster.distributed(items, double, { pool, reduce: (a, b) => a + b }), 1560);
  await assert.rejects(async () => cluster.pmap(double, items, { pool: cluster.workerPool([]) }), {
    name: "NoWorkersError",
  });
});

void test("calls to any worker go to the one with the fewest in flight, those of maps counted", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const gate = deferred<void>();
  const begun = deferred<void>();
  hooks.visit = () => {
    begun.resolve();
    return gate.promise;
  };
  const map = cluster.pmap(visit, [1], { pool: cluster.workerPool([2]) });
  await begun.promise;
  assert.equal(await cluster.remoteCallFetch(whoAmI, "any"), 3);
  gate.resolve();
  await map;
});

void test("a map inside the hooks of another one ends, on the same workers", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const inner = (_error: Error, { item }: { item: number }): PromiseLike<number[]> =>
    cluster.pmap(double, [item, item + 1]);
  assert.deepEqual(await cluster.pmap(fail, [1, 5], { onError: inner }), [
    [2, 4],
    [10, 12],
  ]);
});

void test("pools and their users are told of mistakes", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.throws(() => cluster.workerPool([2, 7]), { name: "NoSuchProcessError" });
  assert.throws(() => (cluster.defaultWorkerPool = [2] as never), {
    message: /pool must be a WorkerPool.*an array/,
  });
  assert.throws(() => cluster.remote(double, 2 as never), { message: /pool must be a WorkerPool.*not 2/ });
  await assert.rejects(
    cluster.remoteCallFetch(double, { pool: 2 } as never, 1),
    /pool must be a WorkerPool, not 2/,
  );
  const pool = cluster.workerPool();
  const limited = { pool, timeoutMs: 5 };
  await assert.rejects(cluster.remoteDo(double, limited, 1), /takes no timeoutMs/);
  await cluster.close();
  await assert.rejects(pool.take(), { name: "NoWorkersError" });
});

for (const [where, owner] of [
  ["the manager", 1],
  ["a worker", 2],
] as const) {
  void test(`processes share a pool on ${where} through a channel, with a worker each, and without one that dies`, async (context) => {
    const { cluster, manager } = memoryCluster(context);
    const memory = manager({ workers: 4 });
    await cluster.addProcs(memory);
    using workers = await cluster.channel(poolOfAll, { pid: owner });
    assert.equal(await workers.size(), 4);
    const busy = new Set<number>();
    hooks.visit = async (_item, pid) => {
      assert.ok(!busy.has(pid), "a worker has one user at a time");
      busy.add(pid);
      await settled();
      busy.delete(pid);
    };
    const items = Array.from({ length: 10 }, (_, item) => item);
    const results = await Promise.all(
      [1, 2, 3].map((pid) => cluster.remoteCallFetch(visitOn, pid, workers, items)),
    );
    for (const result of results) {
      assert.deepEqual(
        result,
        items.map((item) => 10 * item),
      );
    }
    assert.equal(await workers.isReady(), true);
    memory.crash(launchedId(cluster, 5));
    await once(cluster, "exited");
    await settled();
    assert.equal(await workers.size(), 3);
    const taken = await Promise.all([workers.take(), workers.take(), workers.take()]);
    assert.deepEqual(
      taken.toSorted((a, b) => a - b),
      [2, 3, 4],
    );
    assert.equal(await workers.isReady(), false);
    await assert.rejects(workers.take({ timeoutMs: 5 }), { name: "CallTimeoutError" });
    for (const pid of taken) await workers.put(pid);
  });
}
