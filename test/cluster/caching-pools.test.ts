import assert from "node:assert/strict";
import { test } from "node:test";
import { deferred } from "#dist/util/deferred.js";
import { hooks, visit } from "./fixtures/work.js";
import { memoryCluster } from "./memory-cluster.js";

/** Counts the calls of one copy of it: a new copy, with a new box, begins at 1. */
function counter(): () => number {
  const box = { count: 0 };
  return () => ++box.count;
}

void test("functions of a caching pool stay with each worker until the pool is cleared", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const count = counter();
  {
    using pool = cluster.cachingPool([2]);
    const remote = cluster.remote(count, pool);
    assert.deepEqual([await remote(), await remote(), await remote()], [1, 2, 3]);
    assert.equal(pool.functions, 1);
    pool.clear();
    assert.equal(pool.functions, 0);
    assert.deepEqual([await remote(), await remote()], [1, 2], "it has been sent again");
    assert.deepEqual(await cluster.pmap(count, [0, 0], { pool }), [3, 4]);
    assert.equal(pool.functions, 1);
  }
  assert.equal(await cluster.remoteCallFetch(count, 2), 1, "the end of the block has cleared it");
});

void test("a function that is being called is cleared when its calls have ended, and they are unharmed", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  const gate = deferred<void>();
  const begun = deferred<void>();
  hooks.visit = (item) => {
    if (item === 1) begun.resolve();
    return gate.promise;
  };
  const pool = cluster.cachingPool();
  const call = cluster.remoteCallFetch(visit, pool, 1);
  const map = cluster.pmap(visit, [2, 3], { pool, batch: 2 });
  await begun.promise;
  pool.clear();
  assert.equal(pool.functions, 2, "the function, and that of batches of it");
  gate.resolve();
  assert.deepEqual([await call, await map], [10, [20, 30]]);
  assert.equal(pool.functions, 0);
});
