import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Cluster, type Future } from "#dist/index.js";
import { deferred } from "#dist/util/deferred.js";
import { double, fail, hooks, visit } from "../cluster/fixtures/work.js";
import { launchedId, nothingHeld, once, settled } from "../cluster/memory-cluster.js";
import { dropIt, fetchError, passOn, plusOne, setTo } from "./fixtures/work.js";
import { collectGarbage, referenceCluster, untilWaiting } from "./reference-cluster.js";

for (const [owner, reader] of [
  [2, 3],
  [2, 1],
  [1, 2],
  [2, 2],
] as const) {
  void test(`the result of a call on ${owner} is fetched by ${reader}, to which its future was sent`, async (context) => {
    const { cluster } = await referenceCluster(context, 3);
    using future = await cluster.remoteCall(double, owner, 4);
    assert.equal(await cluster.remoteCallFetch(plusOne, reader, future), 9);
    assert.equal(await future.fetch(), 8, "and by its maker");
  });

  void test(`a call that fails on ${owner} fails for ${reader} as for its maker`, async (context) => {
    const { cluster } = await referenceCluster(context, 3);
    using future = await cluster.remoteCall(fail, owner, 4);
    const seen = await cluster.remoteCallFetch(fetchError, reader, future);
    await assert.rejects(future.fetch(), seen);
    await assert.rejects(future.wait(), seen);
    assert.equal(seen.name, "RemoteError");
  });
}

void test("a future is sent before the call that gives its value has ended, and waited for by many", async (context) => {
  const { cluster } = await referenceCluster(context, 3);
  const gate = deferred<void>();
  hooks.visit = () => gate.promise;
  const future = await cluster.remoteCall(visit, 2, 4);
  const readers = [1, 2, 3, 4].map((pid) => cluster.remoteCallFetch(plusOne, pid, future));
  await settled();
  gate.resolve();
  assert.deepEqual(await Promise.all(readers), [41, 41, 41, 41]);
  assert.equal(await future.fetch(), 40);
});

void test("awaiting a future gives the future: it is no promise", async (context) => {
  const { cluster } = await referenceCluster(context, 1);
  const future = await cluster.remoteCall(double, 2, 4);
  // oxlint-disable-next-line typescript/await-thenable -- that it is none is what this is about
  const same = await future;
  assert.equal(same, future);
  assert.equal("then" in future, false);
  await future.fetch();
});

void test("a fetched future travels with its value, one whose call failed with its error", async (context) => {
  const { cluster } = await referenceCluster(context, 2);
  const future = await cluster.remoteCall(double, 2, 4);
  await future.fetch();
  assert.equal(future.isReleased, true, "nothing is kept on the worker");
  assert.equal(await cluster.remoteCallFetch(plusOne, 3, future), 9);
  const failed = await cluster.remoteCall(fail, 2, 4);
  await assert.rejects(failed.fetch());
  const seen = await cluster.remoteCallFetch(fetchError, 3, failed);
  await assert.rejects(failed.fetch(), seen);
});

void test("each time a reference arrives it is an object of its own, and is released on its own", async (context) => {
  const { cluster } = await referenceCluster(context, 2);
  using future = await cluster.remoteCall(double, 2, 4);
  const [one, other] = await cluster.remoteCallFetch(passOn<Future<number>[]>, 3, [future, future]);
  assert.equal(one, other, "within one message it is one");
  assert.notEqual(one, future);
  one!.release();
  assert.equal(future.isReleased, false);
  assert.equal(await future.fetch(), 8);
  await collectGarbage();
});

void test("references go through results, Maps and errors, and are counted where they arrive", async (context) => {
  const { cluster } = await referenceCluster(context, 2);
  {
    using future = await cluster.remoteCall(double, 2, 4);
    const value = { map: new Map([["future", future]]), error: new Error("with it", { cause: future }) };
    const back = await cluster.remoteCallFetch(passOn<typeof value>, 3, value);
    const again = back.map.get("future")!;
    assert.equal(back.error.cause, again);
    future.release();
    assert.equal(await again.fetch(), 8);
  }
  await collectGarbage();
});

