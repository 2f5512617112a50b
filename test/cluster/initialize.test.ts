import assert from "node:assert/strict";
import { beforeEach, test, type TestContext } from "node:test";
import { Cluster } from "#dist/index.js";
import { log, note, open, openBadly, openForEver, openSecond, openWrongly } from "./fixtures/set-up.js";
import { memoryCluster } from "./memory-cluster.js";

beforeEach(() => (log.length = 0));

void test("initialize runs on each worker before it takes calls, and its clean-up when the worker is removed", async (context) => {
  const { cluster, manager } = memoryCluster(context, { initialize: open });
  await cluster.everywhere(note, "everywhere");
  await cluster.addProcs(manager({ workers: 1 }), { initialize: openSecond });
  assert.deepEqual(
    log.filter((line) => line.startsWith("2")),
    ["2 everywhere", "2 open 2 memory", "2 open second"],
  );
  log.length = 0;
  await cluster.rmProcs(2);
  assert.deepEqual(log, ["2 close second", "2 close"], "the last one first");
});

void test("closing the cluster cleans up, once", async (context) => {
  const { cluster, manager } = memoryCluster(context, { initialize: open });
  await cluster.addProcs(manager({ workers: 2 }));
  log.length = 0;
  await cluster.close();
  assert.deepEqual(log.toSorted(), ["2 close", "3 close"]);
});

void test("a worker that is replaced is initialized like the one before", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const platform = manager({ workers: 1 });
  await cluster.addProcs(platform, { initialize: openSecond, replace: true });
  const joined = new Promise<number>((resolve) => cluster.on("joined", ({ pid }) => resolve(pid)));
  platform.crash(cluster.workerInfo(2).launched.id);
  assert.equal(await joined, 3);
  assert.deepEqual(log, ["2 open second", "3 open second"]);
});

void test("a clean-up that fails does not keep the others from running", async (context) => {
  const { cluster, manager } = memoryCluster(context, { initialize: open });
  await cluster.addProcs(manager({ workers: 1 }), { initialize: openBadly });
  const told = await errorOutput(context, async () => cluster.rmProcs(2));
  assert.match(told, /rollcall worker: a clean-up failed: RangeError: it does not close/);
  assert.ok(log.includes("2 close"));
});

void test("a clean-up that does not end is left when the time of the worker is up", async (context) => {
  const { cluster, manager } = memoryCluster(context, { leaveGraceMs: 100, initialize: openForEver });
  await cluster.addProcs(manager({ workers: 1 }));
  const told = await errorOutput(context, async () => cluster.close());
  assert.match(told, /clean-ups did not end within 50 ms, and are left/);
});

void test("a worker on which initialize fails, or gives something else, does not join", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const fails = (): never => {
    throw new RangeError("no licence left");
  };
  await assert.rejects(Promise.resolve(cluster.addProcs(manager({ workers: 1 }), { initialize: fails })), {
    code: "ERR_LAUNCH_FAILED",
    message: /join failed: initialize: on worker 2: RangeError: no licence left/,
  });
  const wrong = openWrongly as unknown as () => void;
  await assert.rejects(Promise.resolve(cluster.addProcs(manager({ workers: 1 }), { initialize: wrong })), {
    message: /initialize gives a function to clean up with, or nothing, not number/,
  });
  assert.deepEqual(cluster.workers(), []);
});

void test("an initialize that cannot travel, or is none, is refused before anything is started", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const socket = new WeakMap();
  const launched: unknown[] = [];
  cluster.on("launched", (event) => launched.push(event));
  const initialize = (): void => void socket.has({});
  await assert.rejects(
    Promise.resolve(cluster.addProcs(manager(), { initialize })),
    /captured variable "socket"/,
  );
  assert.deepEqual(launched, []);
  const none = "setUp" as unknown as () => void;
  assert.throws(() => cluster.addProcs(manager(), { initialize: none }), {
    name: "TypeError",
    message: 'initialize must be a function, not "setUp"',
  });
  assert.throws(() => new Cluster({ initialize: none }), { name: "TypeError" });
});

/** What is written to standard error while `work` runs. */
async function errorOutput(context: TestContext, work: () => Promise<unknown>): Promise<string> {
  const lines: string[] = [];
  const written = context.mock.method(process.stderr, "write", (text: string) => lines.push(text) > 0);
  await work();
  written.mock.restore();
  return lines.join("");
}
