import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { EverywhereError, LaunchError } from "#dist/errors.js";
import { deferred } from "#dist/util/deferred.js";
import { gate, log, note, noteLate, noteUnless } from "./fixtures/set-up.js";
import { memoryCluster, once } from "./memory-cluster.js";

beforeEach(() => {
  log.length = 0;
  gate.opened = Promise.resolve();
});

void test("a function runs on the manager and all workers, and gives what it gave on each", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const { results } = await cluster.everywhere(note, "a");
  assert.deepEqual(
    [...results].toSorted(([one], [other]) => one - other),
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
  );
  assert.deepEqual(log.toSorted(), ["1 a", "2 a", "3 a"]);
});

void test("workers that join later run everything, in order, before anyone sees them", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.everywhere(note, "first");
  const local = "second";
  await cluster.everywhere(() => note(local));
  const opened = deferred<void>();
  gate.opened = opened.promise;
  void cluster.everywhere(noteLate, "third");
  const launch = cluster.addProcs(manager({ workers: 1 }));
  await once(cluster, "reported");
  while (!log.includes("2 second")) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(cluster.workers(), []);
  assert.equal(cluster.nprocs(), 1);
  opened.resolve();
  await launch;
  assert.deepEqual(cluster.workers(), [2]);
  assert.deepEqual(
    log.filter((line) => line.startsWith("2")),
    ["2 first", "2 second", "2 third"],
  );
});

void test("what is added while a worker joins reaches it, once", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const opened = deferred<void>();
  gate.opened = opened.promise;
  const first = cluster.everywhere(noteLate, "first");
  const launch = cluster.addProcs(manager({ workers: 1 }));
  await once(cluster, "reported");
  const second = cluster.everywhere(note, "second");
  opened.resolve();
  await Promise.all([launch, first, second]);
  assert.deepEqual(
    log.filter((line) => line.startsWith("2")),
    ["2 first", "2 second"],
  );
});

void test("calls that are not awaited reach each process in their order", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const big = Array.from({ length: 50 }, (_, index) => `line ${index}`);
  const calls = [
    cluster.everywhere(() => note(big[0]!)),
    cluster.everywhere(note, "b"),
    cluster.everywhere(note, "c"),
  ];
  await Promise.all(calls);
  assert.deepEqual(
    log.filter((line) => line.startsWith("2")),
    ["2 line 0", "2 b", "2 c"],
  );
});

void test("arguments are those of the moment of the call, also for workers that join later", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const pids = [9];
  await cluster.everywhere(noteUnless, pids);
  pids.push(2);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.deepEqual(cluster.workers(), [2]);
});

void test("after stop, and with chosen processes, nothing runs again", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const running = await cluster.everywhere(note, "stopped");
  running.stop();
  {
    using _scoped = await cluster.everywhere(note, "scoped");
  }
  const { results } = await cluster.everywhere({ pids: [3] }, note, "chosen");
  assert.deepEqual([...results], [[3, 3]]);
  await cluster.everywhere({ pids: [1], replay: true }, note, "replayed");
  await cluster.addProcs(manager({ workers: 1 }));
  assert.deepEqual(
    log.filter((line) => line.startsWith("4")),
    ["4 replayed"],
  );
});

void test("a failure names the processes, and is not run again", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 3 }));
  await assert.rejects(cluster.everywhere(noteUnless, [2, 4]), (error: EverywhereError) => {
    assert.equal(error.name, "EverywhereError");
    assert.equal(error.code, "ERR_EVERYWHERE");
    assert.match(
      error.message,
      /^noteUnless failed on 2 of 4 processes \(2, 4\): on worker 2: RangeError: not on 2$/,
    );
    assert.deepEqual([...error.errors.keys()], [2, 4]);
    assert.equal(error.cause, error.errors.get(2));
    return true;
  });
  assert.deepEqual(log.toSorted(), ["1 unless", "3 unless"]);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.equal(log.length, 2);
});

void test("a worker on which it fails does not join, and its launch says why", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.everywhere(noteUnless, [2]);
  const { joined, failures } = await cluster.addProcs(manager({ workers: { min: 1, max: 2 } }));
  assert.deepEqual(
    joined.map(({ pid }) => pid),
    [3],
  );
  assert.deepEqual(
    failures.map(({ cause, message }) => ({ cause, message })),
    [{ cause: "join failed", message: "everywhere: noteUnless: on worker 2: RangeError: not on 2" }],
  );
  assert.deepEqual(cluster.workers(), [3]);
});

void test("what never ends on a joining worker ends with the time of the join", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  gate.opened = new Promise(() => {});
  const first = cluster.everywhere(noteLate, "never");
  const launch = cluster.addProcs(manager({ workers: 1, timeouts: { joinMs: 50 } }));
  await assert.rejects(Promise.resolve(launch), (error: LaunchError) => {
    assert.match(
      error.message,
      /everywhere: noteLate: the join, its set-up included, did not finish within 50 ms/,
    );
    return true;
  });
  void first;
});

void test("a module is imported on each process", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const url = import.meta.resolve("./fixtures/set-up-module.js");
  const { results } = await cluster.everywhere(url);
  assert.deepEqual([...results.keys()], [1, 2, 3]);
  assert.deepEqual(log, ["module"], "one process, one module");
  await cluster.everywhere(new URL(url));
});

void test("the caller can stop waiting, and nothing is run again then", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const opened = deferred<void>();
  gate.opened = opened.promise;
  const controller = new AbortController();
  const running = cluster.everywhere({ signal: controller.signal }, noteLate, "late");
  controller.abort(new Error("changed my mind"));
  await assert.rejects(running, /changed my mind/);
  await assert.rejects(cluster.everywhere({ timeoutMs: 20 }, noteLate, "late"), { code: "ERR_CALL_TIMEOUT" });
  opened.resolve();
  log.length = 0;
  await cluster.addProcs(manager({ workers: 1 }));
  assert.deepEqual(
    log.filter((line) => line.startsWith("3")),
    [],
  );
});

void test("bad input is refused before anything runs", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const everywhere = cluster.everywhere.bind(cluster) as (...given: unknown[]) => Promise<unknown>;
  await assert.rejects(everywhere(), {
    name: "TypeError",
    message: /needs a function, or the URL of a module, not undefined/,
  });
  await assert.rejects(everywhere(7), { name: "TypeError", message: /not 7/ });
  await assert.rejects(everywhere("./set-up.js"), { name: "TypeError", message: /import\.meta\.resolve/ });
  await assert.rejects(everywhere({ pid: [2] }, note), { name: "TypeError", message: /no option "pid"/ });
  await assert.rejects(everywhere({ pids: [0] }, note), { name: "TypeError", message: /not 0/ });
  await assert.rejects(everywhere({ pids: [7] }, note, "x"), { code: "ERR_NO_SUCH_PROCESS" });
  await assert.rejects(
    everywhere(note, () => 1, new WeakMap()),
    { code: "ERR_SERIALIZE" },
  );
  await assert.rejects(everywhere(new URL("./nothing.js", import.meta.url)), {
    code: "ERR_FUNCTION_NOT_FOUND",
  });
  await assert.rejects(everywhere(new URL(import.meta.url)), { message: /main module/ });
  assert.deepEqual(log, []);
  await cluster.close();
  await assert.rejects(cluster.everywhere(note, "x"), { code: "ERR_CLUSTER_CLOSED" });
});
