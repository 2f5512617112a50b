import assert from "node:assert/strict";
import { test } from "node:test";
import { range } from "#dist/index.js";
import { launchedId, memoryCluster, settled } from "./memory-cluster.js";
import { double, fail, hooks, visit } from "./fixtures/work.js";
import { newSeed, seeded } from "../fixtures/random.js";

const add = (a: number, b: number): number => a + b;
const join = (a: string, b: string): string => a + b;
const letter = (item: number): string => String.fromCharCode(97 + (item % 26));

void test("a loop with a reducer gives what a sequential one would, for ranges, arrays and iterables", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 3 }));
  const numbers = [...range(1_000)];
  const sum = 999_000;
  for (const items of [range(1_000), numbers, new Set(numbers), Float64Array.from(numbers)]) {
    assert.equal(await cluster.distributed(items, double, { reduce: add }), sum);
  }
  assert.equal(
    await cluster.distributed(numbers.values(), double, { reduce: add, initial: 1_000_000 }),
    sum + 1e6,
  );
  assert.equal(await cluster.distributed({ length: 2, 0: 5, 1: 7 }, double, { reduce: add }), 24);
});

void test("a reducer need not be commutative, whatever the number of workers and items", async (context) => {
  const next = seeded(newSeed(context));
  const { cluster, manager } = memoryCluster(context);
  for (let round = 0; round < 15; round++) {
    if (round % 3 === 0) await cluster.addProcs(manager({ workers: 1 + next(2) }));
    const items = [...range(1 + next(200))];
    const order: string = await cluster.distributed(items, letter, { reduce: join, initial: ">" });
    assert.equal(order, `>${items.map(letter).join("")}`);
  }
});

void test("body and reducer may be asynchronous, and a worker runs one item after the other", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const running = new Map<number, number>();
  hooks.visit = async (_item, pid) => {
    running.set(pid, (running.get(pid) ?? 0) + 1);
    assert.equal(running.get(pid), 1);
    await settled();
    running.set(pid, 0);
  };
  const reduce = async (a: number, b: number): Promise<number> => {
    await settled();
    return a + b;
  };
  assert.equal(await cluster.distributed(range(12), visit, { reduce }), 660);
});

void test("without a reducer it runs for its effects, and resolves when all are done", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const seen: number[] = [];
  hooks.visit = (item) => {
    seen.push(item);
  };
  const done: undefined = (await cluster.distributed(range(100), visit)) as undefined;
  assert.equal(done, undefined);
  assert.deepEqual(
    seen.toSorted((a, b) => a - b),
    [...range(100)],
  );
  // What a body gives stays on the worker.
  await cluster.distributed(range(3), () => new WeakMap());
});

void test("an empty loop gives the initial value, or is an error", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.equal(await cluster.distributed([], double, { reduce: add, initial: 7 }), 7);
  await cluster.distributed(range(0), double);
  await assert.rejects(cluster.distributed(range(0), double, { reduce: add }), {
    name: "TypeError",
    message: /empty loop.*give initial/,
  });
});

void test("the chunk of a worker that dies runs again, and the result is the same", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers: 3 });
  await cluster.addProcs(memory);
  const victims = new Set([5, 60]);
  hooks.visit = async (item, pid) => {
    await settled();
    if (!victims.delete(item)) return;
    memory.crash(launchedId(cluster, pid));
    await new Promise(() => {});
  };
  assert.equal(await cluster.distributed(range(80), visit, { reduce: add }), 31_600);
  assert.equal(cluster.nworkers(), 1);
});

void test("a chunk whose body fails runs again as often as there are delays, and retryCheck may refuse", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  let failures = 0;
  hooks.visit = (item) => {
    if (item === 17 && failures++ < 2) throw new RangeError("not now");
    return item;
  };
  const asked: { readonly attempt: number; readonly pid: number }[] = [];
  const options = {
    reduce: add,
    retryDelays: [0, 0],
    retryCheck: (error: Error, at: { readonly attempt: number; readonly pid: number }) => {
      assert.match(error.message, /RangeError: not now/);
      return asked.push(at) > 0;
    },
  };
  assert.equal(await cluster.distributed(range(40), visit, options), 7_800);
  assert.deepEqual(
    asked.map(({ attempt }) => attempt),
    [1, 2],
  );
  assert.ok(asked.every(({ pid }) => cluster.workers().includes(pid)));
  failures = 0;
  const refuse = { reduce: add, retryDelays: [0, 0], retryCheck: () => false };
  await assert.rejects(cluster.distributed(range(40), visit, refuse), /not now/);
  failures = 0;
  await assert.rejects(cluster.distributed(range(40), visit, { reduce: add, retryDelays: [0] }), /not now/);
});

void test("the first error ends the loop; so do a reducer's on this side and an abort", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  await assert.rejects(cluster.distributed(range(10), fail, { reduce: add as never }), {
    name: "RemoteError",
    message: /RangeError: item \d is bad/,
  });
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await assert.rejects(cluster.distributed(range(10), double, { signal }), reason);
  const mistaken = (): never => {
    throw new Error("a mistake");
  };
  await assert.rejects(cluster.distributed(range(10), double, { reduce: mistaken }), /a mistake/);
});

void test("without workers a loop runs in this process", async (context) => {
  const { cluster } = memoryCluster(context);
  assert.equal(await cluster.distributed(range(100), double, { reduce: add }), 9_900);
});

void test("bad input is refused before anything is sent", async (context) => {
  const { cluster } = memoryCluster(context);
  const wrongs: readonly [items: unknown, options: object, message: RegExp][] = [
    [5, {}, /needs a range, an array or an iterable, not 5/],
    [null, {}, /not null/],
    [{}, {}, /needs a range, an array or an iterable, not an object/],
    [[1], { reduce: 5 }, /reduce must be a function, not 5/],
    [[1], { initial: 5 }, /initial is of no use without reduce/],
    [[1], { onError: () => 1 }, /distributed.*no option "onError"/],
    [[1], { pool: [2] }, /pool must be a WorkerPool/],
    [[1], { retryDelays: 5 }, /retryDelays must be/],
    [[1], { retryCheck: 5 }, /retryCheck must be a function, not 5/],
  ];
  for (const [items, options, message] of wrongs) {
    await assert.rejects(cluster.distributed(items as number[], double, options), message);
  }
});
