import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster, ProcessExitedError, type Future, type RemoteChannel } from "#dist/index.js";
import { double, hooks, visit } from "../cluster/fixtures/work.js";
import { launchedId, nothingHeld, settled } from "../cluster/memory-cluster.js";
import { brokenQueue, noQueue, priorityQueue } from "./fixtures/priority-queue.js";
import { countTo, dropIt, putAll, putOne, sumAll } from "./fixtures/work.js";
import { collectGarbage, referenceCluster, untilWaiting } from "./reference-cluster.js";

/** What a channel gives until it ends. */
async function all<T>(channel: RemoteChannel<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of channel) values.push(value);
  return values;
}

for (const pid of [1, 2]) {
  const where = pid === 1 ? "the manager" : "a worker";

  void test(`a channel on ${where} gives values in the order in which they were put`, async (context) => {
    const { cluster } = await referenceCluster(context, 1);
    using channel = await cluster.channel<number>({ pid, capacity: 3 });
    assert.equal(channel.pid, pid);
    for (const value of [1, 2, 3]) await channel.put(value);
    assert.equal(await channel.size(), 3);
    assert.equal(await channel.fetch(), 1, "which stays there");
    assert.equal(await channel.take(), 1);
    assert.equal(await channel.isReady(), true);
    assert.equal(await channel.isOpen(), true);
    await channel.close();
    assert.equal(await channel.isOpen(), false);
    assert.deepEqual(await all(channel), [2, 3]);
    await assert.rejects(channel.take(), { name: "ChannelClosedError", message: "the channel is closed" });
    await assert.rejects(channel.put(4), { name: "ChannelClosedError" });
    await assert.rejects(channel.fetch(), { name: "ChannelClosedError" });
    await assert.rejects(channel.wait(), { name: "ChannelClosedError" });
    assert.equal(await channel.isReady(), false);
  });

  void test(`on ${where} a put waits for room, and without a capacity for its taker`, async (context) => {
    const { cluster } = await referenceCluster(context, 1);
    for (const capacity of [1, 0]) {
      using channel = await cluster.channel<string>({ pid, capacity });
      const done: string[] = [];
      const puts = ["a", "b"].map(async (value) => {
        await channel.put(value);
        done.push(value);
      });
      await settled();
      assert.deepEqual(done, capacity === 1 ? ["a"] : []);
      assert.equal(await channel.take(), "a");
      await settled();
      assert.deepEqual(done, capacity === 1 ? ["a", "b"] : ["a"]);
      assert.equal(await channel.take(), "b");
      await Promise.all(puts);
    }
  });

  void test(`on ${where} those who wait are served in their order, and all who only look see the same`, async (context) => {
    const { cluster } = await referenceCluster(context, 1);
    using channel = await cluster.channel<number>({ pid, capacity: 10 });
    const takes = [channel.take(), channel.take(), channel.take()];
    const looks = [channel.fetch(), channel.fetch(), channel.wait()];
    await settled();
    for (const value of [1, 2, 3, 4]) await channel.put(value);
    assert.deepEqual(await Promise.all(takes), [1, 2, 3]);
    assert.deepEqual(await Promise.all(looks), [4, 4, undefined]);
    assert.equal(await channel.take(), 4);
  });

  void test(`on ${where} a wait ends with its time or its signal, and no value is lost to it`, async (context) => {
    const { cluster } = await referenceCluster(context, 1);
    using channel = await cluster.channel<number>({ pid, capacity: 2 });
    await assert.rejects(channel.take({ timeoutMs: 5 }), {
      name: "CallTimeoutError",
      message: "take did not end within 5 ms",
    });
    await channel.put(1);
    const reason = new Error("enough");
    // The value is on its way when the signal aborts: it has been taken already.
    const controller = new AbortController();
    const take = channel.take({ signal: controller.signal });
    const second = channel.take({ signal: controller.signal });
    if (pid === 2) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(reason);
    await assert.rejects(take, reason);
    await assert.rejects(second, reason);
    await settled();
    assert.equal(await channel.size(), 1);
    await channel.put(2);
    await assert.rejects(channel.put(3, { timeoutMs: 5 }), { name: "CallTimeoutError" });
    await assert.rejects(channel.take({ signal: controller.signal }), reason);
    assert.equal(await channel.take(), 1);
    assert.equal(await channel.take(), 2);
    assert.equal(await channel.isReady(), false, "what was withdrawn did not come in");
  });

  void test(`an error that closes a channel on ${where} reaches those who take, after what is buffered`, async (context) => {
    const { cluster } = await referenceCluster(context, 1);
    using channel = await cluster.channel<number>({ pid, capacity: 2 });
    await channel.put(1);
    await channel.close(new RangeError("too much"));
    await channel.close(new Error("again"));
    assert.equal(await channel.take(), 1);
    const closed = (error: Error): boolean => {
      assert.equal(error.name, "ChannelClosedError");
      assert.match(error.message, /too much/);
      assert.ok(error.cause instanceof RangeError);
      return true;
    };
    await assert.rejects(channel.take(), closed);
    await assert.rejects(all(channel), closed);
  });

  void test(`who waits at a channel on ${where} that is released is told so`, async (context) => {
    const { cluster } = await referenceCluster(context, 1);
    const channel = await cluster.channel<number>({ pid });
    const waiting = [channel.take(), channel.fetch()];
    await settled();
    channel.release();
    for (const wait of waiting) await assert.rejects(wait, { name: "ReferenceReleasedError" });
    await assert.rejects(channel.put(1), { name: "ReferenceReleasedError" });
  });

  void test(`a channel on ${where} may be the program's own`, async (context) => {
    const { cluster } = await referenceCluster(context, 1);
    using channel = await cluster.channel(priorityQueue, { pid });
    for (const value of [3, 1, 2]) await channel.put(value);
    assert.equal(await channel.size(), 3);
    assert.equal(await channel.take(), 1);
    await assert.rejects(channel.fetch(), { name: "RemoteError", message: /has no method fetch/ });
    await channel.close();
    assert.deepEqual(await all(channel), [2, 3]);
    await assert.rejects(channel.put(1), { name: "ChannelClosedError" });
    using empty = await cluster.channel(priorityQueue, { pid });
    await assert.rejects(empty.take({ timeoutMs: 5 }), { name: "CallTimeoutError" });
    await assert.rejects(cluster.channel(noQueue, { pid }), { message: /no methods put and take/ });
    await assert.rejects(cluster.channel(brokenQueue, { pid }), { name: "RemoteError", message: /no disk/ });
  });
}

