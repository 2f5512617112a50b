import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  CallTimeoutError,
  Cluster,
  LocalManager,
  NoSuchProcessError,
  ProcessExitedError,
  RemoteError,
  RollcallError,
  currentCluster,
  type ExitReason,
} from "#dist/index.js";
import { isAlive, untilGone } from "../fixtures/processes.js";
import {
  add,
  beginsAndNeverEnds,
  busyAndTellWho,
  busySquare,
  doubled,
  endBySignal,
  exitWith,
  failWith,
  neverEnds,
  neverEndsFor7,
  processId,
  say,
  sell,
  StockError,
  sayAndCompute,
  square,
  whoAmI,
} from "./fixtures/work.js";
import { nothingIsLeft } from "./leftovers.js";
import { WorkerLines } from "./worker-lines.js";

afterEach(nothingIsLeft);

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

test("workers are added, numbered from 2, called in every way and gone with their cluster", async () => {
  const lines = new WorkerLines();
  let osPids: number[];
  {
    await using cluster = new Cluster({ output: lines.sink });
    const { joined, failures } = await cluster.addProcs(new LocalManager(2));
    assert.deepEqual(
      joined.map(({ pid }) => pid).toSorted((a, b) => a - b),
      [2, 3],
    );
    assert.deepEqual(failures, []);
    assert.deepEqual(cluster.procs(), [1, 2, 3]);
    assert.deepEqual(cluster.workers(), [2, 3]);
    assert.equal(cluster.myId(), 1);
    osPids = cluster.workers().map((pid) => cluster.workerInfo(pid).report.osPid);

    assert.equal(await cluster.remoteCallFetch(add, 2, 1, 2), 3);
    const future = await cluster.remoteCall(add, 3, 20, 22);
    await future.wait();
    assert.equal(future.pid, 3);
    assert.equal(await future.isReady(), true);
    assert.equal(await future.fetch(), 42);
    await cluster.remoteDo(say, 2, "done without an answer", "");
    assert.equal((await lines.first(({ text }) => text === "done without an answer")).pid, 2);
    for (const pid of [2, 3]) assert.equal(await cluster.remoteCallFetch(whoAmI, pid), pid);
    assert.deepEqual(await Promise.all([2, 3].map((pid) => cluster.remoteCallFetch(processId, pid))), osPids);
  }
  assert.deepEqual(osPids.filter(isAlive), []);
});

test("an error comes back with its own class as cause and with both stacks", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(1));
  async function orderSomething(): Promise<void> {
    await cluster.remoteCallFetch(failWith, 2, "range");
  }
  await assert.rejects(orderSomething(), (error) => {
    assert.ok(error instanceof RemoteError);
    assert.equal(error.code, "ERR_REMOTE");
    assert.equal(error.pid, 2);
    assert.equal(error.remoteName, "RangeError");
    assert.match(error.message, /worker 2.*RangeError: the basket holds at most 3/);
    assert.ok(error.cause instanceof RangeError);
    assert.equal(error.cause.message, "the basket holds at most 3");
    assert.match(error.remoteStack, /at failWith .*fixtures\/work\.js/);
    assert.match(error.stack ?? "", /orderSomething/);
    assert.match(error.stack ?? "", /failWith/);
    return true;
  });
});

test("an error shows the code that waits for it, whatever it waits for", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(1));
  const which: "range"[] = ["range"];
  async function orderSomething(kind: string): Promise<unknown> {
    if (kind === "map") return await cluster.pmap(failWith, which);
    if (kind === "loop") return await cluster.distributed(which, failWith);
    if (kind === "future") return await (await cluster.remoteCall(failWith, 2, "range")).fetch();
    for await (const result of cluster.pmap(failWith, which)) return result;
    return undefined;
  }
  for (const kind of ["map", "loop", "future", "iteration"]) {
    await assert.rejects(orderSomething(kind), (error) => {
      assert.ok(error instanceof RemoteError);
      assert.match(error.stack ?? "", /orderSomething[^]*--- on the worker ---[^]*at failWith/, kind);
      return true;
    });
  }
});

