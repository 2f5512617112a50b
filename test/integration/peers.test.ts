import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Cluster, LocalManager } from "#dist/index.js";
import {
  big,
  burnt,
  callFrom,
  caught,
  innerMap,
  procsSeen,
  waitFor,
  whoIsThere,
} from "./fixtures/calling.js";
import { nothingIsLeft } from "./leftovers.js";
import { WorkerLines } from "./worker-lines.js";

afterEach(nothingIsLeft);

test("workers in processes of their own call each other, send functions on, and tell errors apart", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(3));
  assert.deepEqual(await cluster.remoteCallFetch(procsSeen, 4), [1, 2, 3, 4]);
  assert.equal(await cluster.remoteCallFetch(callFrom, 2, 4), 4);
  assert.equal(await cluster.remoteCallFetch(callFrom, 4, 1), 1);
  assert.deepEqual(await cluster.remoteCallFetch(whoIsThere, 3), [2, 4]);
  assert.equal(await cluster.remoteCallFetch(big, 3, 2, 1_000_000), 1_000_000);
  assert.deepEqual(await cluster.remoteCallFetch(caught, 2, 3), {
    isRemote: true,
    pid: 3,
    cause: "RangeError",
  });
});

test("maps within maps end on two workers, in whatever process they run", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(2));
  const all = await cluster.pmap(innerMap, [50, 60, 70, 80], { concurrency: 2 });
  assert.deepEqual(
    all.map((inner) => inner.length),
    [50, 60, 70, 80],
  );
  assert.equal(all[3]![79], 158);
});

test("a map on a worker uses all of them, also when its items compute without a pause", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(3));
  const where = await cluster.remoteCallFetch(burnt, 3, 12);
  assert.deepEqual(
    [...new Set(where)].toSorted((one, other) => one - other),
    [2, 3, 4],
  );
});

test("a worker hears why another one died whose call it waits for", async () => {
  const lines = new WorkerLines();
  await using cluster = new Cluster({ output: lines.sink });
  await cluster.addProcs(new LocalManager(2));
  const waiting = cluster.remoteCallFetch(waitFor, 2, 3);
  await lines.first(({ pid }) => pid === 3);
  process.kill(cluster.workerInfo(3).report.osPid, "SIGKILL");
  assert.equal(await waiting, "exited: signalled");
});