void test("processes fill and empty a channel together", async (context) => {
  const { cluster } = await referenceCluster(context, 3);
  const channel = await cluster.channel<number>({ capacity: 5 });
  const producers = [2, 3].map((pid) => cluster.remoteCallFetch(putAll, pid, channel, 1, 100));
  const consumers = [1, 4, 4].map((pid) => cluster.remoteCallFetch(sumAll, pid, channel));
  await Promise.all(producers);
  await channel.close();
  const sums = await Promise.all(consumers);
  assert.equal(
    sums.reduce((total, sum) => total + sum, 0),
    2 * 5_050,
  );
  channel.release();
});

void test("a function makes a channel where it runs, and its caller reads it", async (context) => {
  const { cluster } = await referenceCluster(context, 1);
  {
    using channel = await cluster.remoteCallFetch(countTo, 2, 4);
    assert.equal(channel.pid, 2);
    assert.deepEqual(await all(channel), [1, 2, 3, 4]);
  }
  await collectGarbage();
});

void test("references go through a channel, which keeps no hold on them", async (context) => {
  const { cluster } = await referenceCluster(context, 2);
  for (const pid of [1, 2]) {
    using channel = await cluster.channel<Future<number>>({ pid, capacity: 4 });
    const future = await cluster.remoteCall(double, 2, 4);
    await channel.put(future);
    future.release();
    const taken = await channel.take();
    assert.equal(await taken.fetch(), 8);
    for (const n of [5, 6]) {
      using other = await cluster.remoteCall(double, 2, n);
      await channel.put(other);
    }
    const waiting = channel.take();
    assert.equal(await (await waiting).fetch(), 10);
  }
  await collectGarbage();
});

