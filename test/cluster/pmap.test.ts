import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { ItemKillsWorkersError } from "#dist/errors.js";
import type { MemoryManager, WorkerFate } from "#dist/testing/index.js";
import { deferred } from "#dist/util/deferred.js";
import { double, fail, hooks, visit } from "./fixtures/work.js";
import { launchedId, memoryCluster, once, settled, type MemoryCluster } from "./memory-cluster.js";

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

async function withWorkers(
  context: Parameters<typeof memoryCluster>[0],
  workers: number,
): Promise<MemoryCluster & { memory: MemoryManager }> {
  const made = memoryCluster(context);
  const memory = made.manager({ workers });
  await made.cluster.addProcs(memory);
  return { ...made, memory };
}

/** Ends the worker with this pid, as a signal does. */
function crash(
  { cluster, memory }: Pick<MemoryCluster, "cluster"> & { memory: MemoryManager },
  pid: number,
): void {
  memory.crash(launchedId(cluster, pid));
}

void test("awaited, a map gives all results in the order of the input, from all workers", async (context) => {
  const { cluster } = await withWorkers(context, 5);
  const seen = new Set<number>();
  hooks.visit = async (item, pid) => {
    seen.add(pid);
    // Later items end earlier.
    await settled();
    if (item % 2 === 0) await settled();
  };
  const results = await cluster.pmap(visit, numbers(100));
  assert.deepEqual(
    results,
    numbers(100).map((item) => 10 * item),
  );
  assert.deepEqual(
    [...seen].toSorted((a, b) => a - b),
    [2, 3, 4, 5, 6],
  );
});

void test("iterated, it gives them in the order of the input, or as they are finished", async (context) => {
  const { cluster } = await withWorkers(context, 3);
  const gate = deferred<void>();
  hooks.visit = (item) => (item === 0 ? gate.promise : undefined);
  const finished: number[] = [];
  for await (const result of cluster.pmap(visit, numbers(20), { order: "finished" })) {
    finished.push(result);
    if (finished.length === 19) gate.resolve();
  }
  assert.equal(finished.at(-1), 0, "the one that took longest is last");
  assert.deepEqual(
    finished.toSorted((a, b) => a - b),
    numbers(20).map((item) => 10 * item),
  );
  const inOrder: number[] = [];
  for await (const result of cluster.pmap(visit, numbers(20))) inOrder.push(result);
  assert.deepEqual(
    inOrder,
    numbers(20).map((item) => 10 * item),
  );
});

void test("entries tell which item each result belongs to", async (context) => {
  const { cluster } = await withWorkers(context, 3);
  const entries: (readonly [number, number])[] = [];
  for await (const entry of cluster.pmap(double, [5, 6, 7], { order: "finished" }).entries())
    entries.push(entry);
  assert.deepEqual(
    entries.toSorted(([a], [b]) => a - b),
    [
      [0, 10],
      [1, 12],
      [2, 14],
    ],
  );
});

void test("results are handed out once", async (context) => {
  const { cluster } = await withWorkers(context, 1);
  const map = cluster.pmap(double, [1]);
  assert.deepEqual(await map, [2]);
  await assert.rejects(async () => {
    for await (const _ of map);
  }, /handed out once/);
  const iterated = cluster.pmap(double, [1]);
  for await (const result of iterated) assert.equal(result, 2);
  await assert.rejects(iterated, /handed out once/);
});

async function* later(count: number): AsyncGenerator<number> {
  for (let item = 0; item < count; item++) {
    await settled();
    yield item;
  }
}

void test("the input may be asynchronous, any other iterable, or empty", async (context) => {
  const { cluster } = await withWorkers(context, 2);
  assert.deepEqual(await cluster.pmap(double, later(5)), [0, 2, 4, 6, 8]);
  assert.deepEqual(await cluster.pmap(double, new Set([3, 4])), [6, 8]);
  assert.deepEqual(await cluster.pmap(double, []), []);
  assert.deepEqual(await cluster.pmap(double, later(0)), []);
  for await (const _ of cluster.pmap(double, [])) assert.fail("there are no results");
});

