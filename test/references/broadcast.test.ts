import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Cluster, LocalManager } from "#dist/index.js";
import { MemoryManager, MemoryNetwork } from "#dist/testing/index.js";
import type { Connection, Transport } from "#dist/transport/transport.js";
import { launchedId, memoryCluster, nothingHeld, settled } from "../cluster/memory-cluster.js";
import { errorOf, look, makeAndLook, modelOf } from "./fixtures/broadcasts.js";
import { passOn } from "./fixtures/work.js";
import { referenceCluster } from "./reference-cluster.js";

void test("every worker gets an equal value, and each time the same object", async (context) => {
  const { cluster } = await referenceCluster(context, 12);
  const model = modelOf(5_000);
  using shared = await cluster.broadcast(model);
  assert.deepEqual(shared.pids, cluster.workers());
  model.weights.fill(0);
  const first = await Promise.all(cluster.workers().map((pid) => cluster.remoteCallFetch(look, pid, shared)));
  assert.deepEqual(
    first,
    first.map(() => ({ name: "m", sum: 12_497_500, isSame: false })),
  );
  const again = await Promise.all(cluster.workers().map((pid) => cluster.remoteCallFetch(look, pid, shared)));
  assert.ok(again.every(({ isSame }) => isSame));
  const own = await shared.fetch();
  assert.deepEqual(own, modelOf(5_000));
  assert.notEqual(own, model);
  assert.equal(await shared.fetch(), own);
});

/** The bytes that leave the manager for a broadcast of 800 kB to so many workers. */
async function bytesSent(context: TestContext, workers: number): Promise<number> {
  const network = new MemoryNetwork();
  let bytes = 0;
  const counted = (connection: Connection): Connection => {
    const send = connection.send.bind(connection);
    connection.send = (message) => {
      bytes += message.segments.reduce((sum, { length }) => sum + length, message.body.length);
      return send(message);
    };
    return connection;
  };
  const transport: Transport = {
    dial: async (options) => counted(await network.dial(options)),
    listen: (options) =>
      network.listen({ ...options, accept: (connection) => options.accept(counted(connection)) }),
  };
  const cluster = new Cluster({ transport });
  context.after(() => cluster.close());
  await cluster.addProcs(new MemoryManager({ network, workers }));
  bytes = 0;
  using shared = await cluster.broadcast(modelOf(100_000));
  assert.equal(shared.pids.length, workers);
  const sent = bytes;
  await Promise.all(cluster.workers().map((pid) => cluster.remoteCallFetch(look, pid, shared)));
  assert.ok(bytes < sent + 100_000, "to fetch it nobody needs the manager");
  shared.release();
  await nothingHeld(cluster);
  return sent;
}

void test("its maker sends it to three workers, however many there are", async (context) => {
  const size = 800_000;
  const three = await bytesSent(context, 3);
  const twelve = await bytesSent(context, 12);
  assert.ok(three > 3 * size && three < 3.5 * size, `${three} bytes`);
  assert.ok(twelve > 3 * size && twelve < 3.5 * size, `${twelve} bytes`);
});

void test("who was not sent it gets it when it is first fetched: another pid, one that joins later", async (context) => {
  const { cluster, memory } = await referenceCluster(context, 3);
  using shared = await cluster.broadcast(modelOf(10), { pids: [3, 3] });
  assert.deepEqual(shared.pids, [3]);
  await cluster.addProcs(memory);
  for (const pid of [2, 7]) {
    assert.deepEqual(await cluster.remoteCallFetch(look, pid, shared), { name: "m", sum: 45, isSame: false });
    assert.equal((await cluster.remoteCallFetch(look, pid, shared)).isSame, true);
  }
});

void test("it travels in closures, results and from worker to worker", async (context) => {
  const { cluster } = await referenceCluster(context, 4);
  using shared = await cluster.broadcast([1, 2, 3]);
  const sums = await cluster.pmap(async (n: number) => (await shared.fetch()).length * n, [1, 2, 3, 4]);
  assert.deepEqual(sums, [3, 6, 9, 12]);
  const back = await cluster.remoteCallFetch(passOn<typeof shared>, 2, shared);
  assert.equal(await back.fetch(), await shared.fetch());
  assert.equal(await cluster.remoteCallFetch(makeAndLook, 3, 5), 45);
});

