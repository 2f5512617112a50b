import assert from "node:assert/strict";
import { test } from "node:test";
import { PendingCalls, type PendingCall } from "#dist/rpc/pending-calls.js";
import { newSeed, seeded } from "../fixtures/random.js";

function recorder(): PendingCall & { readonly outcomes: unknown[] } {
  const outcomes: unknown[] = [];
  return {
    outcomes,
    resolve: (value) => void outcomes.push(["resolved", value]),
    reject: (reason) => void outcomes.push(["rejected", reason]),
  };
}

void test("a call is taken out once, by its id", () => {
  const calls = new PendingCalls();
  const [first, second] = [recorder(), recorder()];
  const [a, b] = [calls.add(first), calls.add(second)];
  assert.notEqual(a, b);
  assert.equal(calls.size, 2);
  assert.equal(calls.take(a), first);
  assert.equal(calls.take(a), undefined);
  assert.equal(calls.take(b), second);
  assert.equal(calls.size, 0);
});

void test("an id that was never given is no call", () => {
  const calls = new PendingCalls();
  for (const id of [0, 1, 2 ** 32 - 1]) assert.equal(calls.take(id), undefined);
});

void test("an id is given again only after its answer, also when its caller has given up", () => {
  const calls = new PendingCalls();
  const given = recorder();
  const id = calls.add(given);
  calls.abandon(id);
  calls.abandon(id);
  assert.equal(calls.size, 0, "abandoned calls are not waited for");
  assert.notEqual(calls.add(recorder()), id);
  calls.take(id)!.resolve("late");
  assert.deepEqual(given.outcomes, [], "the late reply goes nowhere");
  assert.equal(calls.add(recorder()), id);
  assert.equal(calls.size, 2);
});

void test("who abandons a call can hear when its reply comes, or when none will", () => {
  const calls = new PendingCalls();
  const ended: string[] = [];
  const silent = { resolve: () => assert.fail(), reject: () => assert.fail() };
  const [first, second] = [calls.add(silent), calls.add(silent)];
  calls.abandon(first, () => ended.push("first"));
  calls.abandon(second, () => ended.push("second"));
  assert.equal(calls.size, 0);
  calls.take(first)?.resolve(1);
  assert.deepEqual(ended, ["first"]);
  calls.rejectAll(new Error("gone"));
  assert.deepEqual(ended, ["first", "second"]);
});

void test("to abandon what is not there does nothing", () => {
  const calls = new PendingCalls();
  calls.abandon(0);
  calls.abandon(-1);
  assert.equal(calls.size, 0);
});

void test("everything that waits can be failed at once, the abandoned ones in silence, and calls can follow", () => {
  const calls = new PendingCalls();
  const [waiting, abandoned] = [recorder(), recorder()];
  calls.add(waiting);
  calls.abandon(calls.add(abandoned));
  calls.rejectAll("over");
  assert.deepEqual(waiting.outcomes, [["rejected", "over"]]);
  assert.deepEqual(abandoned.outcomes, []);
  assert.equal(calls.size, 0);
  const later = recorder();
  assert.equal(calls.take(calls.add(later)), later);
});

void test("in any order of events each call is settled once, by its own answer", (context) => {
  const next = seeded(newSeed(context));
  const calls = new PendingCalls();
  const open = new Map<number, ReturnType<typeof recorder>>();
  const abandoned = new Set<number>();
  for (let step = 0; step < 5_000; step++) {
    const ids = [...open.keys()];
    const id = ids[next(ids.length)];
    if (id === undefined || next(3) === 0) {
      const call = recorder();
      const fresh = calls.add(call);
      assert.ok(!open.has(fresh), "an id in use is not given again");
      open.set(fresh, call);
    } else if (next(4) === 0) {
      calls.abandon(id);
      abandoned.add(id);
    } else {
      calls.take(id)!.resolve(step);
      assert.deepEqual(open.get(id)!.outcomes, abandoned.has(id) ? [] : [["resolved", step]]);
      open.delete(id);
      abandoned.delete(id);
    }
    assert.equal(calls.size, open.size - abandoned.size);
  }
});

test("an id that is kept is given to no other call before it is freed", () => {
  const calls = new PendingCalls();
  const ignored = { resolve: (): void => {}, reject: (): void => {} };
  const kept = calls.add(ignored);
  calls.take(kept, true);
  assert.equal(calls.size, 0);
  assert.notEqual(calls.add(ignored), kept);
  calls.free(kept);
  calls.free(kept);
  assert.deepEqual([calls.add(ignored), calls.add(ignored)], [kept, 2]);
  assert.equal(calls.size, 3);
});
