import assert from "node:assert/strict";
import { test } from "node:test";
import { MapPlan, type MapItem } from "#dist/pool/map-plan.js";
import { newSeed, seeded } from "../fixtures/random.js";

function plan(order: "input" | "finished" = "input", maxDeaths = 3): MapPlan<string, string> {
  return new MapPlan({ order, maxDeaths });
}

void test("in order, a result waits for all earlier ones and then they go out together", () => {
  const map = plan();
  const [a, b, c] = ["a", "b", "c"].map((value) => map.take(value)) as [
    MapItem<string>,
    MapItem<string>,
    MapItem<string>,
  ];
  assert.deepEqual(map.succeeded(c, "C"), []);
  assert.deepEqual(map.succeeded(b, "B"), []);
  assert.equal(map.held, 2);
  assert.deepEqual(map.succeeded(a, "A"), [
    [0, "A"],
    [1, "B"],
    [2, "C"],
  ]);
  assert.equal(map.held, 0);
});

void test("as finished, each result goes out at once with its position", () => {
  const map = plan("finished");
  const items = ["a", "b"].map((value) => map.take(value));
  assert.deepEqual(map.succeeded(items[1]!, "B"), [[1, "B"]]);
  assert.deepEqual(map.succeeded(items[0]!, "A"), [[0, "A"]]);
});

void test("undefined is a result like any other", () => {
  const map = new MapPlan<number, undefined>({ order: "input", maxDeaths: 1 });
  const [first, second] = [map.take(1), map.take(2)];
  assert.deepEqual(map.succeeded(second, undefined), []);
  assert.deepEqual(map.succeeded(first, undefined), [
    [0, undefined],
    [1, undefined],
  ]);
});

void test("an item whose worker died runs again, before new input, until too many have died", () => {
  const map = plan("input", 2);
  const item = map.take("a");
  const cause = new Error("gone");
  assert.equal(map.workerDied(item, cause), undefined);
  assert.equal(map.running, 0);
  assert.equal(map.takeAgain(), undefined, "it runs alone, so that the next death is clearly its own");
  const again = map.takeSuspect()!;
  assert.deepEqual(again, { index: 0, value: "a", deaths: 1 });
  const error = map.workerDied(again, cause);
  assert.equal(error?.name, "ItemKillsWorkersError");
  assert.deepEqual([error.index, error.deaths, error.cause], [0, 2, cause]);
  assert.equal(map.takeSuspect(), undefined);
});

void test("what could not be sent goes first, and nobody has died of it", () => {
  const map = plan();
  const [a, b] = [map.take("a"), map.take("b")];
  map.workerDied(b, undefined);
  map.putBack(a);
  assert.deepEqual(map.takeAgain(), { index: 0, value: "a", deaths: 0 });
  assert.ok(map.hasSuspects);
  const suspect = map.takeSuspect()!;
  assert.deepEqual(suspect, { index: 1, value: "b", deaths: 1 });
  map.putBack(suspect);
  assert.deepEqual(map.takeSuspect(), suspect, "a suspect stays one");
  assert.ok(!map.hasSuspects);
});

void test("it is complete when the input has ended and nothing is out or has to run again", () => {
  const map = plan();
  assert.equal(map.isComplete, false);
  const item = map.take("a");
  map.inputEnded();
  assert.equal(map.isComplete, false);
  map.workerDied(item, undefined);
  assert.equal(map.isComplete, false);
  map.succeeded(map.takeSuspect()!, "A");
  assert.equal(map.isComplete, true);
  const empty = plan();
  empty.inputEnded();
  assert.equal(empty.isComplete, true);
});

for (const order of ["input", "finished"] as const) {
  void test(`whatever happens, each result goes out once (order: ${order})`, (context) => {
    const next = seeded(newSeed(context));
    for (let round = 0; round < 200; round++) {
      const map = new MapPlan<number, number>({ order, maxDeaths: 1_000 });
      const count = next(30);
      const out: MapItem<number>[] = [];
      const given: number[] = [];
      while (!map.isComplete) {
        if (map.taken === count) map.inputEnded();
        const item = out.splice(next(out.length || 1), 1)[0];
        if (item === undefined || next(3) === 0) {
          if (item !== undefined) out.push(item);
          const more =
            map.takeSuspect() ?? map.takeAgain() ?? (map.taken < count ? map.take(map.taken) : undefined);
          if (more !== undefined) out.push(more);
        } else if (next(4) === 0) map.workerDied(item, undefined);
        else if (next(6) === 0) map.putBack(item);
        else for (const [index] of map.succeeded(item, item.value)) given.push(index);
        assert.equal(map.running, out.length);
      }
      const expected = Array.from({ length: count }, (_, index) => index);
      assert.deepEqual(order === "input" ? given : given.toSorted((a, b) => a - b), expected);
      assert.deepEqual([map.done, map.held, map.running], [count, 0, 0]);
    }
  });
}
