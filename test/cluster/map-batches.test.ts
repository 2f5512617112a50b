import assert from "node:assert/strict";
import { test } from "node:test";
import { RemoteError, SerializationError } from "#dist/errors.js";
import { double, hooks, visit } from "./fixtures/work.js";
import { newSeed, seeded } from "../fixtures/random.js";
import { launchedId, memoryCluster, settled } from "./memory-cluster.js";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

for (const batch of [1, 2, 7, 1_000, "auto"] as const) {
  void test(`batches of ${batch} give the results of single items, in order`, async (context) => {
    const { cluster, manager } = memoryCluster(context);
    await cluster.addProcs(manager({ workers: 3 }));
    const expected = numbers(500).map((item) => 2 * item);
    assert.deepEqual(await cluster.pmap(double, numbers(500), { batch }), expected);
    const finished: number[] = [];
    for await (const result of cluster.pmap(double, numbers(500), { batch, order: "finished" }))
      finished.push(result);
    assert.deepEqual(
      finished.toSorted((a, b) => a - b),
      expected,
    );
  });
}

void test("the items of a batch run one after another", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  let running = 0;
  let most = 0;
  const order: number[] = [];
  hooks.visit = async (item) => {
    most = Math.max(most, ++running);
    order.push(item);
    await settled();
    running--;
  };
  await cluster.pmap(visit, numbers(20), { batch: 10, concurrency: 1 });
  assert.equal(most, 1);
  assert.deepEqual(order, numbers(20));
});

/** A value that cannot travel, for odd items. */
function weakIfOdd(item: number): unknown {
  return item % 2 === 1 ? new WeakMap() : item;
}

void test("a result that cannot travel is the failure of its item, and not of its batch", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const results = await cluster.pmap(weakIfOdd, numbers(6), {
    batch: 6,
    onError: (error, { attempt }) => [error instanceof SerializationError, attempt],
  });
  assert.deepEqual(results, [0, [true, 1], 2, [true, 1], 4, [true, 1]]);
});

void test("items that are too large together travel alone", async (context) => {
  const { cluster, manager } = memoryCluster(context, { maxMessageBytes: 100_000 });
  await cluster.addProcs(manager({ workers: 1 }));
  const items = Array.from({ length: 4 }, (_, index) => new Uint8Array(40_000).fill(index));
  const results = await cluster.pmap((bytes: Uint8Array) => bytes, items, { batch: 4 });
  assert.deepEqual(results, items);
});

function throwsOddly(item: number): never {
  throw Object.assign(new RangeError(`item ${item}`), { held: new WeakMap() });
}

void test("an error that cannot travel whole arrives as from a call of its own", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const seen: string[] = [];
  for (const batch of [1, 3]) {
    await cluster.pmap(throwsOddly, numbers(3), {
      batch,
      onError: (error) => {
        assert.ok(error instanceof RemoteError);
        seen.push(`${error.message}, ${error.remoteName}, ${String(error.cause)}`);
      },
    });
  }
  assert.deepEqual(seen.slice(0, 3), seen.slice(3));
});

void test("maps with errors, deaths, retries and batches of any size end as their items would alone", async (context) => {
  const next = seeded(newSeed(context));
  const { cluster, manager } = memoryCluster(context);
  for (let round = 0; round < 15; round++) {
    const memory = manager({ workers: 6 });
    await cluster.addProcs(memory);
    const count = 1 + next(60);
    const retries = next(3);
    // How often each item fails before it succeeds, and which items kill their worker the first time. What an item has
    // thrown is not known of a worker that died; so it fails either always or no more often than it may.
    const failures = numbers(count).map(() =>
      next(4) > 0 ? 0 : next(2) === 0 ? Infinity : next(retries + 1),
    );
    const deadly = new Set(Array.from({ length: next(3) }, () => next(count)));
    const failed = numbers(count).map(() => 0);
    hooks.visit = async (item, pid) => {
      await settled();
      if (deadly.delete(item)) {
        memory.crash(launchedId(cluster, pid));
        await new Promise(() => {});
      }
      if (failed[item]!++ < failures[item]!) throw new Error("bad");
    };
    const results = await cluster.pmap(visit, numbers(count), {
      batch: next(3) === 0 ? "auto" : 1 + next(9),
      order: next(2) === 0 ? "input" : "finished",
      maxDeaths: 10,
      retryDelays: Array.from({ length: retries }, () => next(2)),
      onError: (error) => error.message.replace(/.*: /, ""),
    });
    const expected = failures.map((times, item) => (times > retries ? "bad" : 10 * item));
    assert.deepEqual(results, expected, `round ${round}`);
    await cluster.rmProcs(cluster.workers());
  }
});