for (const pid of [1, 2]) {
  void test(`an empty future on ${pid} is set once, by anyone`, async (context) => {
    const { cluster } = await referenceCluster(context, 2);
    const future = await cluster.future<number>({ pid });
    assert.equal(future.pid, pid);
    assert.equal(await future.isReady(), false);
    const waiting = future.wait();
    await cluster.remoteCallFetch(setTo, 3, future, 5);
    await waiting;
    assert.equal(await future.isReady(), true);
    await assert.rejects(future.put(6), { name: "FutureAlreadySetError", message: /a future is set once/ });
    assert.equal(await future.fetch(), 5);
    await assert.rejects(future.put(6), { name: "FutureAlreadySetError" });
    using called = await cluster.remoteCall(double, 2, 4);
    await assert.rejects(called.put(6), { name: "FutureAlreadySetError" });
  });
}

void test("a wait for a future ends with its signal or its time, and the next one begins anew", async (context) => {
  const { cluster } = await referenceCluster(context, 1);
  const future = await cluster.future<number>({ pid: 2 });
  const late = { name: "CallTimeoutError", message: /within 5 ms/ };
  await assert.rejects(future.fetch({ timeoutMs: 5 }), late);
  await assert.rejects(future.wait({ timeoutMs: 5 }), late);
  const controller = new AbortController();
  const reason = new Error("enough");
  const aborted = future.fetch({ signal: controller.signal });
  const patient = future.fetch();
  await settled();
  controller.abort(reason);
  await assert.rejects(aborted, reason);
  await assert.rejects(future.fetch({ signal: controller.signal }), reason);
  await assert.rejects(future.fetch({ timeoutMs: -1 }), { name: "RangeError" });
  await assert.rejects(future.fetch({ timeout: 1 } as object), { name: "TypeError" });
  await future.put(7);
  assert.equal(await patient, 7);
});

void test("a released future cannot be used or sent, and says so", async (context) => {
  const { cluster } = await referenceCluster(context, 2);
  const future = await cluster.remoteCall(double, 2, 4);
  future.release();
  await assert.rejects(future.fetch(), {
    name: "ReferenceReleasedError",
    message: /reference 1\.1 on process 2 was released here/,
  });
  await assert.rejects(cluster.remoteCallFetch(plusOne, 3, future), {
    name: "SerializationError",
    message: /args\[0\] is reference 1\.1 on process 2, which was released here/,
  });
  await nothingHeld(cluster);
});

void test("a future that others hold outlives its maker's", async (context) => {
  const { cluster } = await referenceCluster(context, 3);
  const gate = deferred<void>();
  hooks.visit = () => gate.promise;
  const future = await cluster.remoteCall(visit, 2, 4);
  const reader = cluster.remoteCallFetch(plusOne, 3, future);
  await untilWaiting(cluster, 2);
  future.release();
  await settled();
  gate.resolve();
  assert.equal(await reader, 41);
});

void test("a fetch that is under way ends before the release that follows it", async (context) => {
  const { cluster } = await referenceCluster(context, 1);
  const fetched = async (): Promise<number> => {
    using future = await cluster.remoteCall(double, 2, 4);
    // oxlint-disable-next-line typescript/return-await -- the block is left while the fetch is under way
    return future.fetch();
  };
  assert.equal(await fetched(), 8);
});

void test("the futures of a process that dies fail, where they were made and where they were sent", async (context) => {
  const { cluster, memory } = await referenceCluster(context, 2);
  using kept = await cluster.remoteCall(double, 2, 1);
  await kept.wait();
  using empty = await cluster.future<number>({ pid: 2 });
  const waiting = empty.fetch();
  waiting.catch(() => {});
  await settled();
  memory.crash(launchedId(cluster, 2));
  const gone = { name: "ProcessExitedError", pid: 2 };
  await assert.rejects(waiting, gone);
  await assert.rejects(kept.fetch(), gone);
  await assert.rejects(empty.put(3), gone);
  await assert.rejects(cluster.future({ pid: 2 }), gone);
});