void test("a future that comes out of a channel whose putter let go of it is still there", async (context) => {
  const { cluster } = await referenceCluster(context, 2);
  using channel = await cluster.channel<Future<number>>({ pid: 2 });
  {
    using future = await cluster.remoteCall(double, 1, 4);
    await channel.put(future);
  }
  assert.equal(await (await channel.take()).fetch(), 8);
});

void test("the consumers of a channel see the death of its producer, after what it has put", async (context) => {
  const { cluster, memory } = await referenceCluster(context, 2);
  using channel = await cluster.channel<number>({ capacity: 10, producers: [2] });
  await channel.put(1);
  const taken = [channel.take(), channel.take()];
  assert.equal(await taken[0], 1);
  memory.crash(launchedId(cluster, 2), { kind: "signalled", message: "out of memory", signal: "SIGKILL" });
  await assert.rejects(taken[1]!, (error: Error) => {
    assert.equal(error.name, "ChannelClosedError");
    assert.match(error.message, /lost a producer: worker 2 is gone: out of memory/);
    assert.equal((error.cause as Error).name, "ProcessExitedError");
    return true;
  });
  await assert.rejects(cluster.channel({ producers: [2] }), { name: "ProcessExitedError" });
  await assert.rejects(cluster.channel({ producers: [99] }), { name: "NoSuchProcessError" });
});

void test("a consumer that dies while it waits takes no value along", async (context) => {
  const { cluster, memory } = await referenceCluster(context, 2);
  using channel = await cluster.channel<number>();
  const dying = cluster.remoteCallFetch(sumAll, 2, channel);
  dying.catch(() => {});
  await untilWaiting(cluster, 1);
  memory.crash(launchedId(cluster, 2));
  await assert.rejects(dying, { name: "ProcessExitedError" });
  await channel.put(5);
  assert.equal(await channel.take(), 5);
});

void test("the channels of a process that dies fail", async (context) => {
  const { cluster, memory } = await referenceCluster(context, 1);
  using channel = await cluster.channel<number>({ pid: 2 });
  const waiting = channel.take();
  waiting.catch(() => {});
  await settled();
  memory.crash(launchedId(cluster, 2));
  await assert.rejects(waiting, { name: "ProcessExitedError", pid: 2 });
  await assert.rejects(channel.put(1), { name: "ProcessExitedError", pid: 2 });
});

void test("a call that is given up before it begins lets go of the references among its arguments", async (context) => {
  const { cluster } = await referenceCluster(context, 1);
  hooks.visit = () => new Promise(() => {});
  using channel = await cluster.channel<number>({ pid: 2 });
  const takesAny = visit as unknown as (item: unknown) => Promise<number>;
  const controller = new AbortController();
  const blocked = cluster.remoteCallFetch(takesAny, { pid: 2, signal: controller.signal }, channel);
  // Abandoned in the same turn: the worker hears of both at once, and does not begin.
  controller.abort(new Error("enough"));
  await assert.rejects(blocked, /enough/);
  channel.release();
  await nothingHeld(cluster);
});

void test("a scope releases what was made in it, but not what is kept", async (context) => {
  const { cluster } = await referenceCluster(context, 1);
  let kept: RemoteChannel<number>;
  {
    await using scope = cluster.scope();
    await scope.channel<number>({ pid: 2 });
    await scope.future<number>({ pid: 2 });
    await scope.remoteCall(double, 2, 4);
    scope.use(await cluster.future<number>());
    await scope.channel(priorityQueue, { pid: 2 });
    kept = scope.keep(await scope.channel<number>({ pid: 2 }));
    assert.deepEqual(
      (await cluster.heldReferences()).map(({ stored, held }) => [stored, held]),
      [
        [1, 6],
        [5, 0],
      ],
    );
  }
  assert.deepEqual(
    (await cluster.heldReferences()).map(({ stored, held }) => [stored, held]),
    [
      [0, 1],
      [1, 0],
    ],
  );
  await kept.put(1);
  kept.release();
  const scope = cluster.scope();
  scope.release();
  assert.equal((await scope.channel<number>()).isReleased, true, "what is made in a scope that is over");
});