test("an error of Rollcall's own that a function on a worker met is of its class as the cause", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(1));
  const call = cluster.remoteCallFetch(() => currentCluster().remoteCallFetch(Math.sqrt, 99, 1), 2);
  await assert.rejects(call, ({ cause }: Error) => {
    assert.ok(cause instanceof NoSuchProcessError);
    assert.ok(cause instanceof RollcallError);
    assert.ok(!(cause instanceof RemoteError));
    assert.equal(cause.pid, 99);
    return true;
  });
});

test("an error of a class of one's own, and a thrown value that is no error, are told by name", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(1));
  await assert.rejects(cluster.remoteCallFetch(failWith, 2, "custom"), {
    code: "ERR_REMOTE",
    remoteName: "OrderError",
    message: /OrderError: no such order/,
  });
  await assert.rejects(cluster.remoteCallFetch(failWith, 2, "text"), {
    code: "ERR_REMOTE",
    cause: "just words",
  });
  const future = await cluster.remoteCall(failWith, 2, "range");
  await assert.rejects(future.fetch(), RemoteError);
});

test("an error of a class that both sides share arrives as that class", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(1));
  await assert.rejects(cluster.remoteCallFetch(sell, 2, "salt"), (error) => {
    assert.ok(error instanceof RemoteError);
    assert.ok(error.cause instanceof StockError);
    assert.equal(error.cause.advice, "order salt");
    return true;
  });
});

test("large typed arrays travel both ways", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(1));
  const values = Float64Array.from({ length: 2_000_000 }, (_, index) => index % 1000);
  const result = await cluster.remoteCallFetch(doubled, 2, values);
  assert.ok(result.values instanceof Float64Array);
  assert.equal(result.values.length, 2_000_000);
  assert.equal(result.values[1_999_999], 2 * 999);
  assert.equal(result.sum, 2_000 * 999_000);
});

test("what workers write arrives line by line, marked with worker and stream", async () => {
  const lines = new WorkerLines();
  await using cluster = new Cluster({ output: lines.sink });
  await cluster.addProcs(new LocalManager(2));
  await Promise.all(
    cluster.workers().map((pid) => cluster.remoteCallFetch(say, pid, "one\ntwo", `from ${pid}`)),
  );
  for (const pid of cluster.workers()) {
    await lines.first((line) => line.pid === pid && line.stream === "stdout" && line.text === "one");
    await lines.first((line) => line.pid === pid && line.stream === "stdout" && line.text === "two");
    await lines.first((line) => line.pid === pid && line.stream === "stderr" && line.text === `from ${pid}`);
  }
});

test("a removed worker is gone, and its pid stays known as gone", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(2));
  const { osPid } = cluster.workerInfo(2).report;
  await cluster.rmProcs(2);
  assert.equal(isAlive(osPid), false);
  assert.deepEqual(cluster.workers(), [3]);
  await assert.rejects(
    cluster.remoteCallFetch(add, 2, 1, 1),
    (error) => error instanceof ProcessExitedError && error.reason.kind === "removed",
  );
  await assert.rejects(
    cluster.remoteCallFetch(add, 9, 1, 1),
    (error) => error instanceof NoSuchProcessError && /process 9\b.*1, 3/.test(error.message),
  );
  await assert.rejects(cluster.rmProcs(1), RangeError);
  await assert.rejects(cluster.rmProcs([3, 9]), NoSuchProcessError);
  await assert.rejects(cluster.interrupt(1), RangeError);
  assert.equal(await cluster.remoteCallFetch(add, 3, 1, 1), 2);
});

