import assert from "node:assert/strict";
import { test } from "node:test";
import { NoSuchProcessError, RemoteError } from "#dist/index.js";
import { deferred } from "#dist/util/deferred.js";
import { randomBytes } from "node:crypto";
import { ConnectionPurpose, keyIdOf } from "#dist/protocol/handshake.js";
import { dialHandshake } from "#dist/rpc/handshake-exchange.js";
import {
  callAny,
  callFrom,
  callOnPoolOf,
  callThatIsLost,
  echoOn,
  hold,
  innerMap,
  makesFor,
  mapThatWaits,
  procsSeen,
  refusedBy,
  sumOn,
  workersLabelled,
} from "./fixtures/peers.js";
import { launchedId, memoryCluster, once, type MemoryCluster } from "./memory-cluster.js";

async function withWorkers(
  context: Parameters<typeof memoryCluster>[0],
  workers: number,
  options: Parameters<typeof memoryCluster>[1] = {},
): Promise<MemoryCluster & { memory: ReturnType<MemoryCluster["manager"]> }> {
  const made = memoryCluster(context, options);
  const memory = made.manager({ workers });
  await made.cluster.addProcs(memory);
  return { ...made, memory };
}

test("workers call each other, and connect to do so with the first call", async (context) => {
  const { cluster, network } = await withWorkers(context, 3);
  const before = network.openConnections;
  assert.equal(await cluster.remoteCallFetch(callFrom, 2, 4), 4);
  assert.equal(network.openConnections, before + 2);
  assert.equal(await cluster.remoteCallFetch(callFrom, 4, 2), 2);
  assert.equal(await cluster.remoteCallFetch(callFrom, 2, 4), 4);
  assert.equal(network.openConnections, before + 2, "both use the same connection");
});

test("any, on a worker, is one that it has given the least to do", async (context) => {
  const { cluster } = await withWorkers(context, 3);
  assert.equal(await cluster.remoteCallFetch(callAny, 3), 4);
  assert.equal(await cluster.remoteCallFetch(callAny, 4), 2);
});

test("two workers that want a connection to each other at once get one", async (context) => {
  const { cluster, network } = await withWorkers(context, 2);
  const before = network.openConnections;
  const calls = Array.from({ length: 10 }, () => [
    cluster.remoteCallFetch(callFrom, 2, 3),
    cluster.remoteCallFetch(callFrom, 3, 2),
  ]);
  assert.deepEqual(new Set(await Promise.all(calls.flat())), new Set([2, 3]));
  assert.equal(network.openConnections, before + 2);
});

test("a worker that cannot be reached is asked to connect itself", async (context) => {
  const { cluster, network } = await withWorkers(context, 2);
  network.refuse("worker-1", "worker-2");
  const before = network.openConnections;
  assert.equal(await cluster.remoteCallFetch(callFrom, 2, 3), 3);
  assert.equal(network.openConnections, before + 2);
});

function cutOff({ network }: MemoryCluster): void {
  network.refuse("worker-1", "worker-2");
  network.refuse("worker-2", "worker-1");
}

test("workers that cannot reach each other call through the manager", async (context) => {
  const made = await withWorkers(context, 2);
  const { cluster, network } = made;
  cutOff(made);
  const before = network.openConnections;
  assert.equal(await cluster.remoteCallFetch(callFrom, 2, 3), 3);
  assert.equal(await cluster.remoteCallFetch(callFrom, 3, 2), 2);
  assert.equal(await cluster.remoteCallFetch(sumOn, 2, 3, 5_000_000), 5_000_000);
  const bytes = new Uint8Array(3_000_000).map((_, index) => index * 31);
  assert.deepEqual(await cluster.remoteCallFetch(echoOn, 3, 2, bytes), bytes);
  assert.equal(network.openConnections, before);
});

test("a relay ends with the worker at its other end", async (context) => {
  const made = await withWorkers(context, 2);
  const { cluster, memory } = made;
  cutOff(made);
  const lost = lostCall(made, 2, 3);
  await lost.begun;
  memory.crash(launchedId(cluster, 3));
  assert.match((await lost.outcome).message, /worker 3 is gone: it crashed/);
});

interface LostCall {
  readonly begun: Promise<void>;
  readonly outcome: ReturnType<typeof callThatIsLost>;
}

function lostCall({ cluster }: MemoryCluster, from: number, to: number): LostCall {
  hold.begun = deferred();
  hold.on = to;
  hold.until = new Promise(() => {});
  return { begun: hold.begun.promise, outcome: cluster.remoteCallFetch(callThatIsLost, from, to) };
}