void test("bad options of channels, futures and waits are refused by name", async (context) => {
  const { cluster } = await referenceCluster(context, 1);
  const refused = async (options: object, error: object): Promise<void> => {
    await assert.rejects(cluster.channel(options), error);
  };
  await refused({ capacity: -1 }, { name: "RangeError", message: /capacity must be a whole number from 0/ });
  await refused({ capacity: 1.5 }, { name: "RangeError" });
  await refused({ size: 1 }, { name: "TypeError", message: /it takes pid, capacity, producers/ });
  await refused({ pid: 0 }, { name: "TypeError", message: /needs a pid/ });
  await refused({ pid: 99 }, { name: "NoSuchProcessError" });
  await refused({ producers: 2 }, { name: "TypeError", message: /an array of pids/ });
  await refused({ producers: ["any"] }, { name: "TypeError", message: /must be pids/ });
  await assert.rejects(cluster.channel(priorityQueue, { capacity: 1 } as object), {
    message: /it takes pid, producers/,
  });
  await assert.rejects(cluster.future({ capacity: 1 } as object), { message: /it takes pid/ });
  using channel = await cluster.channel<number>({ capacity: Infinity });
  await assert.rejects(channel.take({ timeoutMs: 0 }), { name: "RangeError" });
  await assert.rejects(channel.put((() => 1) as unknown as number), {
    name: "SerializationError",
    message: /^value is a function/,
  });
  await channel.put(1);
});

void test("workers that may not be connected still let go of what lives on each other", async (context) => {
  const { cluster } = await referenceCluster(context, 2, { topology: "master_worker" });
  {
    using channel = await cluster.channel<number>({ pid: 2 });
    await cluster.remoteCallFetch(dropIt, 3, channel);
    await assert.rejects(cluster.remoteCallFetch(putAll, 3, channel, 1, 1), {
      remoteName: "TopologyError",
    });
  }
  await collectGarbage();
});

void test("a reference is sent everywhere, to workers that join later too", async (context) => {
  const { cluster, memory } = await referenceCluster(context, 2);
  await (async () => {
    using channel = await cluster.channel<number>({ capacity: 10 });
    using _running = await cluster.everywhere(putOne, channel);
    await cluster.addProcs(memory, { workers: 1 });
    assert.equal(await channel.size(), 4);
    assert.equal(channel.isReleased, false, "by the manager's own call");
  })();
  await collectGarbage();
});

void test("a channel whose owner dies while it is told of its producers is not held", async (context) => {
  const { cluster, memory } = await referenceCluster(context, 2);
  for (let turns = 0; turns < 12; turns++) {
    const { joined } = await cluster.addProcs(memory, { workers: 1 });
    const { pid } = joined[0]!;
    const making = cluster.channel<number>({ pid, producers: [2] }).then(
      (channel) => channel.release(),
      (error: unknown) => assert.ok(error instanceof ProcessExitedError),
    );
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    memory.crash(launchedId(cluster, pid));
    await making;
  }
});

void test("the end of the cluster ends all waits of its manager, also for what lives there", async (context) => {
  const { cluster } = await referenceCluster(context, 1);
  const closed = { name: "ClusterClosedError", message: /the cluster was closed, and its futures, channels/ };
  const future = await cluster.future<number>();
  const waits: Promise<unknown>[] = [future.fetch(), future.wait()];
  for (const pid of [1, 2]) {
    const empty = await cluster.channel<number>({ pid });
    const full = await cluster.channel<number>({ pid, capacity: 0 });
    waits.push(empty.take(), empty.wait(), full.put(1));
    waits.push(all(empty));
  }
  const ended = Promise.all(waits.map((wait) => assert.rejects(wait, closed)));
  await settled();
  await cluster.close();
  await ended;
  await assert.rejects(future.fetch(), closed);
});

void test("a closed cluster makes no references", async () => {
  const cluster = new Cluster();
  await cluster.close();
  const closed = { name: "ClusterClosedError" };
  await assert.rejects(cluster.future(), closed);
  await assert.rejects(cluster.channel(), closed);
  await assert.rejects(
    cluster.channel(() => [] as never),
    closed,
  );
  await assert.rejects(cluster.broadcast(1), closed);
});