test("a worker that exits fails its calls with the exit code and its last output", async () => {
  await using cluster = new Cluster({ output: "ignore" });
  await cluster.addProcs(new LocalManager(1));
  const inFlight = cluster.remoteCallFetch(neverEnds, 2);
  await Promise.all([
    rejectsWithExit(inFlight, { kind: "exited", exitCode: 17 }),
    rejectsWithExit(cluster.remoteCallFetch(exitWith, 2, 17), { kind: "exited", exitCode: 17 }),
  ]);
  await rejectsWithExit(cluster.remoteCallFetch(add, 2, 1, 1), { kind: "exited", exitCode: 17 });
  assert.deepEqual(cluster.workers(), []);

  async function rejectsWithExit(call: Promise<unknown>, expected: Partial<ExitReason>): Promise<void> {
    await assert.rejects(call, (error) => {
      assert.ok(error instanceof ProcessExitedError);
      assert.equal(error.code, "ERR_PROCESS_EXITED");
      assert.equal(error.pid, 2);
      assert.equal(error.reason.kind, expected.kind);
      assert.equal(error.reason.exitCode, expected.exitCode);
      assert.ok(error.reason.output?.includes("the disk is full"));
      assert.match(error.message, /worker 2 .*code 17[^]*the disk is full/);
      return true;
    });
  }
});

test("a worker that is ended by a signal fails its calls with the signal and its last output", async () => {
  await using cluster = new Cluster({ output: "ignore" });
  await cluster.addProcs(new LocalManager(1));
  await assert.rejects(cluster.remoteCallFetch(endBySignal, 2, "SIGKILL"), (error) => {
    assert.ok(error instanceof ProcessExitedError);
    assert.equal(error.reason.kind, "signalled");
    assert.equal(error.reason.signal, "SIGKILL");
    assert.ok(error.reason.output?.includes("out of memory"));
    return true;
  });
});

test("a worker that is terminated from outside is told apart from one that was asked to leave", async () => {
  await using cluster = new Cluster({ output: "ignore" });
  await cluster.addProcs(new LocalManager(1));
  assert.equal(await cluster.remoteCallFetch(add, 2, 1, 2), 3);
  const exited = new Promise<ExitReason>((resolve) => cluster.on("exited", ({ reason }) => resolve(reason)));
  process.kill(cluster.workerInfo(2).report.osPid, "SIGTERM");
  const { kind, exitCode } = await exited;
  assert.deepEqual({ kind, exitCode }, { kind: "exited", exitCode: 143 });
});

test("a map gives its results in the order of the input", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(2));
  const items = range(500);
  assert.deepEqual(await cluster.pmap(square, items), items.map(square));
});

test("a map with a worker killed in the middle gives every result", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(3));
  const { osPid } = cluster.workerInfo(3).report;
  const exits: ExitReason[] = [];
  cluster.on("exited", ({ reason }) => exits.push(reason));
  const items = range(150);
  let isKilled = false;
  const results = await cluster.pmap(busySquare, items, {
    progressMs: 0,
    onProgress: ({ done }) => {
      if (done < 30 || isKilled) return;
      isKilled = true;
      process.kill(osPid, "SIGKILL");
    },
  });
  assert.deepEqual(results, items.map(square));
  await untilGone([osPid], AbortSignal.timeout(5_000));
  assert.deepEqual(
    exits.map(({ kind, signal }) => ({ kind, signal })),
    [{ kind: "signalled", signal: "SIGKILL" }],
  );
  assert.deepEqual(cluster.workers(), [2, 4]);
});

test("a worker that does not come back from an item gets no more, and the others do the rest", async () => {
  await using cluster = new Cluster({ leaveGraceMs: 200 });
  await cluster.addProcs(new LocalManager(2));
  const results = await cluster.pmap(neverEndsFor7, range(30), {
    itemTimeoutMs: 300,
    stop: "signal",
    onError: (error) => error.name,
  });
  assert.deepEqual(results, range(30).with(7, "CallTimeoutError" as never));
});