test("a lost connection fails the calls on it, says so, and comes back with the next call", async (context) => {
  const made = await withWorkers(context, 2);
  const lost = lostCall(made, 2, 3);
  await lost.begun;
  made.network.cut(undefined, ["worker-1", "worker-2"]);
  const { error, message, again } = await lost.outcome;
  assert.equal(error, "link");
  assert.match(
    message,
    /connection between worker 2 and worker 3 was lost; worker 3 is still in the cluster/,
  );
  assert.equal(again, 3);
  assert.deepEqual(made.cluster.workers(), [2, 3]);
});

test("a worker that dies fails the calls of the others with the manager's reason", async (context) => {
  const made = await withWorkers(context, 2);
  const lost = lostCall(made, 2, 3);
  await lost.begun;
  made.memory.crash(launchedId(made.cluster, 3));
  const { error, message, again } = await lost.outcome;
  assert.equal(error, "exit");
  assert.match(message, /worker 3 is gone: it crashed/);
  assert.equal(again, "ProcessExitedError");
});

test("a pid that never was is an error on a worker too", async (context) => {
  const { cluster } = await withWorkers(context, 1);
  await assert.rejects(
    cluster.remoteCallFetch(callFrom, 2, 9),
    (error) =>
      error instanceof RemoteError &&
      error.remoteName === "NoSuchProcessError" &&
      /no process 9\b.*are 1, 2/.test(error.message),
  );
  await assert.rejects(cluster.remoteCallFetch(callFrom, 9, 2), NoSuchProcessError);
});

test("on a worker, too, the manager may be a member of a pool", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.equal(await cluster.remoteCallFetch(callOnPoolOf, 2, 1), 1);
});

test("all processes see the same members, with their labels, and those that leave", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 3 }), { labels: { disk: "ssd" } });
  await cluster.addProcs(manager({ workers: 2 }), { labels: { disk: "hdd" } });
  for (const pid of cluster.workers()) {
    assert.deepEqual(await cluster.remoteCallFetch(procsSeen, pid), [1, 2, 3, 4, 5, 6], `on ${pid}`);
    assert.deepEqual(await cluster.remoteCallFetch(workersLabelled, pid, "hdd"), [5, 6]);
  }
  const exited = once(cluster, "exited");
  await cluster.rmProcs(3);
  await exited;
  await new Promise((resolve) => setImmediate(resolve));
  for (const pid of cluster.workers()) {
    assert.deepEqual(await cluster.remoteCallFetch(procsSeen, pid), [1, 2, 4, 5, 6], `on ${pid}`);
  }
});

