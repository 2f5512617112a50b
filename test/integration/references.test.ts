import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Cluster, LocalManager } from "#dist/index.js";
import { doubleAll, putAndStop, sizeOf, sumOfBoth, throughHere } from "./fixtures/references.js";
import { add } from "./fixtures/work.js";
import { nothingIsLeft } from "./leftovers.js";

afterEach(nothingIsLeft);

async function nothingHeld(cluster: Cluster): Promise<void> {
  const counts = await cluster.heldReferences();
  assert.deepEqual(
    counts,
    counts.map(({ pid }) => ({ pid, stored: 0, held: 0, waiting: 0 })),
  );
}

test("futures go from process to process, and are fetched where they are needed", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(3));
  const left = await cluster.remoteCall(add, 2, 1, 2);
  const right = await cluster.remoteCall(add, 3, 3, 4);
  const sum = await cluster.remoteCall(sumOfBoth, 4, left, right);
  assert.equal(await sum.fetch(), 10);
  assert.deepEqual(await cluster.remoteCallFetch(throughHere, 4, left, 2), [3, 4, 3]);
  left.release();
  right.release();
  await nothingHeld(cluster);
});

test("the future of a call with large arguments is asked for before the call has arrived", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(2));
  const bytes = new Uint8Array(64 * 1024 * 1024).fill(1);
  using future = await cluster.remoteCall(sizeOf, 2, bytes);
  using small = await cluster.remoteCall(add, 2, 0, 1);
  assert.equal(await cluster.remoteCallFetch(sumOfBoth, 3, future, small), bytes.length + 1);
});

test("channels between processes make a pipeline, and a closed one ends those behind it", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(2));
  {
    await using scope = cluster.scope();
    const input = await scope.channel<number>({ pid: 2, capacity: 10 });
    const output = await scope.channel<number>({ pid: 3, capacity: 10 });
    const stages = [2, 3].map((pid) => cluster.remoteCallFetch(doubleAll, pid, input, output));
    const feed = async (): Promise<void> => {
      for (let n = 0; n < 200; n++) await input.put(n);
      await input.close();
      await Promise.all(stages);
      await output.close();
    };
    const feeding = feed();
    let sum = 0;
    for await (const value of output) sum += value;
    assert.equal(sum, 200 * 199);
    await feeding;
    const counts = await Promise.all(stages);
    assert.equal(counts[0]! + counts[1]!, 200);
  }
  await nothingHeld(cluster);
});

test("a channel gives the large value of a producer that is killed right after it, and then the reason", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(2));
  using channel = await cluster.channel<Uint8Array>({ pid: 3, producers: [2] });
  await cluster.remoteDo(putAndStop, 2, channel, 3_000_000);
  const value = await channel.take();
  assert.equal(value.length, 3_000_000);
  assert.ok(value.every((byte) => byte === 7));
  await assert.rejects(channel.take(), {
    name: "ChannelClosedError",
    message: /the channel has lost a producer: worker 2 is gone: .*SIGKILL/,
  });
});

test("an exported function and a closure take references along", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(2));
  {
    await using scope = cluster.scope();
    const results = await scope.channel<number>({ capacity: 10 });
    const future = await scope.remoteCall(add, 2, 1, 2);
    await cluster.remoteCallFetch(
      async (n: number) => {
        await results.put(n * (await future.fetch()));
      },
      3,
      5,
    );
    assert.equal(await results.take(), 15);
    assert.equal(await future.fetch(), 3);
  }
});