void test("what lives on a worker that is leaving can be fetched until it is gone", async (context) => {
  const { cluster, memory } = await referenceCluster(context, 2);
  const gate = deferred<void>();
  hooks.visit = () => gate.promise;
  using kept = await cluster.remoteCall(double, 2, 4);
  using empty = await cluster.future<number>({ pid: 2 });
  const busy = cluster.remoteCallFetch(visit, 2, 1);
  const waiting = empty.fetch();
  waiting.catch(() => {});
  await untilWaiting(cluster, 2);
  memory.terminate(launchedId(cluster, 2));
  await once(cluster, "leaving");
  await assert.rejects(cluster.remoteCallFetch(double, 2, 1), { name: "ProcessExitedError" });
  assert.equal(await kept.fetch(), 8);
  gate.resolve();
  assert.equal(await busy, 10);
  await assert.rejects(waiting, { name: "ProcessExitedError" }, "it does not stay for those who only wait");
});

void test("what a dead process held is let go", async (context) => {
  const { cluster, memory } = await referenceCluster(context, 3);
  const future = await cluster.future<number>({ pid: 2 });
  hooks.visit = () => new Promise(() => {});
  const keeping = cluster.remoteCallFetch(plusOne, 3, future);
  keeping.catch(() => {});
  await untilWaiting(cluster, 2);
  future.release();
  await settled();
  const [stored] = (await cluster.heldReferences(2)).map((counts) => counts.stored);
  assert.equal(stored, 1);
  memory.crash(launchedId(cluster, 3));
  await assert.rejects(keeping, { name: "ProcessExitedError" });
  await nothingHeld(cluster);
});

void test("a future that goes out of use is let go when the garbage collector finds it", async (context) => {
  const { cluster } = await referenceCluster(context, 2);
  await (async () => {
    const future = await cluster.remoteCall(double, 2, 4);
    await cluster.remoteCallFetch(dropIt, 3, future);
  })();
  const before = await cluster.heldReferences();
  assert.deepEqual(
    before.map(({ held }) => held),
    [1, 0, 1],
  );
  await collectGarbage();
  await nothingHeld(cluster);
});

void test("what is released during a call is released on the worker", async (context) => {
  const { cluster } = await referenceCluster(context, 1);
  const gate = deferred<void>();
  hooks.visit = () => gate.promise;
  const future = await cluster.remoteCall(visit, 2, 1);
  future.release();
  await settled();
  gate.resolve();
});

void test("references inside what a closure captures travel with it", async (context) => {
  const { cluster } = await referenceCluster(context, 2);
  {
    const future = await cluster.remoteCall(double, 2, 4);
    const box = { inside: [future] };
    assert.equal(await cluster.remoteCallFetch(async () => (await box.inside[0]!.fetch()) + 1, 3), 9);
    assert.equal(await future.fetch(), 8);
  }
  await collectGarbage();
});

void test("a reference of another cluster is refused", async (context) => {
  const { cluster } = await referenceCluster(context, 1);
  await using other = new Cluster();
  using future = await cluster.future<number>();
  await assert.rejects(other.remoteCallFetch(plusOne, 1, future), {
    name: "SerializationError",
    message: /args\[0\] is a reference of another cluster/,
  });
});

void test("written to a terminal, a reference is what it stands for", async (context) => {
  const { cluster } = await referenceCluster(context, 1);
  using future = await cluster.future({ pid: 2 });
  using channel = await cluster.channel();
  assert.match(inspect({ future }), /future: \[Future: reference 1\.\d+ on process 2\] \}$/);
  assert.match(inspect(channel), /^\[RemoteChannel: reference 1\.\d+ on process 1\]$/);
  future.release();
  assert.match(inspect(future), /on process 2, released\]$/);
});