void test("a map whose input breaks the rules of iterators ends, and says what it gave", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const refused = {
    name: "TypeError",
    message: /the items of pmap gave undefined where \{ value, done \} is due/,
  };
  const now = { [Symbol.iterator]: () => ({ next: () => undefined }) };
  const later = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(undefined) }) };
  for (const items of [now, later]) {
    await assert.rejects(cluster.pmap(double, items as unknown as Iterable<number>), refused);
  }
});

void test("an endless input is read only as far as needed, and closed when the iteration is left", async (context) => {
  const { cluster } = await withWorkers(context, 2);
  let taken = 0;
  let isClosed = false;
  function* endless(): Generator<number> {
    try {
      for (;;) yield taken++;
    } finally {
      isClosed = true;
    }
  }
  const results: number[] = [];
  for await (const result of cluster.pmap(double, endless(), { concurrency: 2 })) {
    results.push(result);
    await settled();
    if (results.length === 10) break;
  }
  assert.deepEqual(
    results,
    numbers(10).map((item) => 2 * item),
  );
  assert.ok(isClosed);
  assert.ok(taken < 100, `${taken} items were taken for 10 results`);
  await settled();
  assert.equal(await cluster.remoteCallFetch(double, 2, 1), 2, "the workers are free again");
});

void test("the first error ends the map, with the item's remote error, and nothing more is sent", async (context) => {
  const { cluster } = await withWorkers(context, 2);
  let isClosed = false;
  function* items(): Generator<number> {
    try {
      for (let item = 0; ; item++) yield item;
    } finally {
      isClosed = true;
    }
  }
  await assert.rejects(async () => cluster.pmap(fail, items()), {
    name: "RemoteError",
    // Whichever worker was first.
    message: /RangeError: item \d+ is bad/,
  });
  assert.ok(isClosed);
});

void test("an input that throws ends the map with its error", async (context) => {
  const { cluster } = await withWorkers(context, 2);
  const error = new Error("the file is gone");
  function* sync(): Generator<number> {
    yield 1;
    throw error;
  }
  async function* async(): AsyncGenerator<number> {
    yield* sync();
  }
  await assert.rejects(async () => cluster.pmap(double, sync()), error);
  await assert.rejects(async () => cluster.pmap(double, async()), error);
});

void test("an aborted map rejects with the signal's reason", async (context) => {
  const { cluster } = await withWorkers(context, 2);
  const controller = new AbortController();
  const reason = new Error("enough");
  hooks.visit = (item) => {
    if (item === 3) controller.abort(reason);
    return settled();
  };
  await assert.rejects(
    async () => cluster.pmap(visit, numbers(1_000), { signal: controller.signal }),
    reason,
  );
  await assert.rejects(async () => cluster.pmap(visit, [1], { signal: AbortSignal.abort(reason) }), reason);
});

void test("the items of a worker that dies run again on others; all results come, in order", async (context) => {
  const made = await withWorkers(context, 4);
  const { cluster } = made;
  const victims = new Set([20, 41, 60]);
  const attempts = new Map<number, number>();
  hooks.visit = async (item, pid) => {
    attempts.set(item, (attempts.get(item) ?? 0) + 1);
    if (victims.delete(item)) {
      crash(made, pid);
      await new Promise(() => {});
    }
    await settled();
  };
  const results = await cluster.pmap(visit, numbers(100));
  assert.deepEqual(
    results,
    numbers(100).map((item) => 10 * item),
  );
  assert.equal(cluster.nworkers(), 1);
  for (const item of [20, 41, 60]) assert.equal(attempts.get(item), 2, `item ${item}`);
});

void test("an item that kills its workers is set aside after so many deaths, and the map fails", async (context) => {
  const made = await withWorkers(context, 5);
  hooks.visit = async (item, pid) => {
    if (item !== 7) return;
    crash(made, pid);
    await new Promise(() => {});
  };
  await assert.rejects(
    async () => made.cluster.pmap(visit, numbers(20), { concurrency: 1, maxDeaths: 2 }),
    (error: ItemKillsWorkersError) => {
      assert.equal(error.name, "ItemKillsWorkersError");
      assert.deepEqual([error.index, error.deaths], [7, 2]);
      assert.equal((error.cause as Error).name, "ProcessExitedError");
      return true;
    },
  );
  assert.equal(made.cluster.nworkers(), 3);
});

