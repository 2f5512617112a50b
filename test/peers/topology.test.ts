import assert from "node:assert/strict";
import { test } from "node:test";
import { TopologyError } from "#dist/errors.js";
import { mayLink, noLink } from "#dist/peers/topology.js";

const hub = { ident: "hub" };
const leaf = { ident: "leaf", connectIdents: ["hub"] };

test("all to all links everyone, master_worker no one", () => {
  assert.ok(mayLink("all_to_all", {}, {}));
  assert.ok(!mayLink("master_worker", hub, leaf));
});

test("a custom topology links those of which one names the other, in either order", () => {
  assert.ok(mayLink("custom", leaf, hub));
  assert.ok(mayLink("custom", hub, leaf));
  assert.ok(!mayLink("custom", leaf, leaf));
  assert.ok(!mayLink("custom", hub, hub));
  assert.ok(!mayLink("custom", {}, leaf));
  assert.ok(mayLink("custom", { ident: "ring", connectIdents: ["ring"] }, { ident: "ring" }));
});

test("a refusal names the topology and both workers", () => {
  const error = noLink("master_worker", 4, 7);
  assert.ok(error instanceof TopologyError);
  assert.deepEqual([error.topology, error.from, error.to], ["master_worker", 4, 7]);
  assert.match(error.message, /worker 4 cannot call worker 7.*master_worker/);
});
