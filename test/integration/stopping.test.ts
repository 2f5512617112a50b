import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Cluster, LocalManager } from "#dist/index.js";
import {
  callerAfterAwait,
  computeForever,
  computeForeverAfterAwait,
  computeForeverFor,
  neverEnds,
  sleepInNativeCode,
  sleepInNativeCodeFor,
  untilAborted,
  visitsSoFar,
  waitForMemory,
} from "./fixtures/stopped.js";
import { nothingIsLeft } from "./leftovers.js";
import { WorkerLines } from "./worker-lines.js";

afterEach(nothingIsLeft);

const begun = ({ text }: { readonly text: string }): boolean => text === "begun";

interface Workers extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly lines: WorkerLines;
}

async function withWorkers(count: number): Promise<Workers> {
  const lines = new WorkerLines();
  const cluster = new Cluster({ output: lines.sink });
  await cluster.addProcs(new LocalManager(count));
  return { cluster, lines, [Symbol.asyncDispose]: () => cluster.close() };
}

const withoutEnd: readonly (() => unknown)[] = [computeForever, computeForeverAfterAwait, waitForMemory];

for (const compute of withoutEnd) {
  test(`a call of ${compute.name} is broken off when its caller has given up, and its worker keeps its state`, async () => {
    await using made = await withWorkers(1);
    const { cluster, lines } = made;
    const controller = new AbortController();
    const call = cluster.remoteCallFetch(compute, { pid: 2, signal: controller.signal, stopAfterMs: 50 });
    await lines.first(begun);
    controller.abort(new Error("enough"));
    await assert.rejects(call, { message: "enough" });
    // Answered as soon as the worker is free again.
    assert.equal(await cluster.remoteCallFetch(visitsSoFar, 2), 1);
    for (let round = 0; round < 5; round++) {
      // It may be given up before it has begun, and then does not.
      const given = { pid: 2, timeoutMs: 20, stopAfterMs: 20 };
      await assert.rejects(cluster.remoteCallFetch(compute, given), { name: "CallTimeoutError" });
      assert.ok((await cluster.remoteCallFetch(visitsSoFar, 2)) <= round + 2);
    }
    assert.deepEqual(cluster.workers(), [2]);
  });
}

test("a call that heeds its signal ends in good order, and is not broken off", async () => {
  await using made = await withWorkers(1);
  const { cluster, lines } = made;
  await assert.rejects(cluster.remoteCallFetch(untilAborted, { pid: 2, timeoutMs: 500 }), {
    name: "CallTimeoutError",
  });
  // Its own clock and its caller's word reach it at the same time.
  await lines.first(({ text }) => /^aborted: (CallTimeoutError|AbortError)$/.test(text));
  assert.equal(await cluster.remoteCallFetch(visitsSoFar, 2), 1);
});

for (const compute of withoutEnd) {
  test(`a call of ${compute.name} is broken off also where calls are followed through what they await`, async () => {
    await using made = await withWorkers(1);
    const { cluster, lines } = made;
    const given = { pid: 2, timeoutMs: 200, stopAfterMs: 20 };
    for (let round = 0; round < 3; round++) {
      await assert.rejects(cluster.remoteCallFetch(compute, given), { name: "CallTimeoutError" });
      // Served by the same process, and followed, from the first round on.
      assert.equal(await cluster.remoteCallFetch(callerAfterAwait, 2), 1);
    }
    assert.deepEqual(cluster.workers(), [2]);
    await cluster.close();
    assert.deepEqual(
      lines.all.filter(({ text }) => text !== "begun"),
      [],
    );
  });
}

test("what has ended is answered before a call that computes on", async () => {
  await using made = await withWorkers(1);
  const { cluster } = made;
  const controller = new AbortController();
  const quick = cluster.remoteCallFetch(visitsSoFar, 2);
  const slow = cluster.remoteCallFetch(computeForever, {
    pid: 2,
    signal: controller.signal,
    stopAfterMs: 50,
  });
  const given = assert.rejects(slow, { name: "AbortError" });
  assert.equal(await quick, 0);
  controller.abort();
  await given;
});

test("only the call that was given up is broken off, not the one that it waits for", async () => {
  await using made = await withWorkers(1);
  const { cluster, lines } = made;
  const busy = cluster.remoteCallFetch(busyFor, 2, 1_000);
  await lines.first(begun);
  await assert.rejects(cluster.remoteCallFetch(visitsSoFar, { pid: 2, timeoutMs: 20, stopAfterMs: 20 }), {
    name: "CallTimeoutError",
  });
  assert.equal(await busy, "done");
});

function busyFor(ms: number): string {
  console.log("begun");
  const end = performance.now() + ms;
  while (performance.now() < end);
  return "done";
}

test("with others going on, a call that has awaited is broken off by interrupt alone", async () => {
  await using made = await withWorkers(1);
  const { cluster, lines } = made;
  const interrupted = { name: "CallInterruptedError" };
  const waiting = cluster.remoteCallFetch(neverEnds, 2);
  await lines.first(begun);
  lines.all.length = 0;
  const controller = new AbortController();
  const { signal } = controller;
  const computing = cluster.remoteCallFetch(computeForeverAfterAwait, { pid: 2, signal, stopAfterMs: 20 });
  await lines.first(begun);
  controller.abort(new Error("enough"));
  await assert.rejects(computing, { message: "enough" });
  await assert.rejects(cluster.remoteCallFetch(visitsSoFar, { pid: 2, timeoutMs: 500 }), {
    name: "CallTimeoutError",
  });
  await Promise.all([assert.rejects(waiting, interrupted), cluster.interrupt(2)]);
  assert.equal(await cluster.remoteCallFetch(visitsSoFar, 2), 2);
});

