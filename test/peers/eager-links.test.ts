import assert from "node:assert/strict";
import { test } from "node:test";
import { EagerLinks } from "#dist/peers/eager-links.js";
import { deferred } from "#dist/util/deferred.js";

test("eager links are made a few at a time, and one that fails holds up no other", async () => {
  const all = Array.from({ length: 30 }, () => deferred<void>());
  const begun: number[] = [];
  const links = new EagerLinks((pid) => {
    begun.push(pid);
    return all[pid]!.promise;
  });
  for (let pid = 0; pid < 30; pid++) links.add(pid);
  assert.equal(begun.length, 8);
  for (const [pid, { resolve, reject }] of all.entries()) {
    if (pid % 3 === 0) reject(new Error("it cannot be made"));
    else resolve();
  }
  while (begun.length < 30) await Promise.resolve();
  assert.deepEqual(
    begun,
    all.map((_, pid) => pid),
  );
});
