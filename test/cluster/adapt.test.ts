import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { LaunchError, NoWorkersError, type Cluster } from "#dist/index.js";
import { deferred } from "#dist/util/deferred.js";
import { double, hooks, visit, whoAmI } from "./fixtures/work.js";
import { launchedId, memoryCluster, once, type MemoryCluster } from "./memory-cluster.js";

/** A network in memory, unlike sockets, does not keep a program alive, and an adaptation only does while work waits. */
function adaptive(context: TestContext): MemoryCluster {
  let alive: NodeJS.Timeout | undefined;
  context.after(() => clearInterval(alive));
  const made = memoryCluster(context);
  alive = setInterval(() => {}, 1_000);
  return made;
}

/** Resolves when so many workers take calls. */
function untilWorkers(cluster: Cluster, count: number): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (cluster.nworkers() === count) resolve();
    };
    for (const name of ["joined", "leaving", "exited"] as const) cluster.on(name, look);
    look();
  });
}

void test("a map without workers gets as many as it has items, up to the most", async (context) => {
  const { cluster, manager } = adaptive(context);
  cluster.adapt(manager(), { max: 3 });
  const pids = new Set(await cluster.pmap(whoAmI, Array.from({ length: 200 })));
  assert.deepEqual(cluster.workers(), [2, 3, 4]);
  assert.ok(![...pids].includes(1), "the manager does none of it");
});

void test("no more are started than there is work for", async (context) => {
  const { cluster, manager } = adaptive(context);
  const adaptation = cluster.adapt(manager(), { max: 8, labels: { kind: "elastic" } });
  assert.deepEqual(await cluster.pmap(double, [1, 2]), [2, 4]);
  assert.deepEqual(cluster.workers({ labels: { kind: "elastic" } }), [2, 3]);
  assert.deepEqual(adaptation.workers, [2, 3]);
});

void test("work that has waited brings more workers while it goes on", async (context) => {
  const { cluster, manager } = adaptive(context);
  cluster.adapt(manager(), { min: 1, max: 4, patienceMs: 0 });
  await once(cluster, "joined");
  const gate = deferred<void>();
  const seen = new Set<number>();
  hooks.visit = async (_item, pid) => {
    seen.add(pid);
    if (seen.size === 4) gate.resolve();
    await gate.promise;
  };
  await cluster.pmap(
    visit,
    Array.from({ length: 20 }, (_, item) => item),
    { concurrency: 1 },
  );
  assert.deepEqual(seen, new Set([2, 3, 4, 5]));
});

void test("a call to any worker waits for the first one, and several waiting calls bring several", async (context) => {
  const { cluster, manager } = adaptive(context);
  cluster.adapt(manager(), { max: 2, patienceMs: 0 });
  assert.equal(await cluster.remoteCallFetch(double, "any", 4), 8);
  assert.deepEqual(cluster.workers(), [2]);
  const gate = deferred<void>();
  hooks.visit = () => gate.promise;
  const calls = [1, 2, 3].map((item) => cluster.remoteCallFetch(visit, "any", item));
  await once(cluster, "joined");
  gate.resolve();
  assert.deepEqual(await Promise.all(calls), [10, 20, 30]);
  assert.deepEqual(cluster.workers(), [2, 3]);
});

void test("workers without work are given back, the youngest first, down to the minimum", async (context) => {
  const { cluster, manager } = adaptive(context);
  const left: number[] = [];
  cluster.on("leaving", ({ pid }) => left.push(pid));
  cluster.adapt(manager(), { min: 1, max: 3, idleMs: 0, patienceMs: 0 });
  const gate = deferred<void>();
  hooks.visit = () => gate.promise;
  const results = cluster.pmap(visit, [1, 2, 3], { concurrency: 1 });
  await untilWorkers(cluster, 3);
  gate.resolve();
  await results;
  await untilWorkers(cluster, 1);
  assert.deepEqual(left, [4, 3]);
});

void test("a worker on which somebody keeps a value is not given back", async (context) => {
  const { cluster, manager } = adaptive(context);
  cluster.adapt(manager(), { max: 2, idleMs: 0, patienceMs: 0 });
  const future = await cluster.remoteCall(double, "any", 21);
  const gate = deferred<void>();
  hooks.visit = () => gate.promise;
  const results = cluster.pmap(visit, [1, 2], { concurrency: 1 });
  await untilWorkers(cluster, 2);
  gate.resolve();
  await results;
  await untilWorkers(cluster, 1);
  assert.deepEqual(cluster.workers(), [future.pid]);
  assert.equal(await future.fetch(), 42);
  await untilWorkers(cluster, 0);
});

void test("a worker that dies is made good as the work asks for", async (context) => {
  const { cluster, manager } = adaptive(context);
  const memory = manager();
  cluster.adapt(memory, { max: 1 });
  const begun = deferred<void>();
  hooks.visit = (_item, pid) => {
    if (pid > 2) return undefined;
    begun.resolve();
    return new Promise(() => {});
  };
  const results = cluster.pmap(visit, [1, 2]);
  await begun.promise;
  memory.crash(launchedId(cluster, 2));
  assert.deepEqual(await results, [10, 20]);
  assert.deepEqual(cluster.workers(), [3]);
});

void test("when no launch brings a worker what waits fails, with the reason", async (context) => {
  const { cluster, manager } = adaptive(context);
  const adaptation = cluster.adapt(manager({ fate: () => "refused" }), { max: 2 });
  const results = cluster.pmap(double, [1, 2]);
  const failed = once(cluster, "failed");
  await failed;
  adaptation.stop();
  await assert.rejects(
    results,
    (error) => error instanceof NoWorkersError && error.cause instanceof LaunchError,
  );
});

void test("after stop nothing is started or given back", async (context) => {
  const { cluster, manager } = adaptive(context);
  using adaptation = cluster.adapt(manager(), { min: 1, max: 3, idleMs: 0 });
  await once(cluster, "joined");
  adaptation.stop();
  let requests = 0;
  cluster.on("starting", () => requests++);
  assert.deepEqual(await cluster.pmap(double, [1, 2, 3]), [2, 4, 6]);
  assert.equal(requests, 0);
  assert.equal(cluster.nworkers(), 1);
});

void test("bad options of adapt are refused before anything is started", (context) => {
  const { cluster, manager } = adaptive(context);
  const memory = manager();
  const refused = (options: object, message: RegExp): void => {
    assert.throws(() => cluster.adapt(memory, options as { max: number }), message);
  };
  refused({}, /max must be a number, not undefined/);
  refused({ max: 0 }, /max must be a whole number from 1 to 10000, not 0/);
  refused({ min: 3, max: 2 }, /min must be a whole number from 0 to 2, not 3/);
  refused({ max: 2, idleMs: -1 }, /idleMs must be 0 to/);
  refused({ max: 2, replace: true }, /adapt takes no replace/);
  refused({ max: 2, label: {} }, /there is no option "label"/);
  assert.deepEqual(memory.running, []);
});
