// What plain JavaScript hands over by mistake is refused by its value, in the name of what was called.
import assert from "node:assert/strict";
import { test } from "node:test";
import { exponentialBackOff, type Cluster } from "#dist/index.js";
import { double } from "./fixtures/work.js";
import { memoryCluster } from "./memory-cluster.js";

/** Without its types, as plain JavaScript sees it. */
type Untyped = Record<string, (...args: readonly unknown[]) => unknown>;

const untyped = (value: unknown): Untyped => value as Untyped;

const mistakes: readonly (readonly [what: string, make: (cluster: Cluster) => unknown, message: RegExp])[] = [
  [
    "a map of an array",
    (it) => untyped(it)["pmap"]!([1], double),
    /^pmap needs a function, not an array of 1$/,
  ],
  [
    "a loop without a body",
    (it) => untyped(it)["distributed"]!([1]),
    /^distributed needs a function, not undefined$/,
  ],
  ["a remote null", (it) => untyped(it)["remote"]!(null), /^remote needs a function, not null$/],
  [
    "a call of null",
    (it) => untyped(it)["remoteCallFetch"]!(null, 2),
    /^a remote call needs a function, not null$/,
  ],
  ["a pool of a number", (it) => untyped(it)["workerPool"]!(2), /^workerPool takes a list of pids.* not 2$/],
  [
    "a pool of symbols",
    (it) => untyped(it)["cachingPool"]!([Symbol("x")]),
    /^cachingPool takes pids.*a symbol$/,
  ],
  ["a text pushed to a pool", (it) => untyped(it.workerPool())["push"]!("2"), /^push takes a pid.* not "2"$/],
  ["nothing put to a pool", (it) => untyped(it.workerPool())["put"]!(), /^put takes a pid.* not undefined$/],
  ["news of a bigint", (it) => untyped(it)["workerInfo"]!(2n), /^workerInfo takes a pid.* not 2n$/],
  [
    "references of a text",
    (it) => untyped(it)["heldReferences"]!("2"),
    /^heldReferences takes a pid.* not "2"$/,
  ],
  [
    "a removal with null",
    (it) => untyped(it)["rmProcs"]!([], null),
    /^the options of rmProcs must be .* not null$/,
  ],
  [
    "a handle with a pid",
    (it) => untyped(it.process(2))["with"]!({ pid: 3 }),
    /^with: there is no option "pid"; it/,
  ],
  [
    "a handle with null",
    (it) => untyped(it.process(2))["with"]!(null),
    /^the options of with must be .* not null$/,
  ],
  ["a scope of nothing", (it) => untyped(it.scope())["use"]!(), /^use takes a reference.* not undefined$/],
  ["a scope that keeps 5", (it) => untyped(it.scope())["keep"]!(5), /^keep takes a reference.* not 5$/],
  ["adapting to 4", (it) => untyped(it)["adapt"]!(4, { max: 2 }), /^adapt needs a cluster manager.* not 4$/],
];

for (const [what, make, message] of mistakes) {
  test(`${what} is refused`, async (context) => {
    const { cluster, manager } = memoryCluster(context);
    await cluster.addProcs(manager({ workers: 1 }));
    await assert.rejects(async () => make(cluster), { name: "TypeError", message });
  });
}

test("an option that adapt has not is refused with those that it has", (context) => {
  const { cluster, manager } = memoryCluster(context);
  assert.throws(() => cluster.adapt(manager(), { max: 2, idle: 5 } as never), {
    name: "TypeError",
    message: /^adapt: there is no option "idle"; it takes min, max, idleMs, patienceMs, labels, ident/,
  });
});

test("a factor of delays is refused by its value", () => {
  const refused: readonly (readonly [factor: unknown, name: string, message: RegExp])[] = [
    ["2", "TypeError", /^factor must be a number, not "2"$/],
    [{}, "TypeError", /^factor must be a number, not an object$/],
    [Number.NaN, "RangeError", /^factor must be 1 or more, not NaN$/],
  ];
  for (const [factor, name, message] of refused) {
    assert.throws(() => exponentialBackOff({ factor } as never), { name, message });
  }
});

test("a pool of another cluster, whose pids mean other processes, is refused wherever a pool is taken", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const other = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 1 }));
  await other.cluster.addProcs(other.manager({ workers: 1 }));
  const pool = other.cluster.workerPool([2]);
  const refused = {
    name: "TypeError",
    message: /belongs to another cluster; make one with workerPool of this one/,
  };
  await assert.rejects(cluster.remoteCallFetch(double, pool, 1), refused);
  await assert.rejects(cluster.remoteCall(double, { pool }, 1), refused);
  await assert.rejects(cluster.remoteDo(double, pool, 1), refused);
  await assert.rejects(cluster.remote(double, pool)(1), refused);
  await assert.rejects(async () => cluster.pmap(double, [1], { pool }), refused);
  await assert.rejects(cluster.distributed([1], double, { pool }), refused);
  assert.throws(() => (cluster.defaultWorkerPool = pool), refused);
  assert.equal(pool.free, 1);
});

test("times of leaving need not be whole, and may be the longest", async (context) => {
  const { cluster, manager } = memoryCluster(context, { leaveGraceMs: 500.5 });
  await cluster.addProcs(manager({ workers: 3 }));
  await cluster.rmProcs(2, { graceMs: 500.25, drainMs: 0.5 });
  await cluster.rmProcs(3, { graceMs: 2 ** 31 - 1, drainMs: 2 ** 31 - 1 });
  await cluster.close();
  assert.deepEqual(cluster.workers(), []);
});