test("a map whose workers have all been lost in items fails instead of waiting for them", async () => {
  await using cluster = new Cluster({ leaveGraceMs: 200 });
  await cluster.addProcs(new LocalManager(1));
  const options = { itemTimeoutMs: 200, stop: "signal", onError: () => undefined } as const;
  await assert.rejects(async () => cluster.pmap(neverEndsFor7, range(9), options), {
    name: "NoWorkersError",
    message: /none of the map's workers \(1\).*itemTimeoutMs of 200 ms/,
  });
});

test("without workers a map runs in this process", async () => {
  await using cluster = new Cluster();
  assert.deepEqual(await cluster.pmap(busyAndTellWho, [0, 0, 0]), [1, 1, 1]);
});

test("workers that are added while a map runs are used by it", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(1));
  function* endless(): Generator<number> {
    for (;;) yield 5;
  }
  const seen = new Set<number>();
  let adding: PromiseLike<unknown> | undefined;
  for await (const pid of cluster.pmap(busyAndTellWho, endless(), { order: "finished" })) {
    seen.add(pid);
    adding ??= cluster.addProcs(new LocalManager(1));
    if (seen.size === 2) break;
  }
  await adding;
  assert.deepEqual(
    [...seen].toSorted((a, b) => a - b),
    [2, 3],
  );
});

test("a map, a call and a launch end with the reason of their signal", async () => {
  const lines = new WorkerLines();
  await using cluster = new Cluster({ output: lines.sink });
  await cluster.addProcs(new LocalManager(1));
  const reason = new Error("the user has left");
  const map = new AbortController();
  const mapped = cluster.pmap(beginsAndNeverEnds, [1, 2], { signal: map.signal });
  await lines.first(({ text }) => text === "begun");
  map.abort(reason);
  await assert.rejects(mapped, reason);

  const call = new AbortController();
  const called = cluster.remoteCallFetch(neverEnds, { pid: 2, signal: call.signal });
  call.abort(reason);
  await assert.rejects(called, reason);

  const launch = new AbortController();
  const launched = cluster.addProcs(new LocalManager(1), { signal: launch.signal });
  cluster.on("started", () => launch.abort(reason));
  await assert.rejects(Promise.resolve(launched), reason);
  assert.deepEqual(cluster.workers(), [2]);
  assert.equal(await cluster.remoteCallFetch(add, 2, 1, 1), 2);
});

test("a call that takes longer than its timeoutMs fails, and its worker goes on", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(1));
  await assert.rejects(
    cluster.remoteCallFetch(neverEnds, { pid: 2, timeoutMs: 50 }),
    (error) =>
      error instanceof CallTimeoutError && error.code === "ERR_CALL_TIMEOUT" && /50 ms/.test(error.message),
  );
  assert.equal(await cluster.remoteCallFetch(add, 2, 1, 1), 2);
});

test("two clusters in one process have workers of their own", async () => {
  await using one = new Cluster();
  await using other = new Cluster();
  await Promise.all([one.addProcs(new LocalManager(1)), other.addProcs(new LocalManager(1))]);
  const [here, there] = await Promise.all([
    one.remoteCallFetch(processId, 2),
    other.remoteCallFetch(processId, 2),
  ]);
  assert.notEqual(here, there);
  await one.close();
  assert.equal(isAlive(here), false);
  assert.equal(await other.remoteCallFetch(add, 2, 1, 1), 2);
  assert.deepEqual(await other.pmap(square, [3, 4]), [9, 16]);
});

test("a worker that computes without a pause still says what it does", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(1));
  const status = new Promise<unknown>((resolve) => cluster.on("status", ({ value }) => resolve(value)));
  const call = cluster.remoteCallFetch(sayAndCompute, 2, "deep in thought");
  call.catch(() => {});
  assert.equal(await status, "deep in thought");
  process.kill(cluster.workerInfo(2).report.osPid, "SIGKILL");
  await assert.rejects(call, ProcessExitedError);
});
