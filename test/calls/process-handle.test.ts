import assert from "node:assert/strict";
import { test } from "node:test";
import * as work from "../cluster/fixtures/work.js";
import { memoryCluster } from "../cluster/memory-cluster.js";

void test("a handle calls, keeps and forgets on its process", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const three = cluster.process(3);
  assert.equal(three.pid, 3);
  assert.equal(await three.fetch(work.whoAmI), 3);
  const future = await three.call(work.double, 21);
  assert.deepEqual([future.pid, await future.fetch()], [3, 42]);
  const visited = new Promise((resolve) => (work.hooks.visit = (item, pid) => resolve([item, pid])));
  await three.do(work.visit, 5);
  assert.deepEqual(await visited, [5, 3]);
  assert.equal(await cluster.process("any").fetch(work.whoAmI), 2);
  assert.equal(await cluster.process({ pid: 3, timeoutMs: 60_000 }).fetch(work.whoAmI), 3);
});

void test("a handle of a pool has a free worker of it for each call", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const pool = cluster.workerPool([3]);
  const handle = cluster.process(pool).with({ timeoutMs: 60_000 });
  assert.deepEqual([handle.pool, handle.pid], [pool, undefined]);
  assert.deepEqual(await Promise.all([handle.fetch(work.whoAmI), handle.fetch(work.whoAmI)]), [3, 3]);
  assert.equal(
    await handle
      .with({ retryDelays: [0] })
      .module(work)
      .double(4),
    8,
  );
  assert.equal(pool.free, 1);
  assert.throws(() => handle.with({ pid: 2 } as object), {
    name: "TypeError",
    message: /no option "pid"/,
  });
});

void test("a handle takes options along, adds to them, and refuses what no call takes", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const reason = new Error("enough");
  const handle = cluster.process(2).with({ timeoutMs: 60_000 });
  const aborted = handle.with({ signal: AbortSignal.abort(reason) });
  assert.equal(await handle.fetch(work.double, 2), 4);
  await assert.rejects(aborted.fetch(work.double, 2), reason);
  await assert.rejects(handle.do(work.double, 2), { name: "TypeError", message: /takes no timeoutMs/ });
  assert.throws(() => handle.with({ timeout: 5 } as object), { name: "TypeError", message: /timeout/ });
  assert.throws(() => cluster.process(0), { name: "TypeError", message: /needs a pid/ });
});

void test("the functions of a module are called on the handle's process, and nothing else of it is there", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const remote = cluster.process(2).module(work);
  assert.equal(await remote.double(4), 8);
  assert.equal(await remote.whoAmI(), 2);
  await assert.rejects(remote.fail(4), { name: "RemoteError", pid: 2 });
  assert.equal("hooks" in remote, false);
  assert.throws(() => cluster.process(2).module("work" as never), {
    name: "TypeError",
    message: /import \*/,
  });
});

void test("a handle's delays are read for each of its calls, and those of a generator are kept", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  const list = function* (): Generator<number> {
    yield 0;
  };
  for (const retryDelays of [list(), { [Symbol.iterator]: list }]) {
    const handle = cluster.process(2).with({ retryDelays }).with({ timeoutMs: 60_000 });
    for (let round = 0; round < 2; round++) {
      let attempts = 0;
      work.hooks.visit = () => {
        if (++attempts === 1) throw new Error("not yet");
      };
      assert.equal(await handle.fetch(work.visit, 3), 30);
    }
  }
});
