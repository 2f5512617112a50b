import assert from "node:assert/strict";
import { PassThrough, Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { Cluster, LocalManager, type RemoteStream } from "#dist/index.js";
import { launchedId, settled } from "../cluster/memory-cluster.js";
import {
  blocks,
  channels,
  count,
  countAndFail,
  Countdown,
  doubled,
  exitAfterOne,
  first,
  oneAndSilence,
  putInto,
  readable,
  readOneAndHang,
  resetSeen,
  seen,
  sum,
  sumOf,
  unsendable,
} from "./fixtures/streams.js";
import { dropIt, passOn } from "./fixtures/work.js";
import { nothingHeld } from "../cluster/memory-cluster.js";
import { collectGarbage, referenceCluster } from "./reference-cluster.js";

/** A reader asks for a batch of at most 64 while it has one of at most 64 to read. */
const WINDOW = 128;

function sourceEnded(): Promise<void> {
  return new Promise((resolve) => {
    seen.onEnd = resolve;
  });
}

async function numbers(stream: AsyncIterable<number>): Promise<number[]> {
  const values: number[] = [];
  for await (const value of stream) values.push(value);
  return values;
}

async function newCluster(context: TestContext, workers = 1) {
  resetSeen();
  return referenceCluster(context, workers);
}

for (const pid of [1, 2]) {
  const where = pid === 1 ? "here" : "on a worker";

  void test(`the items of an async generator that runs ${where} come in their order, and then what it returns`, async (context) => {
    const { cluster } = await newCluster(context);
    const stream = await cluster.remoteCallFetch(count, pid, 1_000);
    assert.equal(seen.produced, 0, "it begins when somebody reads");
    for (let n = 1; n <= 1_000; n++) assert.deepEqual(await stream.next(), { done: false, value: n });
    assert.deepEqual(await stream.next(), { done: true, value: "counted" });
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
    assert.equal(seen.ended, 1);
  });

  void test(`an async generator is an argument of a function ${where}, also inside other values`, async (context) => {
    const { cluster } = await newCluster(context);
    assert.equal(await cluster.remoteCallFetch(sum, pid, count(300)), 45_150);
    assert.equal(await cluster.remoteCallFetch(sumOf, pid, { rows: count(10) }), 55);
    assert.equal(await cluster.remoteCallFetch(sum, pid, new Countdown(4)), 10);
    assert.equal(await cluster.remoteCallFetch(sum, pid, Readable.from([1, 2, 3])), 6);
  });

  void test(`a ReadableStream is one ${where} too, and what is cancelled ends its source`, async (context) => {
    const { cluster } = await newCluster(context);
    assert.equal(await cluster.remoteCallFetch(sum, pid, readable(20)), 210);
    const stream = await cluster.remoteCallFetch(readable, pid, 1_000);
    assert.ok(stream instanceof ReadableStream);
    const reader = stream.getReader();
    assert.deepEqual(await reader.read(), { done: false, value: 1 });
    const ended = sourceEnded();
    await reader.cancel();
    await ended;
    assert.deepEqual(await numbers(await cluster.remoteCallFetch(readable, pid, 3)), [1, 2, 3]);
    const taken = readable(3);
    const lock = taken.getReader();
    await assert.rejects(cluster.remoteCallFetch(sum, pid, taken), {
      name: "SerializationError",
      message: /args\[0\] is a ReadableStream that somebody reads already/,
    });
    await lock.cancel();
  });

  void test(`a source ${where} is never more than the window ahead of a slow reader`, async (context) => {
    const { cluster } = await newCluster(context);
    const stream = await cluster.remoteCallFetch(count, pid, 10_000);
    for (let read = 1; read <= 500; read++) {
      await stream.next();
      await settled();
      assert.ok(seen.produced <= read + WINDOW, `${seen.produced} produced when ${read} were read`);
    }
    const before = seen.produced;
    await settled();
    assert.equal(seen.produced, before);
    await stream.return("");
  });

  void test(`large items ${where} come few at a time`, async (context) => {
    const { cluster } = await newCluster(context);
    const stream = await cluster.remoteCallFetch(blocks, pid, 50, 256 * 1024);
    let read = 0;
    for await (const block of stream) {
      assert.equal(block[0], read++);
      await settled();
      assert.ok(seen.produced <= read + 2, `${seen.produced} produced when ${read} were read`);
    }
    assert.equal(read, 50);
  });

  void test(`whoever leaves its loop ends a source ${where}`, async (context) => {
    const { cluster } = await newCluster(context);
    const ended = sourceEnded();
    for await (const n of await cluster.remoteCallFetch(count, pid, 10_000)) if (n === 3) break;
    await ended;
    const other = sourceEnded();
    assert.equal(await cluster.remoteCallFetch(first, pid, count(10_000)), 1);
    await other;
    assert.ok(seen.produced <= 2 * WINDOW);
  });

  void test(`an error of a source ${where} comes after the items before it, as a RemoteError`, async (context) => {
    const { cluster } = await newCluster(context);
    const stream = await cluster.remoteCallFetch(countAndFail, pid, 5);
    for (let n = 1; n <= 5; n++) assert.equal((await stream.next()).value, n);
    await assert.rejects(stream.next(), { name: "RemoteError", remoteName: "RangeError", pid });
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  });
}

void test("a stream may be sent on, and is read from where it is", async (context) => {
  const { cluster } = await newCluster(context, 2);
  const stream = await cluster.remoteCallFetch(count, 2, 100);
  assert.equal((stream as RemoteStream<number>).pid, 2);
  const back = await cluster.remoteCallFetch(passOn<AsyncGenerator<number>>, 3, stream);
  assert.equal((stream as RemoteStream<number>).isReleased, true, "it has moved");
  await assert.rejects(
    cluster.remoteCallFetch(sum, 3, stream),
    /args\[0\] is reference .* was released here/,
  );
  assert.equal((back as RemoteStream<number>).pid, 2);
  assert.deepEqual(
    await numbers(await cluster.remoteCallFetch(doubled, 3, back)),
    await numbers(doubled(count(100))),
  );
});

void test("one that is being read cannot be sent on, and one that has ended not be sent again", async (context) => {
  const { cluster } = await newCluster(context);
  const stream = await cluster.remoteCallFetch(count, 2, 100);
  await stream.next();
  await assert.rejects(
    cluster.remoteCallFetch(sum, 2, stream),
    /args\[0\] is a stream that is being read here/,
  );
  await stream.return("");
  const own = count(3);
  assert.equal(await cluster.remoteCallFetch(sum, 2, own), 6);
  await cluster.heldReferences();
  await assert.rejects(
    cluster.remoteCallFetch(sum, 2, own),
    /args\[0\] is a stream that was sent before, and has ended/,
  );
});

void test("a stream that nobody reads is let go by using, and by the garbage collector", async (context) => {
  const { cluster } = await newCluster(context);
  await (async () => {
    await using stream = await cluster.remoteCallFetch(count, 2, 3);
    assert.ok(stream);
  })();
  await nothingHeld(cluster);
  await cluster.remoteCallFetch(dropIt, 2, count(3));
  await collectGarbage();
  await nothingHeld(cluster);
  await (async () => void (await (await cluster.remoteCallFetch(oneAndSilence, 2)).next()))();
  await collectGarbage();
  assert.equal(seen.produced, 0);
});

void test("a stream that is released while it is read ends the wait", async (context) => {
  const { cluster } = await newCluster(context);
  const stream = (await cluster.remoteCallFetch(oneAndSilence, 2)) as RemoteStream<number>;
  await stream.next();
  const waiting = assert.rejects(stream.next(), { name: "ReferenceReleasedError" });
  await settled();
  stream.release();
  await waiting;
});

void test("references are items too", async (context) => {
  const { cluster } = await newCluster(context, 2);
  using one = await cluster.channel<number>();
  using two = await cluster.channel<number>({ pid: 3 });
  await cluster.remoteCallFetch(putInto, 2, channels([one, two]));
  assert.deepEqual([await one.take(), await two.take()], [7, 7]);
  await (await cluster.remoteCallFetch(passOn<AsyncGenerator>, 1, channels([one]))).return(undefined);
  await collectGarbage();
});

void test("an item that cannot travel ends the stream with an error that names it", async (context) => {
  const { cluster } = await newCluster(context);
  const stream = await cluster.remoteCallFetch(unsendable, 2);
  await assert.rejects(stream.next(), /is a function/);
});

void test("the end of the process that reads ends the source", async (context) => {
  const { cluster, memory } = await newCluster(context, 2);
  using said = await cluster.channel<number>();
  const ended = sourceEnded();
  await cluster.remoteDo(readOneAndHang, 2, count(10_000), said);
  assert.equal(await said.take(), 1);
  memory.crash(launchedId(cluster, 2));
  await ended;
});

void test("the end of the process that gives ends the wait of the one that reads", async (context) => {
  const { cluster, memory } = await newCluster(context, 2);
  const stream = await cluster.remoteCallFetch(oneAndSilence, 2);
  await stream.next();
  const waiting = assert.rejects(stream.next(), { name: "ProcessExitedError", pid: 2 });
  memory.crash(launchedId(cluster, 2));
  await waiting;
});

void test("between real processes streams flow, end and fail as in memory", async (context) => {
  const cluster = new Cluster();
  context.after(() => cluster.close());
  await cluster.addProcs(new LocalManager({ workers: 2 }));
  const [one, two] = cluster.workers();
  assert.equal(
    await cluster.remoteCallFetch(sum, two!, await cluster.remoteCallFetch(count, one!, 5_000)),
    12_502_500,
  );
  resetSeen();
  const ended = sourceEnded();
  assert.equal(await cluster.remoteCallFetch(first, one!, count(1e9)), 1);
  await ended;
  assert.ok(seen.produced <= WINDOW);
  await nothingHeld(cluster);
  const dying = await cluster.remoteCallFetch(exitAfterOne, two!);
  await assert.rejects(numbers(dying), { name: "ProcessExitedError", pid: two });
});

void test("what can be written too is no stream, nor are iterators that are not asynchronous, and plain objects are data", async (context) => {
  const { cluster } = await newCluster(context);
  await assert.rejects(cluster.remoteCallFetch(dropIt, 2, new PassThrough()), { name: "SerializationError" });
  await assert.rejects(cluster.remoteCallFetch(dropIt, 2, [1].values()), { name: "SerializationError" });
  const plain = { n: 1, [Symbol.asyncIterator]: () => count(1) };
  assert.deepEqual(await cluster.remoteCallFetch(passOn<object>, 2, plain), { n: 1 });
});

void test("two readers of one stream share its items", async (context) => {
  const { cluster } = await newCluster(context, 2);
  const shared = count(1_000);
  const sums = await Promise.all([2, 3].map((pid) => cluster.remoteCallFetch(sum, pid, shared)));
  assert.equal(sums[0]! + sums[1]!, 500_500);
});

void test("a call whose arguments cannot all travel leaves its streams as they were", async (context) => {
  const { cluster } = await newCluster(context);
  const stream = count(3);
  await assert.rejects(cluster.remoteCallFetch(dropIt, 2, [stream, () => {}]), {
    name: "SerializationError",
  });
  assert.equal(await cluster.remoteCallFetch(sum, 2, stream), 6);
});

void test("streams of the platform that nobody has begun to read are closed when they are let go", async (context) => {
  const { cluster } = await newCluster(context);
  const node = Readable.from([1, 2, 3]);
  const closed = new Promise((resolve) => node.once("close", resolve));
  let cancelled = false;
  const web = new ReadableStream({ cancel: () => void (cancelled = true) });
  await cluster.remoteCallFetch(dropIt, 2, [node, web]);
  await collectGarbage();
  await closed;
  await nothingHeld(cluster);
  assert.equal(cancelled, true);
});