void test("the item that kills workers is named, and not the ones that were sent along with it", async (context) => {
  const made = await withWorkers(context, 5);
  const alive = new Set(made.cluster.workers());
  const innocent = new Set<number>();
  hooks.visit = (item, pid) => {
    if (item !== 700) return innocent.add(item);
    if (alive.delete(pid)) crash(made, pid);
    return new Promise(() => {});
  };
  const done = made.cluster.pmap(visit, numbers(1_000), { concurrency: 20, order: "finished" });
  await assert.rejects(async () => done, { name: "ItemKillsWorkersError", index: 700, deaths: 3 });
  assert.equal(made.cluster.nworkers(), 2);
});

void test("items that were on two workers when those died are not blamed for what others did", async (context) => {
  const made = await withWorkers(context, 4);
  const gone = [deferred<void>(), deferred<void>()];
  let exits = 0;
  made.cluster.on("exited", () => gone[exits++]?.resolve());
  // Each kills its worker once, and the second when the items of the first have found others.
  const deadly = new Map<number, Promise<unknown>>([
    [1, Promise.resolve()],
    [2, gone[0]!.promise.then(settled)],
    [3, gone[1]!.promise.then(settled)],
  ]);
  hooks.visit = async (item, pid) => {
    await deadly.get(item);
    if (deadly.delete(item)) {
      crash(made, pid);
      await new Promise(() => {});
    }
    await settled();
    await settled();
  };
  const results = await made.cluster.pmap(visit, numbers(200), { concurrency: 20, maxDeaths: 2 });
  assert.deepEqual(
    results,
    numbers(200).map((item) => 10 * item),
  );
  assert.equal(made.cluster.nworkers(), 1);
});

void test("results that wait for an item whose worker died do not keep it from running again", async (context) => {
  const made = await withWorkers(context, 3);
  let isFirst = true;
  const first = deferred<number>();
  let visited = 0;
  hooks.visit = async (item, pid) => {
    visited++;
    if (item > 0 || !isFirst) return;
    isFirst = false;
    first.resolve(pid);
    await new Promise(() => {});
  };
  const results: number[] = [];
  const reading = (async () => {
    for await (const result of made.cluster.pmap(visit, numbers(500), { concurrency: 1 }))
      results.push(result);
  })();
  const pid = await first.promise;
  let before = -1;
  // Until the map has gone as far ahead as it goes.
  while (visited !== before) {
    before = visited;
    await settled();
  }
  assert.ok(visited < 500);
  crash(made, pid);
  await reading;
  assert.deepEqual(
    results,
    numbers(500).map((item) => 10 * item),
  );
});

void test("a map whose last worker dies fails, unless others are on their way", async (context) => {
  const made = await withWorkers(context, 1);
  const { cluster, manager } = made;
  hooks.visit = (item, pid) => {
    if (item === 3 && pid === 2) crash(made, pid);
    return settled();
  };
  await assert.rejects(async () => cluster.pmap(visit, numbers(10)), { name: "NoWorkersError" });
  const gate = deferred<void>();
  const fate = (n: number): WorkerFate => (n === 1 ? "runs" : { startAfter: gate.promise });
  const second = manager({ workers: { min: 1, max: 2 }, fate });
  const launch = cluster.addProcs(second);
  const { pid } = await once(cluster, "joined");
  hooks.visit = (item, on) => {
    if (item === 3 && on === pid) second.crash(launchedId(cluster, pid));
    return settled();
  };
  void once(cluster, "exited").then(() => gate.resolve());
  const map = cluster.pmap(visit, numbers(10));
  assert.deepEqual(
    await map,
    numbers(10).map((item) => 10 * item),
  );
  assert.equal((await launch).joined.length, 1);
});

void test("a worker that is removed in the middle of a map loses nothing", async (context) => {
  const { cluster } = await withWorkers(context, 3);
  let removed: Promise<void> | undefined;
  hooks.visit = async (item) => {
    if (item === 20) removed ??= cluster.rmProcs([2, 3]);
    await settled();
  };
  const results = await cluster.pmap(visit, numbers(60));
  assert.deepEqual(
    results,
    numbers(60).map((item) => 10 * item),
  );
  await removed;
  assert.deepEqual(cluster.workers(), [4]);
});