test("the items of a map that is given up leave their workers free", async () => {
  await using made = await withWorkers(1);
  const { cluster, lines } = made;
  const controller = new AbortController();
  const map = cluster.pmap(computeForever, [1, 2, 3], {
    signal: controller.signal,
  });
  await lines.first(begun);
  controller.abort(new Error("enough"));
  await assert.rejects(async () => map, { message: "enough" });
  assert.equal(await cluster.remoteCallFetch(visitsSoFar, 2), 1);
});

test("an item that computes on past its time is broken off, and its worker goes on with the others", async () => {
  await using made = await withWorkers(1);
  const { cluster } = made;
  // So that the time of the first item is not spent with loading.
  assert.equal(await cluster.remoteCallFetch(visitsSoFar, 2), 0);
  const given: unknown[] = [];
  const results = await cluster.pmap(computeForeverFor, [0, 1, 2, 3, 2, 4], {
    itemTimeoutMs: 1_000,
    stopAfterMs: 50,
    onError: (error, { index, pid }) => {
      given.push([error.name, index, pid]);
      return "given up";
    },
  });
  assert.deepEqual(results, [0, 1, "given up", 3, "given up", 4]);
  assert.deepEqual(given, [
    ["CallTimeoutError", 2, 2],
    ["CallTimeoutError", 4, 2],
  ]);
  assert.deepEqual(cluster.workers(), [2]);
  assert.equal(await cluster.remoteCallFetch(visitsSoFar, 2), 6);
});

test("an item that nothing else ends takes its worker along, if it may, and the map goes on with the others", async () => {
  await using made = await withWorkers(2);
  const { cluster } = made;
  await Promise.all([2, 3].map((pid) => cluster.remoteCallFetch(visitsSoFar, pid)));
  const gone = new Promise((resolve) => cluster.on("exited", ({ reason }) => resolve(reason.kind)));
  const results = await cluster.pmap(sleepInNativeCodeFor, [0, 1, 2, 3, 4], {
    itemTimeoutMs: 1_000,
    stop: "kill",
    stopAfterMs: 50,
    onError: (error) => error.name,
  });
  assert.deepEqual(results, [0, 1, "CallTimeoutError", 3, 4]);
  assert.equal(await gone, "stopped");
  assert.equal(cluster.nworkers(), 1);
});

test("interrupt ends all calls of a worker, running or waiting, and leaves idle ones alone", async () => {
  await using made = await withWorkers(2);
  const { cluster, lines } = made;
  const interrupted = { name: "CallInterruptedError", code: "ERR_CALL_INTERRUPTED", message: /worker 2/ };
  const waiting = cluster.remoteCallFetch(neverEnds, 2);
  await lines.first(begun);
  lines.all.length = 0;
  const computing = cluster.remoteCallFetch(computeForever, 2);
  await lines.first(begun);
  const behind = cluster.remoteCallFetch(visitsSoFar, 2).catch(({ code }: { code: string }) => code);
  const ends = [waiting, computing].map((call) => assert.rejects(call, interrupted));
  await cluster.interrupt();
  await Promise.all(ends);
  // Its turn may come before the worker hears that it is to end.
  assert.ok([2, "ERR_CALL_INTERRUPTED"].includes(await behind));
  assert.equal(await cluster.remoteCallFetch(visitsSoFar, 2), 2);
  assert.equal(await cluster.remoteCallFetch(visitsSoFar, 3), 0);
  await cluster.interrupt([2, 3]);
  assert.deepEqual(cluster.workers(), [2, 3]);
  await assert.rejects(cluster.interrupt(1), { name: "RangeError" });
  await assert.rejects(cluster.interrupt(7), { name: "NoSuchProcessError" });
});

test("native code is not broken off: interrupt says so, and a call that may kill its worker does", async () => {
  await using made = await withWorkers(1);
  const { cluster, lines } = made;
  const controller = new AbortController();
  const { signal } = controller;
  const call = cluster.remoteCallFetch(
    sleepInNativeCode,
    { pid: 2, signal, stop: "kill", stopAfterMs: 50 },
    60,
  );
  await lines.first(begun);
  await assert.rejects(cluster.interrupt(2), {
    name: "InterruptError",
    code: "ERR_NOT_INTERRUPTED",
    pids: [2],
    message: /rmProcs\(\[2\], \{ graceMs: 0 \}\)/,
  });
  const other = cluster.remoteCallFetch(visitsSoFar, 2);
  controller.abort(new Error("enough"));
  await assert.rejects(call, { message: "enough" });
  await assert.rejects(other, { name: "ProcessExitedError", message: /did not end within 50 ms/ });
  assert.deepEqual(cluster.workers(), []);
});

test("what waits and does not heed its signal ends with its worker, if it may", async () => {
  await using made = await withWorkers(1);
  const { cluster } = made;
  const gone = new Promise((resolve) => cluster.on("exited", ({ reason }) => resolve(reason.kind)));
  await assert.rejects(
    cluster.remoteCallFetch(neverEnds, { pid: 2, timeoutMs: 500, stop: "kill", stopAfterMs: 20 }),
    { name: "CallTimeoutError" },
  );
  assert.equal(await gone, "stopped");
});