test("maps within maps end, with every worker busy with an outer item", async (context) => {
  const { cluster } = await withWorkers(context, 3);
  const squares = await cluster.pmap(innerMap, [5, 6, 7, 8, 9, 10], { concurrency: 2 });
  assert.deepEqual(squares[5], [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
  assert.equal(squares.length, 6);
});

test("a stranger cannot pass for another worker", async (context) => {
  const { cluster, network } = await withWorkers(context, 2);
  const { host, port } = cluster.workerInfo(3);
  const secret = randomBytes(32);
  const { signal } = new AbortController();
  const asStranger = async (purpose: ConnectionPurpose): Promise<unknown> =>
    dialHandshake(await network.dial({ host, port, signal }), {
      purpose,
      keyId: keyIdOf(secret),
      secret,
      nonce: randomBytes(32),
      maxMessageBytes: 1_000_000,
      signal,
    });
  await assert.rejects(asStranger(ConnectionPurpose.peer), /does not know that key/);
  assert.equal(await cluster.remoteCallFetch(callFrom, 2, 3), 3);
});

test("a message as large as they may be passes through the manager, and a larger one is that call's error", async (context) => {
  const made = await withWorkers(context, 2, { maxMessageBytes: 200_000 });
  const { cluster } = made;
  cutOff(made);
  const overhead =
    200_000 - (await largest(190_000, 200_000, (size) => cluster.remoteCallFetch(sumOn, 2, 3, size)));
  assert.ok(overhead > 0 && overhead < 200, `${overhead} bytes`);
  assert.deepEqual(cluster.workers(), [2, 3]);
});

/** The largest size, between one that works and one that does not, with which the call works. */
async function largest(
  works: number,
  fails: number,
  call: (size: number) => Promise<unknown>,
): Promise<number> {
  if (fails - works === 1) return works;
  const middle = (works + fails) >> 1;
  const isGood = await call(middle).then(
    () => true,
    (error: unknown) => {
      assert.match((error as Error).message, /the limit is 1999\d\d/);
      return false;
    },
  );
  return isGood ? largest(middle, fails, call) : largest(works, middle, call);
}

test("what a worker sends on runs in the context of the worker that it is sent to", async (context) => {
  const { cluster } = await withWorkers(context, 3);
  // The connections are made within calls of workers 2 and 3, and serve both ways.
  await cluster.remoteCallFetch(callFrom, 2, 3);
  await cluster.remoteCallFetch(makesFor, 3, 4);
  await cluster.remoteCallFetch(callFrom, 3, 4);
  for (const [from, to] of [
    [3, 2],
    [4, 3],
    [2, 4],
    [4, 2],
  ] as const) {
    assert.equal(await cluster.remoteCallFetch(callFrom, from, to), to);
  }
});

test("a map on a worker goes on when a connection is lost", async (context) => {
  const { cluster, network } = await withWorkers(context, 2);
  hold.begun = deferred();
  hold.on = 3;
  const open = deferred<void>();
  hold.until = open.promise;
  const mapped = cluster.remoteCallFetch(mapThatWaits, 2, 4);
  await hold.begun.promise;
  network.cut(undefined, ["worker-1", "worker-2"]);
  open.resolve();
  assert.equal((await mapped).length, 4);
});

test("a worker that has not heard of another one yet asks the manager", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 8 }));
  const late = deferred<void>();
  const memory = manager({ workers: 2, fate: (n) => (n === 2 ? { startAfter: late.promise } : "runs") });
  // Functions that are known are called at once.
  await cluster.remoteCallFetch(procsSeen, 2);
  await cluster.remoteCallFetch(callFrom, 2, 3);
  // One of two has come, to eight that are there: the news of it wait for the other one, and go out after these calls.
  const calls = new Promise<readonly [Promise<number[]>, Promise<number>, Promise<string>]>((resolve) => {
    cluster.on("joined", ({ pid }) => {
      if (pid !== 10) return;
      resolve([
        cluster.remoteCallFetch(procsSeen, 2),
        cluster.remoteCallFetch(callFrom, 2, 10),
        cluster.remoteCallFetch(makesFor, 3, 10),
      ]);
    });
  });
  const launch = cluster.addProcs(memory);
  const [seen, called, made] = await calls;
  assert.deepEqual(await seen, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.equal(await called, 10);
  assert.equal(await made, "made");
  assert.equal(await cluster.remoteCallFetch(callFrom, 10, 2), 2);
  late.resolve();
  await launch;
  assert.deepEqual(await cluster.remoteCallFetch(procsSeen, 2), cluster.procs());
});

test("a worker that came after the end of another one knows it for gone, and not for one that never was", async (context) => {
  const { cluster, manager } = await withWorkers(context, 2);
  await cluster.rmProcs(2);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.equal(await cluster.remoteCallFetch(makesFor, 4, 2), "ProcessExitedError");
  assert.equal(await cluster.remoteCallFetch(makesFor, 4, 9), "NoSuchProcessError");
});

test("in topology master_worker a worker calls the manager and itself, and no other worker", async (context) => {
  const { cluster } = await withWorkers(context, 2, { topology: "master_worker" });
  assert.equal(await cluster.remoteCallFetch(callFrom, 2, 1), 1);
  assert.equal(await cluster.remoteCallFetch(callFrom, 2, 2), 2);
  const message = await cluster.remoteCallFetch(refusedBy, 2, 3);
  assert.match(message ?? "", /worker 2 cannot call worker 3: the cluster's topology is master_worker/);
  assert.deepEqual(await cluster.remoteCallFetch(innerMap, 3, 3), [0, 1, 4]);
});

test("in a custom topology workers call those that one of them names", async (context) => {
  const { cluster, manager } = memoryCluster(context, { topology: "custom" });
  await cluster.addProcs(manager({ workers: 1 }), { ident: "hub" });
  await cluster.addProcs(manager({ workers: 2 }), { ident: "leaf", connectIdents: ["hub"] });
  assert.equal(await cluster.remoteCallFetch(callFrom, 3, 2), 2);
  assert.equal(await cluster.remoteCallFetch(callFrom, 2, 4), 4);
  const message = await cluster.remoteCallFetch(refusedBy, 3, 4);
  assert.match(
    message ?? "",
    /worker 3 cannot call worker 4: the cluster's topology is custom.*connectIdents/,
  );
});

test("without lazy, workers connect before anyone calls", async (context) => {
  const { cluster, network } = await withWorkers(context, 4, { lazy: false });
  const links = 6;
  while (network.openConnections < 2 * (2 * 4 + links)) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await cluster.remoteCallFetch(callFrom, 2, 5), 5);
  assert.equal(network.openConnections, 2 * (2 * 4 + links));
});