void test("release drops it everywhere, whoever still holds it", async (context) => {
  const { cluster } = await referenceCluster(context, 3);
  const shared = await cluster.broadcast(modelOf(10));
  const copy = await cluster.remoteCallFetch(passOn<typeof shared>, 2, shared);
  await cluster.remoteCallFetch(look, 3, shared);
  assert.ok((await cluster.heldReferences()).every(({ stored }) => stored >= 1));
  shared.release();
  await nothingHeld(cluster);
  for (const one of [shared, copy]) await assert.rejects(one.fetch(), { name: "ReferenceReleasedError" });
  await assert.rejects(cluster.remoteCallFetch(errorOf, 2, shared), { name: "SerializationError" });
});

void test("a scope, and a release of a received one, do what they say", async (context) => {
  const { cluster } = await referenceCluster(context, 2);
  await using scope = cluster.scope();
  const shared = await scope.broadcast({ n: 1 });
  const copy = await cluster.remoteCallFetch(passOn<typeof shared>, 2, shared);
  copy.release();
  await assert.rejects(copy.fetch(), { name: "ReferenceReleasedError" });
  assert.deepEqual(await shared.fetch(), { n: 1 });
});

for (const dying of [2, 5, 11]) {
  void test(`worker ${dying} of 12 that dies in the middle harms no other`, async (context) => {
    const { cluster, memory } = await referenceCluster(context, 12);
    const id = launchedId(cluster, dying);
    const placing = cluster.broadcast(modelOf(100_000));
    memory.crash(id);
    using shared = await placing;
    const others = cluster.workers().filter((pid) => pid !== dying);
    assert.deepEqual(
      shared.pids.filter((pid) => pid !== dying),
      others,
    );
    for (const pid of others) assert.equal((await cluster.remoteCallFetch(look, pid, shared)).name, "m");
  });
}

void test("where workers must not be connected the manager sends to each itself", async (context) => {
  const { cluster } = await referenceCluster(context, 5, { topology: "master_worker" });
  using shared = await cluster.broadcast(modelOf(10));
  assert.deepEqual(shared.pids, [2, 3, 4, 5, 6]);
  assert.equal((await cluster.remoteCallFetch(look, 6, shared)).sum, 45);
  await assert.rejects(cluster.remoteCallFetch(makeAndLook, 2, 1), { remoteName: "TopologyError" });
});

void test("a broadcast that is given up leaves nothing", async (context) => {
  const { cluster } = await referenceCluster(context, 6);
  const controller = new AbortController();
  const placing = cluster.broadcast(modelOf(100_000), { signal: controller.signal });
  const reason = new Error("no more");
  setImmediate(() => controller.abort(reason));
  await assert.rejects(placing, (error) => error === reason);
  await settled();
  await nothingHeld(cluster);
});

void test("wrong input is refused before anything is sent", async (context) => {
  const { cluster } = await referenceCluster(context, 2);
  using channel = await cluster.channel<number>();
  await assert.rejects(cluster.broadcast({ channel }), {
    name: "SerializationError",
    message: /value\.channel is a reference, which a broadcast cannot hold/,
  });
  await assert.rejects(cluster.broadcast(Symbol("s")), { name: "SerializationError", message: /^value / });
  await assert.rejects(cluster.broadcast(1, { pids: [99] }), { name: "NoSuchProcessError" });
  await assert.rejects(cluster.broadcast(1, { pids: [1.5] }), /pids must be pids \(1, 2, \.\.\.\), not 1\.5/);
  await assert.rejects(cluster.broadcast(1, { pids: [undefined as never] }), TypeError);
  await assert.rejects(cluster.broadcast(1, { timeoutMs: 0 }), RangeError);
  await assert.rejects(cluster.broadcast(1, { to: [2] } as object), /"?to/);
});

void test("without workers it is a value that waits for them", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  using shared = await cluster.broadcast(modelOf(10));
  assert.deepEqual(shared.pids, []);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.equal((await cluster.remoteCallFetch(look, 2, shared)).sum, 45);
});

void test("workers that are processes of their own get it from each other", { timeout: 60_000 }, async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager({ workers: 4 }));
  using shared = await cluster.broadcast(modelOf(200_000));
  assert.deepEqual(shared.pids, cluster.workers());
  for (const isSame of [false, true]) {
    for (const pid of cluster.workers()) {
      const seen = await cluster.remoteCallFetch(look, pid, shared);
      assert.deepEqual(seen, { name: "m", sum: 19_999_900_000, isSame });
    }
  }
  shared.release();
  await nothingHeld(cluster);
});