void test("an item is not blamed for a worker that was removed while it ran", async (context) => {
  const { cluster } = await withWorkers(context, 3);
  const begun = deferred<number>();
  hooks.visit = async (_item, pid) => {
    begun.resolve(pid);
    if (cluster.nworkers() > 1) await new Promise(() => {});
  };
  const map = cluster.pmap(visit, [1], { maxDeaths: 1 });
  const first = await begun.promise;
  await cluster.rmProcs(cluster.workers().filter((pid) => pid === first));
  hooks.visit = () => undefined;
  assert.deepEqual(await map, [10]);
});

void test("workers that join while a map runs are used by it", async (context) => {
  const { cluster, manager } = await withWorkers(context, 1);
  const seen = new Set<number>();
  let adding: PromiseLike<unknown> | undefined;
  hooks.visit = async (item, pid) => {
    seen.add(pid);
    if (item === 5) adding = cluster.addProcs(manager({ workers: 2 }));
    await settled();
  };
  await cluster.pmap(visit, numbers(80), { concurrency: 1 });
  await adding;
  assert.deepEqual(
    [...seen].toSorted((a, b) => a - b),
    [2, 3, 4],
  );
});

void test("a map that begins before any worker is there waits for the launch that is under way", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const gate = deferred<void>();
  const launch = cluster.addProcs(manager({ workers: 2, fate: () => ({ startAfter: gate.promise }) }));
  const map = cluster.pmap(double, numbers(10));
  await settled();
  gate.resolve();
  assert.deepEqual(
    await map,
    numbers(10).map((item) => 2 * item),
  );
  await launch;
});

void test("a map that waits for a launch that fails, fails too", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const gate = deferred<void>();
  const launch = cluster.addProcs(
    manager({ workers: 1, fate: () => ({ startAfter: gate.promise }), timeouts: { launchMs: 20 } }),
  );
  await assert.rejects(async () => cluster.pmap(double, numbers(10)), { name: "NoWorkersError" });
  await assert.rejects(async () => launch, { name: "LaunchError" });
});

void test("without workers a map runs in this process, by the same rules", async (context) => {
  const { cluster } = memoryCluster(context);
  assert.deepEqual(
    await cluster.pmap(double, numbers(10)),
    numbers(10).map((item) => 2 * item),
  );
  await assert.rejects(async () => cluster.pmap(fail, [4]), { name: "RemoteError", pid: 1 });
});

void test("a cluster that closes while calls and a map are in flight settles them all", async (context) => {
  const { cluster } = await withWorkers(context, 3);
  let running = 0;
  const all = deferred<void>();
  hooks.visit = () => {
    if (++running === 6) all.resolve();
    return new Promise(() => {});
  };
  const calls = [2, 3, 4].map((pid) => cluster.remoteCallFetch(visit, pid, pid));
  const map = cluster.pmap(visit, numbers(10), { concurrency: 1 });
  const settledCalls = Promise.allSettled([...calls, map]);
  await all.promise;
  await cluster.close();
  for (const outcome of await settledCalls) {
    assert.equal(outcome.status, "rejected");
    assert.match((outcome.reason as Error).name, /ProcessExitedError|NoWorkersError|ClusterClosedError/);
  }
});

void test("several maps run at the same time", async (context) => {
  const { cluster } = await withWorkers(context, 3);
  const maps = numbers(5).map((n) => cluster.pmap(double, numbers(20 + n)));
  for (const [n, results] of (await Promise.all(maps)).entries())
    assert.deepEqual(
      results,
      numbers(20 + n).map((item) => 2 * item),
    );
});

void test("each step of a map is told, if that is asked for", async (context) => {
  const { cluster } = await withWorkers(context, 2);
  const steps: number[] = [];
  await cluster.pmap(double, numbers(30), {
    progressMs: 0,
    onProgress: ({ done, running, taken }) => {
      assert.equal(taken, done + running);
      steps.push(done);
    },
  });
  assert.deepEqual(
    steps,
    numbers(30).map((n) => n + 1),
  );
});

void test("an error that nobody awaits does not pass in silence: it ends the program", () => {
  const program = fileURLToPath(new URL("./fixtures/unheard-error.js", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [program], { encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /RemoteError.*item 1 is bad/);
});
