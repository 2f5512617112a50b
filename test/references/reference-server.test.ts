import assert from "node:assert/strict";
import { test } from "node:test";
import { Answer } from "#dist/references/answers.js";
import type { Parcel } from "#dist/references/parcel.js";
import { ReferenceServer } from "#dist/references/reference-server.js";

function server(expectMs: number): ReferenceServer {
  return new ReferenceServer({ clear: () => {}, expectMs });
}

void test("a request for a reference of which nothing is heard ends after a while", async () => {
  const references = server(5);
  // A process does not stay alive to wait for what may never come.
  const alive = setTimeout(() => {}, 60_000);
  assert.deepEqual(await references.fetch([2, 1, 3, 1]), [Answer.unknown]);
  clearTimeout(alive);
  assert.equal(references.table.size, 0);
  assert.equal(references.requests.size, 0);
});

void test("one that comes before the call that makes the reference is answered when that has ended", async () => {
  const references = server(60_000);
  const early = references.fetch([2, 1, 3, 1]);
  assert.deepEqual(references.isSettled([2, 1, 3, 2]), [Answer.done, false]);
  references.table.begin(2, 1);
  references.table.settle(2, 1, { value: "here" });
  const [status, parcel] = await early;
  assert.equal(status, Answer.done);
  assert.equal((parcel as Parcel).value, "here");
  assert.equal(references.requests.size, 0);
});

void test("a request that is withdrawn ends, also one that is withdrawn before it comes", async () => {
  const references = server(60_000);
  references.makeFuture([2, 1, 2, 1]);
  const waiting = references.fetch([2, 1, 3, 1]);
  references.requests.withdraw(3, 1);
  assert.deepEqual(await waiting, [Answer.withdrawn]);
  references.requests.withdraw(3, 2);
  assert.deepEqual(await references.fetch([2, 1, 3, 2]), [Answer.withdrawn]);
  references.requests.withdraw(3, 2);
  assert.equal(references.requests.size, 0);
});

void test("the requests of a process that is gone end, and later ones are not begun", async () => {
  const references = server(60_000);
  references.makeFuture([2, 1, 2, 1]);
  const waiting = references.wait([2, 1, 3, 1]);
  references.exited(3);
  assert.deepEqual(await waiting, [Answer.withdrawn]);
  assert.deepEqual(await references.wait([2, 1, 3, 2]), [Answer.withdrawn]);
});

void test("who waits for a reference that is released is told so", async () => {
  const references = server(60_000);
  references.makeFuture([2, 1, 2, 1]);
  const waiting = references.fetch([2, 1, 3, 1]);
  references.table.change([[2, 1, 2, -1]]);
  assert.deepEqual(await waiting, [Answer.released]);
  assert.deepEqual(await references.fetch([2, 1, 3, 2]), [Answer.released]);
});

void test("a batch of changes that comes twice counts once", () => {
  const references = server(60_000);
  references.makeFuture([2, 1, 2, 1]);
  references.change(4, 1, [[2, 1, 4, 1]]);
  references.change(4, 1, [[2, 1, 4, 1]]);
  references.change(2, 1, [[2, 1, 2, -1]]);
  references.change(4, 2, [[2, 1, 4, -1]]);
  assert.equal(references.table.size, 0);
});
