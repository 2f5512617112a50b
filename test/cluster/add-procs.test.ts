import assert from "node:assert/strict";
import { test } from "node:test";
import { NoSuchProcessError } from "#dist/index.js";
import { others, sameHost } from "./fixtures/peers.js";
import { double } from "./fixtures/work.js";
import { launchedId, memoryCluster, once } from "./memory-cluster.js";

void test("a launch may ask for another number of workers than its cluster manager's own", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const { joined, wanted } = await cluster.addProcs(manager({ workers: 1 }), { workers: 3 });
  assert.equal(joined.length, 3);
  assert.deepEqual(wanted, { min: 3, max: 3 });
});

void test("workers are found by the labels of their launch", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }), { labels: { disk: "ssd", zone: "a" } });
  await cluster.addProcs(manager({ workers: 1 }), { labels: { disk: "hdd", zone: "a" } });
  await cluster.addProcs(manager({ workers: 1 }));
  assert.deepEqual(cluster.workers({ labels: { disk: "ssd" } }), [2, 3]);
  assert.deepEqual(cluster.workers({ labels: { zone: "a" } }), [2, 3, 4]);
  assert.deepEqual(cluster.workers({ labels: { zone: "a", disk: "hdd" } }), [4]);
  assert.deepEqual(cluster.procs({ labels: { disk: "tape" } }), []);
  assert.deepEqual(cluster.workerInfo(4).labels, { disk: "hdd", zone: "a" });
  assert.deepEqual(cluster.workerInfo(5).labels, {});
});

void test("processes of one machine are listed by one of them", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  // In the memory network each worker is a host of its own.
  assert.deepEqual(cluster.procs({ sameHostAs: 2 }), [2]);
  assert.deepEqual(cluster.procs({ sameHostAs: 1 }), [1]);
  assert.deepEqual(cluster.workers({ sameHostAs: 1 }), []);
  assert.throws(() => cluster.procs({ sameHostAs: 9 }), NoSuchProcessError);
  for (const [pid, like, there] of [
    [2, 2, [2]],
    [2, 3, [3]],
    [3, 1, [1]],
  ] as const) {
    assert.deepEqual(await cluster.remoteCallFetch(sameHost, pid, like), there);
  }
});

void test("a process lists the others without itself, and a cluster without workers lists none", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  assert.deepEqual(cluster.procs(), [1]);
  assert.deepEqual(cluster.workers(), []);
  assert.deepEqual([cluster.nprocs(), cluster.nworkers()], [1, 0]);
  assert.deepEqual(cluster.otherProcs(), []);
  await cluster.addProcs(manager({ workers: 3 }), { labels: { kind: "any" } });
  assert.deepEqual([cluster.nprocs(), cluster.nworkers()], [4, 3]);
  assert.deepEqual(cluster.otherProcs(), [2, 3, 4]);
  assert.deepEqual(await cluster.remoteCallFetch(others, 3), { procs: [1, 2, 4], workers: [2, 4] });
  assert.deepEqual(cluster.otherWorkers({ labels: { kind: "other" } }), []);
});

void test("bad options of addProcs are refused before anything is started", (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager();
  const refused = (options: object, message: RegExp): void => {
    assert.throws(() => cluster.addProcs(memory, options), message);
  };
  refused({ worker: 3 }, /there is no option "worker"; it takes signal, workers, labels, ident, .*replace/);
  refused({ workers: 0 }, /workers must be a whole number from 1 to 10000, not 0/);
  refused({ labels: { disk: 3 } }, /labels.disk must be a string, not 3/);
  refused({ labels: { disk: "x".repeat(129) } }, /labels.disk is longer than 128 characters/);
  refused(
    { ident: "hub" },
    /ident and connectIdents are for .* topology "custom"; this one has "all_to_all"/,
  );
  refused({ replace: "yes" }, /replace must be true or false, not "yes"/);
  refused({ replace: { limit: 0 } }, /replace.limit must be a whole number of 1 or more, not 0/);
  assert.throws(() => cluster.workers({ label: {} } as object), /there is no option "label"/);
  assert.deepEqual(memory.running, []);
});

void test("a worker that dies is replaced, with its labels, and the map ends with all results", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers: 1 });
  await cluster.addProcs(memory, { labels: { kind: "spare" }, replace: true });
  const results = cluster.pmap(double, [1, 2, 3, 4, 5, 6, 7, 8]);
  const joined = once(cluster, "joined");
  memory.crash(launchedId(cluster, 2));
  assert.deepEqual(await results, [2, 4, 6, 8, 10, 12, 14, 16]);
  assert.equal((await joined).pid, 3);
  assert.deepEqual(cluster.workers({ labels: { kind: "spare" } }), [3]);
});

void test("a worker that was removed is not replaced", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }), { replace: true });
  let requests = 0;
  cluster.on("starting", () => requests++);
  await cluster.rmProcs(2);
  assert.deepEqual(cluster.workers(), [3]);
  assert.equal(requests, 0);
});

void test("without the option a worker that dies is not replaced", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers: 2 });
  await cluster.addProcs(memory);
  const exited = once(cluster, "exited");
  memory.crash(launchedId(cluster, 2));
  await exited;
  assert.deepEqual(cluster.workers(), [3]);
});

void test("when the limit of replacements is reached the cluster says how many are missing", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers: 2 });
  await cluster.addProcs(memory, { replace: { limit: 1 } });
  const joined = once(cluster, "joined");
  memory.crash(launchedId(cluster, 2));
  await joined;
  const failed = once(cluster, "failed");
  memory.crash(launchedId(cluster, 3));
  const { failure } = await failed;
  assert.equal(failure.count, 1);
  assert.equal(failure.cause, "not replaced");
  assert.deepEqual(cluster.workers(), [4]);
});

void test("bad names in a custom topology are refused", (context) => {
  const { cluster, manager } = memoryCluster(context, { topology: "custom" });
  const refused = (options: object, message: RegExp): void => {
    assert.throws(() => cluster.addProcs(manager(), options), message);
  };
  refused({ ident: 3 }, /ident must be a string such as "left", not 3/);
  refused({ ident: "x".repeat(129) }, /ident is longer than 128 characters/);
  refused({ connectIdents: "hub" }, /connectIdents must be an array, not "hub"/);
  refused({ connectIdents: ["hub", ""] }, /connectIdents\[1\] must not be empty/);
});
