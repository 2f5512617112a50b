import assert from "node:assert/strict";
import { test } from "node:test";
import { Cluster, type CallTarget, type ClusterManager } from "#dist/index.js";

/** What is wrong, the options, the class of the error and what its message says. */
const refused: readonly [string, unknown, ErrorConstructor, RegExp][] = [
  ["an unknown option", { root: "." }, TypeError, /Cluster: there is no option "root"; it takes projectRoot/],
  [
    "an unknown output",
    { output: "file" },
    TypeError,
    /output must be "print", "ignore" or a function, not "file"/,
  ],
  ["an empty project root", { projectRoot: "" }, RangeError, /projectRoot must not be empty/],
  ["a tiny message limit", { maxMessageBytes: 10 }, RangeError, /maxMessageBytes .*65536.* not 10/],
  ["a negative grace", { leaveGraceMs: -1 }, RangeError, /leaveGraceMs must be 1 to .* not -1/],
  [
    "a grace beyond timers",
    { managerGraceMs: 1e10 },
    RangeError,
    /managerGraceMs must be .* not 10000000000/,
  ],
  ["an unknown heartbeat", { heartbeat: { every: 4 } }, TypeError, /heartbeat: there is no option "every"/],
  [
    "a heartbeat out of order",
    { heartbeat: { suspectMs: 9, lostMs: 8 } },
    RangeError,
    /intervalMs ≤ suspectMs ≤ lostMs/,
  ],
  [
    "an unknown topology",
    { topology: "ring" },
    TypeError,
    /topology must be one of all_to_all, master_worker, custom, not "ring"/,
  ],
  ["a lazy that is no flag", { lazy: "no" }, TypeError, /lazy must be true or false, not "no"/],
  [
    "eager links where there are none",
    { topology: "master_worker", lazy: false },
    TypeError,
    /lazy: false .* topology "master_worker" has none/,
  ],
];

for (const [what, options, type, message] of refused) {
  test(`${what} is refused when the cluster is made`, () => {
    assert.throws(() => new Cluster(options as object), { name: type.name, message });
  });
}

test("something that is no cluster manager is refused by addProcs", async () => {
  await using cluster = new Cluster();
  assert.throws(() => cluster.addProcs(4 as unknown as ClusterManager), {
    name: "TypeError",
    message: /addProcs needs a cluster manager, such as new LocalManager\(4\), not 4/,
  });
});

test("a call's target is checked before anything is sent", async () => {
  await using cluster = new Cluster();
  const targets: readonly [unknown, string, RegExp][] = [
    ["any2", "TypeError", /needs a pid .* not "any2"/],
    [0, "TypeError", /needs a pid .* not 0/],
    [{ pid: 1, timeout: 5 }, "TypeError", /no option "timeout"; it takes pid, pool, signal, timeoutMs/],
    [{ pid: 1, timeoutMs: 0 }, "RangeError", /timeoutMs must be 1 to .* not 0/],
    [{ pid: 1, timeoutMs: Number.POSITIVE_INFINITY }, "RangeError", /timeoutMs must be 1 to .* not Infinity/],
  ];
  for (const [target, name, message] of targets)
    await assert.rejects(cluster.remoteCallFetch(Math.abs, target as CallTarget, -1), { name, message });
  await assert.rejects(
    cluster.rmProcs("x" as unknown as number),
    /rmProcs takes pids \(1, 2, ...\), not "x"/,
  );
  await assert.rejects(cluster.interrupt([2.5]), /interrupt takes pids \(1, 2, ...\), not 2.5/);
  await assert.rejects(cluster.rmProcs([], { graceMs: -5 }), {
    name: "RangeError",
    message: /graceMs.* not -5/,
  });
});
