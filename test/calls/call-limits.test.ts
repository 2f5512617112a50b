import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { currentCall, exponentialBackOff, type CurrentCall } from "#dist/index.js";
import { deferred } from "#dist/util/deferred.js";
import { hooks, visit } from "../cluster/fixtures/work.js";
import { memoryCluster } from "../cluster/memory-cluster.js";

/** The reason for which the signal aborts. */
function aborted({ signal }: CurrentCall): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(signal.reason);
    signal.addEventListener("abort", () => resolve(signal.reason), { once: true });
  });
}

for (const pid of [2, 1]) {
  const where = pid === 1 ? "the manager" : "a worker";

  void test(`on ${where} a call knows its caller and its deadline, and learns that its caller has given up`, async (context) => {
    const { cluster, manager } = memoryCluster(context);
    await cluster.addProcs(manager({ workers: 1 }));
    const calls: CurrentCall[] = [];
    const begun = deferred<void>();
    const reason = deferred<unknown>();
    hooks.visit = async () => {
      const call = currentCall();
      calls.push(call);
      begun.resolve();
      reason.resolve(await aborted(call));
    };
    const controller = new AbortController();
    const call = cluster.remoteCallFetch(visit, { pid, signal: controller.signal, timeoutMs: 60_000 }, 1);
    await begun.promise;
    assert.equal(calls[0]!.callerPid, 1);
    const leftMs = calls[0]!.deadline! - Date.now();
    assert.ok(leftMs > 0 && leftMs < 61_000, `${leftMs} ms left`);
    assert.equal(calls[0]!.signal.aborted, false);
    controller.abort(new Error("enough"));
    await assert.rejects(call, { message: "enough" });
    assert.equal(((await reason.promise) as Error).name, "AbortError");
  });

  void test(`on ${where} a call notices by itself that its time is up`, async (context) => {
    const { cluster, manager } = memoryCluster(context);
    await cluster.addProcs(manager({ workers: 1 }));
    // So that the function is there and nothing but its own time can keep the call from beginning.
    await cluster.remoteCallFetch(visit, pid, 0);
    const reason = deferred<unknown>();
    const end = deferred<void>();
    hooks.visit = async () => {
      reason.resolve(await aborted(currentCall()));
      // An answer might be as fast as the caller's own notice.
      await end.promise;
    };
    await assert.rejects(cluster.remoteCallFetch(visit, { pid, timeoutMs: 200 }, 1), {
      name: "CallTimeoutError",
    });
    const { name } = (await reason.promise) as Error;
    end.resolve();
    // Its caller's word may be as fast as its own clock.
    assert.ok(name === "CallTimeoutError" || name === "AbortError", name);
  });

  void test(`on ${where} the future of a call fails when its caller gives up`, async (context) => {
    const { cluster, manager } = memoryCluster(context);
    await cluster.addProcs(manager({ workers: 1 }));
    const gate = deferred<void>();
    hooks.visit = () => gate.promise;
    const timed = await cluster.remoteCall(visit, { pid, timeoutMs: 5 }, 1);
    await assert.rejects(timed.wait(), { name: "CallTimeoutError" });
    await assert.rejects(timed.fetch(), { name: "CallTimeoutError" });
    const controller = new AbortController();
    const given = await cluster.remoteCall(visit, { pid, signal: controller.signal }, 1);
    controller.abort(new Error("enough"));
    await assert.rejects(given.fetch(), { message: "enough" });
    gate.resolve();
    const inTime = await cluster.remoteCall(visit, { pid, timeoutMs: 60_000 }, 4);
    assert.equal(await inTime.fetch(), 40);
  });
}

void test("after the first question a call is known behind its awaits, and each knows its own", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  hooks.visit = () => void currentCall();
  await cluster.remoteCallFetch(visit, 2, 0);
  const both = deferred<void>();
  const seen = new Map<number, number | undefined>();
  hooks.visit = async (item) => {
    if (item === 2) both.resolve();
    await both.promise;
    seen.set(item, currentCall().deadline);
  };
  await Promise.all([
    cluster.remoteCallFetch(visit, { pid: 2, timeoutMs: 100_000 }, 1),
    cluster.remoteCallFetch(visit, 2, 2),
  ]);
  assert.ok(seen.get(1)! > Date.now());
  assert.equal(seen.get(2), undefined);
});

void test("outside of a call there is no current one, and the error says where to ask", () => {
  assert.throws(() => currentCall(), { name: "TypeError", message: /before its first await/ });
});

void test("what runs when its caller's process goes is told so", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers: 1 });
  await cluster.addProcs(memory);
  const begun = deferred<void>();
  const reason = deferred<unknown>();
  hooks.visit = async () => {
    begun.resolve();
    reason.resolve(await aborted(currentCall()));
  };
  const call = cluster.remoteCallFetch(visit, 2, 1);
  call.catch(() => {});
  await begun.promise;
  memory.crash(cluster.workerInfo(2).launched.id);
  await assert.rejects(call, { name: "ProcessExitedError" });
  assert.equal(((await reason.promise) as Error).name, "ConnectionClosedError");
});

