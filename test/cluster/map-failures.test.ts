import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { CallTimeoutError, ItemKillsWorkersError, ProcessExitedError, RemoteError } from "#dist/errors.js";
import { currentCall, type Cluster, type FailedAttempt, type MapOptions } from "#dist/index.js";
import type { MemoryManager } from "#dist/testing/index.js";
import { deferred } from "#dist/util/deferred.js";
import { double, hooks, visit } from "./fixtures/work.js";
import { launchedId, memoryCluster, settled } from "./memory-cluster.js";

async function withWorkers(
  context: TestContext,
  workers: number,
): Promise<{ cluster: Cluster; crash: (pid: number) => void; memory: MemoryManager }> {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers });
  await cluster.addProcs(memory);
  return { cluster, memory, crash: (pid) => memory.crash(launchedId(cluster, pid)) };
}

/** Each test of a failure runs with single items and with batches: only the transport may differ. */
function inEveryMode(
  name: string,
  run: (context: TestContext, mode: Pick<MapOptions, "batch">) => Promise<void>,
): void {
  for (const mode of [{}, { batch: 3 }, { batch: "auto" }] as const) {
    void test(`${name} (${JSON.stringify(mode)})`, (context) => run(context, mode));
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const tens = (count: number): number[] => numbers(count).map((item) => 10 * item);

inEveryMode("what onError gives takes the item's place, and the map goes on", async (context, mode) => {
  const { cluster } = await withWorkers(context, 3);
  hooks.visit = (item) => {
    if (item % 7 === 0) throw new RangeError(`${item} is bad`);
  };
  const heard: (FailedAttempt<number> & { error: Error })[] = [];
  const results = await cluster.pmap(visit, numbers(30), {
    ...mode,
    onError: async (error, at) => {
      heard.push({ ...at, error });
      await settled();
      return `instead of ${at.item}`;
    },
  });
  assert.deepEqual(
    results,
    tens(30).map((result, item) => (item % 7 === 0 ? `instead of ${item}` : result)),
  );
  assert.deepEqual(
    heard.map(({ index }) => index).toSorted((a, b) => a - b),
    [0, 7, 14, 21, 28],
  );
  for (const { error, pid, attempt } of heard) {
    assert.ok(error instanceof RemoteError && error.cause instanceof RangeError);
    assert.deepEqual([error.pid, attempt, cluster.workers().includes(pid)], [pid, 1, true]);
  }
});

inEveryMode("what onError throws ends the map", async (context, mode) => {
  const { cluster } = await withWorkers(context, 2);
  hooks.visit = () => {
    throw new Error("bad");
  };
  const mistake = new Error("cannot go on");
  const onError = (): never => {
    throw mistake;
  };
  await assert.rejects(async () => cluster.pmap(visit, numbers(10), { ...mode, onError }), mistake);
  const asynchronous = { ...mode, onError: () => Promise.reject(mistake) };
  await assert.rejects(async () => cluster.pmap(visit, numbers(10), asynchronous), mistake);
});

inEveryMode(
  "an item runs again as often as there are delays, and retryCheck may refuse",
  async (context, mode) => {
    const { cluster } = await withWorkers(context, 2);
    const attempts = new Map<number, number>();
    hooks.visit = (item) => {
      const attempt = (attempts.get(item) ?? 0) + 1;
      attempts.set(item, attempt);
      if (item === 3 || item === 8 || (item === 5 && attempt < 3)) throw new Error(`attempt ${attempt}`);
    };
    const asked: number[][] = [];
    const results = await cluster.pmap(visit, numbers(12), {
      ...mode,
      retryDelays: [1, 1],
      retryCheck: async (_error, { index, attempt }) => {
        await settled();
        asked.push([index, attempt]);
        return index !== 8;
      },
      onError: (error, { attempt }) => `${error.message} in attempt ${attempt}`,
    });
    assert.equal(results[5], 50);
    assert.match(String(results[3]), /attempt 3 in attempt 3/);
    assert.match(String(results[8]), /attempt 1 in attempt 1/);
    assert.deepEqual([attempts.get(3), attempts.get(5), attempts.get(8)], [3, 3, 1]);
    assert.deepEqual(
      asked.toSorted(([a, b], [c, d]) => 100 * (a! - c!) + b! - d!),
      [
        [3, 1],
        [3, 2],
        [5, 1],
        [5, 2],
        [8, 1],
      ],
    );
  },
);

inEveryMode(
  "hooks see the loss of a worker, which takes no retry and leaves the item its result",
  async (context, mode) => {
    const { cluster, crash } = await withWorkers(context, 3);
    let crashes = 0;
    hooks.visit = async (item, pid) => {
      if (item !== 4 || crashes === 2) return;
      crashes++;
      crash(pid);
      await new Promise(() => {});
    };
    const heard: unknown[] = [];
    const results = await cluster.pmap(visit, numbers(10), {
      ...mode,
      concurrency: 1,
      retryCheck: (error, { index, attempt, pid }) => {
        assert.ok(error instanceof ProcessExitedError && error.pid === pid);
        if (index === 4) heard.push(attempt);
        return true;
      },
    });
    assert.deepEqual(results, tens(10));
    assert.deepEqual(heard, [1, 2]);
  },
);

inEveryMode(
  "an item that may not run twice is not, when retryCheck says so of a lost worker",
  async (context, mode) => {
    const { cluster, crash } = await withWorkers(context, 3);
    const attempts = new Map<number, number>();
    hooks.visit = async (item, pid) => {
      attempts.set(item, (attempts.get(item) ?? 0) + 1);
      await settled();
      if (item !== 4) return;
      crash(pid);
      await new Promise(() => {});
    };
    const lost: number[] = [];
    const results = await cluster.pmap(visit, numbers(20), {
      ...mode,
      retryCheck: (error) => !(error instanceof ProcessExitedError),
      onError: (error, { index }) => {
        assert.ok(error instanceof ProcessExitedError);
        lost.push(index);
        return undefined;
      },
    });
    assert.ok(lost.includes(4));
    assert.deepEqual(
      results,
      tens(20).map((result, index) => (lost.includes(index) ? undefined : result)),
    );
    for (const [item, count] of attempts) assert.equal(count, 1, `attempts of item ${item}`);
  },
);

inEveryMode("onError is given an item that killed too many workers", async (context, mode) => {
  const { cluster, crash } = await withWorkers(context, 4);
  hooks.visit = async (item, pid) => {
    if (item !== 2) return;
    crash(pid);
    await new Promise(() => {});
  };
  const results = await cluster.pmap(visit, numbers(8), {
    ...mode,
    maxDeaths: 2,
    onError: (error, { attempt }) => {
      assert.ok(error instanceof ItemKillsWorkersError && error.cause instanceof ProcessExitedError);
      return `set aside in attempt ${attempt}`;
    },
  });
  assert.deepEqual(results, tens(8).with(2, "set aside in attempt 2" as never));
  assert.equal(cluster.nworkers(), 2);
});

void test("a map whose workers are all gone when a hook has decided says so", async (context) => {
  const { cluster, crash } = await withWorkers(context, 1);
  hooks.visit = async (_item, pid) => {
    crash(pid);
    await new Promise(() => {});
  };
  const slow = async (): Promise<boolean> => {
    await settled();
    return true;
  };
  await assert.rejects(async () => cluster.pmap(visit, numbers(3), { retryCheck: slow }), {
    name: "NoWorkersError",
  });
});

void test("a map that is aborted waits for no delay", async (context) => {
  const { cluster } = await withWorkers(context, 1);
  hooks.visit = () => {
    throw new Error("bad");
  };
  const controller = new AbortController();
  const reason = new Error("enough");
  const options: MapOptions<number> = {
    signal: controller.signal,
    retryDelays: [2 ** 30],
    retryCheck: () => {
      void settled().then(() => controller.abort(reason));
      return true;
    },
  };
  await assert.rejects(async () => cluster.pmap(visit, [1], options), reason);
});

void test("an attempt fails when its time is up, and the worker has others meanwhile", async (context) => {
  const { cluster } = await withWorkers(context, 2);
  const end = deferred<void>();
  hooks.visit = (item) => (item === 3 ? end.promise : undefined);
  const results = await cluster.pmap(visit, numbers(10), {
    itemTimeoutMs: 50,
    retryDelays: [0],
    onError: (error, { index, attempt }) => {
      assert.ok(error instanceof CallTimeoutError);
      assert.match(error.message, /item 3 did not end within 50 ms on worker [23]/);
      return [index, attempt];
    },
  });
  end.resolve();
  assert.deepEqual(results, tens(10).with(3, [3, 2] as never));
});

void test("an item knows its deadline, and is told when its time is up", async (context) => {
  const { cluster } = await withWorkers(context, 1);
  const told = deferred<unknown>();
  // Two clocks run, the worker's and the map's: a result that answers the first could come before the second.
  const gate = deferred<void>();
  hooks.visit = async () => {
    const { signal, deadline } = currentCall();
    assert.ok(deadline! > Date.now() - 60_000);
    signal.addEventListener("abort", () => told.resolve((signal.reason as Error).name), { once: true });
    await gate.promise;
  };
  const map = cluster.pmap(visit, [1], { itemTimeoutMs: 100 });
  await assert.rejects(async () => map, { name: "CallTimeoutError", message: /item 0 did not end within/ });
  assert.match(String(await told.promise), /^(CallTimeoutError|AbortError)$/);
  gate.resolve();
});

void test("a result that comes after its time does not count", async (context) => {
  const { cluster } = await withWorkers(context, 1);
  const gate = deferred<void>();
  hooks.visit = (item) => (item === 0 ? gate.promise : undefined);
  const results: unknown[] = [];
  const onError = (): string => {
    gate.resolve();
    return "late";
  };
  const map = cluster.pmap(visit, numbers(5), { itemTimeoutMs: 30, onError });
  for await (const result of map) results.push(result);
  assert.deepEqual(results, tens(5).with(0, "late" as never));
});

void test("batches and deadlines of single items exclude each other, and auto becomes single items", async (context) => {
  const { cluster } = await withWorkers(context, 1);
  assert.throws(() => cluster.pmap(double, [1], { batch: 4, itemTimeoutMs: 10 }), {
    name: "TypeError",
    message: /itemTimeoutMs.*leave batch out/,
  });
  assert.deepEqual(await cluster.pmap(double, [1, 2], { batch: "auto", itemTimeoutMs: 10_000 }), [2, 4]);
});

void test("without workers the same rules hold in this process", async (context) => {
  const { cluster } = memoryCluster(context);
  let attempts = 0;
  hooks.visit = (item) => {
    if (item === 1 && ++attempts < 3) throw new Error("bad");
    return item === 2 ? new Promise(() => {}) : undefined;
  };
  const options: MapOptions<number, string> = {
    retryDelays: [0, 0],
    retryCheck: (error) => error instanceof RemoteError,
    // Far above what the others take, on the busiest machine.
    itemTimeoutMs: 1_000,
    onError: (error, { pid }) => `${error.name} on ${pid}`,
  };
  assert.deepEqual(await cluster.pmap(visit, numbers(4), options), [0, 10, "CallTimeoutError on 1", 30]);
  hooks.visit = (item) => {
    if (item === 1) throw new Error("bad");
  };
  assert.deepEqual(await cluster.pmap(visit, numbers(4), { batch: 2, onError: () => "bad" }), [
    0,
    "bad",
    20,
    30,
  ]);
});

void test("an interrupted attempt has failed like any other, and uses up a retry", async (context) => {
  const { cluster } = await withWorkers(context, 1);
  const begun = deferred<void>();
  const attempts: number[] = [];
  hooks.visit = (item) => {
    attempts.push(item);
    if (attempts.length > 1) throw new RangeError("bad");
    begun.resolve();
    return new Promise(() => {});
  };
  const results = cluster.pmap(visit, [7], { retryDelays: [0] });
  results.catch(() => {});
  await begun.promise;
  await cluster.interrupt(2);
  await assert.rejects(results, (error) => error instanceof RemoteError && error.cause instanceof RangeError);
  assert.deepEqual(attempts, [7, 7]);
});
