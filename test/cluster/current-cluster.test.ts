import assert from "node:assert/strict";
import { test } from "node:test";
import { currentCluster, RemoteError, RollcallError } from "#dist/index.js";
import * as onWorkers from "#dist/worker/index.js";
import {
  asksManager,
  countWorkers,
  doubledByMe,
  everyWayOfMapping,
  idOfCurrentCluster,
  nestedSum,
  callsOwn,
  startsWorkers,
} from "./fixtures/calling.js";
import { memoryCluster } from "./memory-cluster.js";

test("code that runs on a worker finds its cluster and calls the manager", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  assert.equal(await cluster.remoteCallFetch(idOfCurrentCluster, 3), 3);
  assert.deepEqual(await cluster.remoteCallFetch(asksManager, 2), { pid: 1, caught: "RangeError" });
});

test("a worker calls itself like any other process", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.deepEqual(await cluster.remoteCallFetch(doubledByMe, 2, [1, 2]), { pid: 2, values: [2, 4] });
});

test("a function that a map runs on a worker runs a map of its own", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.deepEqual(await cluster.pmap(nestedSum, [1, 2, 3]), [1, 3, 6]);
});

test("a worker has maps with hooks, loops and pools as the manager has", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.deepEqual(await cluster.remoteCallFetch(everyWayOfMapping, 2, 4), [[0, 1, 2, 3], 12, 8]);
});

test("what only the manager can do is an error on a worker that says so", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  await assert.rejects(
    cluster.remoteCallFetch(startsWorkers, 2),
    (error) => error instanceof RemoteError && /addProcs belongs to the manager/.test(error.message),
  );
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(cluster)).filter(
    (name) => name !== "constructor",
  );
  assert.ok(names.includes("adapt"));
  for (const name of names) {
    await assert.rejects(cluster.remoteCallFetch(callsOwn, 2, name), (error: RemoteError) =>
      error.message.includes(`${name} belongs to the manager`),
    );
  }
});

test("on a manager the current cluster is its only one, or that of the running call", async (context) => {
  assert.throws(() => currentCluster(), /no cluster is open/);
  const { cluster, manager } = memoryCluster(context);
  assert.equal(currentCluster(), cluster);
  assert.equal(onWorkers.currentCluster(), cluster);
  const { cluster: other, manager: otherManager } = memoryCluster(context);
  assert.throws(() => currentCluster(), /2 clusters are open/);
  await cluster.addProcs(manager({ workers: 3 }));
  await other.addProcs(otherManager({ workers: 1 }));
  assert.equal(await cluster.remoteCallFetch(countWorkers, 1), 3);
  assert.equal(await other.remoteCallFetch(countWorkers, 1), 1);
  await other.close();
  assert.equal(currentCluster(), cluster);
});

test("an error is recognised whichever copy of its class it was made with", () => {
  const copy = new onWorkers.RemoteError("no", 2, "Error", "");
  assert.notEqual(onWorkers.RemoteError, RemoteError);
  assert.ok(copy instanceof RemoteError);
  assert.ok(copy instanceof RollcallError);
  assert.ok(!(copy instanceof onWorkers.ProcessExitedError));
  assert.ok(!(new Error("no") instanceof RollcallError));
  class Own extends RemoteError {}
  assert.ok(!(copy instanceof Own));
  const own: unknown = new Own("no", 2, "Error", "");
  assert.ok(own instanceof Own && own instanceof onWorkers.RemoteError);
});
