import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { negate, sumOf } from "./fixtures/holding.js";
import { nothingHeld } from "../cluster/memory-cluster.js";
import { referenceCluster } from "./reference-cluster.js";

/** References that are made, sent to another process, fetched there and released. */
const REFERENCES = process.env["ROLLCALL_LONG"] === "1" ? 1_000_000 : 100_000;
/** For hangs only: a million took three and a half minutes on two busy cores. */
const LIMIT_MS = 15 * 60_000;
const CHUNK = 1_000;
/** Of the heap, after the first tenth: far below what one chunk in ten that stays would take. */
const MOST_GROWTH = 16 * 1024 * 1024;

void test(`${REFERENCES} references leave nothing behind`, { timeout: LIMIT_MS }, async (context) => {
  const { cluster } = await referenceCluster(context, 2);
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const heap = (): number => {
    gc();
    return process.memoryUsage().heapUsed;
  };
  let before = 0;
  for (let done = 0; done < REFERENCES; done += CHUNK) {
    if (done === REFERENCES / 10) before = heap();
    const numbers = Array.from({ length: CHUNK }, (_, index) => done + index);
    await using scope = cluster.scope();
    const futures = await Promise.all(numbers.map((n) => scope.remoteCall(negate, 2, n)));
    const sum = await cluster.remoteCallFetch(sumOf, 3, futures);
    assert.equal(
      -sum,
      numbers.reduce((total, n) => total + n, 0),
    );
  }
  await nothingHeld(cluster);
  const growth = heap() - before;
  context.diagnostic(`the heap grew by ${(growth / 2 ** 20).toFixed(1)} MiB`);
  assert.ok(growth < MOST_GROWTH, `the heap grew by ${growth} bytes`);
});