void test("a call to any goes to another worker when its own is lost, as often as it may", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers: 3 });
  await cluster.addProcs(memory);
  const pids: number[] = [];
  let deaths = 2;
  hooks.visit = async (_item, on) => {
    pids.push(on);
    if (deaths-- <= 0) return;
    memory.crash(cluster.workerInfo(on).launched.id);
    await new Promise(() => {});
  };
  const call = { pid: "any", retryDelays: [0, 0] } as const;
  assert.equal(await cluster.remoteCallFetch(visit, call, 5), 50);
  assert.deepEqual(pids, [2, 3, 4]);
  deaths = 1;
  await assert.rejects(cluster.remoteCallFetch(visit, { pid: 4, retryDelays: [0, 0] }, 5), {
    name: "ProcessExitedError",
    pid: 4,
  });
});

void test("a call whose function threw is made again, unless its caller's check refuses", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  let attempts = 0;
  hooks.visit = () => {
    if (++attempts < 3) throw new RangeError("not yet");
  };
  const retry = { pid: 2, retryDelays: exponentialBackOff({ firstDelayMs: 0, retries: 5 }) };
  assert.equal(await cluster.remoteCallFetch(visit, retry, 1), 10);
  assert.equal(attempts, 3);
  attempts = 0;
  assert.equal(await (await cluster.remoteCallWait(visit, retry, 1)).fetch(), 10);
  attempts = 0;
  const asked: number[] = [];
  const retryCheck = (_error: Error, { attempt }: { readonly attempt: number }): boolean => {
    asked.push(attempt);
    return attempt < 2;
  };
  await assert.rejects(cluster.remoteCallFetch(visit, { ...retry, retryCheck }, 1), { name: "RemoteError" });
  assert.deepEqual([attempts, asked], [2, [1, 2]]);
  attempts = -100;
  await assert.rejects(cluster.remoteCallFetch(visit, retry, 1), { name: "RemoteError" });
  assert.equal(attempts, -94);
});

const wrongOptions: readonly [options: object, error: object][] = [
  [{ stop: "gently" }, { name: "TypeError", message: /one of signal, interrupt, kill/ }],
  [{ stop: "kill" }, { name: "TypeError", message: /need a signal or timeoutMs/ }],
  [
    { timeoutMs: 5, stopAfterMs: 0 },
    { name: "RangeError", message: /stopAfterMs/ },
  ],
  [{ retryDelays: [-1] }, { name: "RangeError", message: /each of retryDelays/ }],
  [{ retryCheck: () => true }, { name: "TypeError", message: /needs retryDelays/ }],
  [
    { retryDelays: [1], retryCheck: true },
    { name: "TypeError", message: /retryCheck must be a function/ },
  ],
];

for (const [options, error] of wrongOptions) {
  void test(`a call refuses ${Object.entries(options).join(" and ")}`, async (context) => {
    const { cluster } = memoryCluster(context);
    await assert.rejects(cluster.remoteCallFetch(visit, { pid: 1, ...options }, 1), error);
  });
}

void test("a signal that all work of a program shares has one listener, and none when the work is over", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const { signal } = new AbortController();
  const gate = deferred<void>();
  hooks.visit = () => gate.promise;
  using channel = await cluster.channel<number>({ capacity: 20 });
  const pool = cluster.workerPool();
  const work = Array.from({ length: 12 }, (_, item): readonly Promise<unknown>[] => [
    cluster.remoteCallFetch(visit, { pid: "any", signal }, item),
    Promise.resolve(cluster.pmap(visit, [item], { signal })),
    channel.take({ signal }),
    pool.take({ signal }).then((pid) => pool.put(pid)),
  ]).flat();
  assert.equal(getEventListeners(signal, "abort").length, 1);
  gate.resolve();
  for (let item = 0; item < 12; item++) await channel.put(item);
  await Promise.all(work);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

void test("a function that throws because its time is up ends in the error of the time, whoever was faster", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  hooks.visit = () => {
    const { deadline } = currentCall();
    // Computing until then, it throws before any timer of the caller has its turn.
    while (performance.timeOrigin + performance.now() <= deadline!);
    throw new Error("too late");
  };
  for (const pid of [1, 2]) {
    const late = { name: "CallTimeoutError", message: "the call did not end within 20 ms" };
    await assert.rejects(cluster.remoteCallFetch(visit, { pid, timeoutMs: 20 }, 1), late);
    await assert.rejects(cluster.remoteCallWait(visit, { pid, timeoutMs: 20 }, 1), late);
  }
});
