import assert from "node:assert/strict";
import { test } from "node:test";
import type { ItemKillsWorkersError } from "#dist/errors.js";
import { MapPlan, type AttemptEnd, type MapItem } from "#dist/pool/map-plan.js";
import { newSeed, seeded, type Random } from "../fixtures/random.js";

function plan(
  order: "input" | "finished" = "input",
  maxDeaths = 3,
  retryDelays: readonly number[] = [],
): MapPlan<string, string> {
  return new MapPlan({ order, maxDeaths, retryDelays });
}

/** An attempt fails, and the item runs again if the rules allow it. Returns the error that ends it otherwise. */
function fail<T>(map: MapPlan<T, unknown>, item: MapItem<T>, end: AttemptEnd, error?: unknown): unknown {
  const verdict = map.attemptFailed(item, end, error);
  if (!verdict.mayRunAgain) return verdict.error;
  map.runAgain(item, end);
  return undefined;
}

/** What a new item is. */
function fresh(index: number, value: string): MapItem<string> {
  return { index, value, attempt: 1, deaths: 0, errors: 0, isAlone: false };
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
  const map = new MapPlan<number, undefined>({ order: "input", maxDeaths: 1, retryDelays: [] });
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
  assert.deepEqual(map.attemptFailed(item, "death", cause), { mayRunAgain: true, delayMs: 0 });
  assert.deepEqual([map.running, map.undecided], [0, 1]);
  map.runAgain(item, "death");
  assert.deepEqual([map.running, map.undecided], [0, 0]);
  assert.equal(map.takeAgain(), undefined, "it runs alone, so that the next death is clearly its own");
  const again = map.takeSuspect()!;
  assert.deepEqual(again, { ...fresh(0, "a"), attempt: 2, deaths: 1 });
  const error = fail(map, again, "death", cause) as ItemKillsWorkersError;
  assert.equal(error.name, "ItemKillsWorkersError");
  assert.deepEqual([error.index, error.deaths, error.cause], [0, 2, cause]);
  assert.equal(map.takeSuspect(), undefined);
});

void test("an item that failed may run again as often as there are delays, after each of them", () => {
  const map = plan("input", 3, [10, 200]);
  const error = new Error("bad");
  let item = map.take("a");
  for (const delayMs of [10, 200]) {
    assert.deepEqual(map.attemptFailed(item, "error", error), { mayRunAgain: true, delayMs });
    map.runAgain(item, "error");
    item = map.takeAgain()!;
  }
  assert.deepEqual(item, { ...fresh(0, "a"), attempt: 3, errors: 2 });
  assert.deepEqual(map.attemptFailed(item, "error", error), { mayRunAgain: false, error });
});

void test("a lost worker is an attempt, but takes no delay; one that was asked to leave takes no blame either", () => {
  const map = plan("input", 2, [10]);
  let item = map.take("a");
  fail(map, item, "removal");
  item = map.takeAgain()!;
  fail(map, item, "death");
  item = map.takeSuspect()!;
  fail(map, item, "error");
  item = map.takeSuspect()!;
  fail(map, item, "removal");
  item = map.takeSuspect()!;
  assert.deepEqual(item, { ...fresh(0, "a"), attempt: 5, deaths: 1, errors: 1 });
  assert.equal(map.attemptFailed(item, "error", undefined).mayRunAgain, false);
});

void test("an item whose failure is replaced counts as done, in its place", () => {
  const map = plan();
  const [a, b] = [map.take("a"), map.take("b")];
  map.inputEnded();
  map.succeeded(b, "B");
  map.attemptFailed(a, "error", undefined);
  assert.equal(map.isComplete, false, "it is not decided yet");
  assert.deepEqual(map.substituted(a, "instead"), [
    [0, "instead"],
    [1, "B"],
  ]);
  assert.ok(map.isComplete);
});

void test("what could not be sent goes first, and nobody has died of it", () => {
  const map = plan();
  const [a, b] = [map.take("a"), map.take("b")];
  fail(map, b, "death");
  map.putBack(a);
  assert.deepEqual(map.takeAgain(), fresh(0, "a"));
  assert.ok(map.hasSuspects);
  const suspect = map.takeSuspect()!;
  map.putBack(suspect);
  assert.deepEqual(map.takeSuspect(), suspect, "a suspect stays one");
  assert.ok(!map.hasSuspects);
});

void test("items whose message could not travel go alone, in their order, as the same attempt", () => {
  const map = plan();
  const items = ["a", "b"].map((value) => map.take(value));
  for (const item of items.toReversed()) map.putBackAlone(item);
  assert.equal(map.takeAgain("not alone"), undefined);
  assert.deepEqual(map.takeAgain(), { ...fresh(0, "a"), isAlone: true });
  assert.deepEqual(map.takeAgain(), { ...fresh(1, "b"), isAlone: true });
});

void test("it is complete when the input has ended and nothing is out or has to run again", () => {
  const map = plan();
  assert.equal(map.isComplete, false);
  const item = map.take("a");
  map.inputEnded();
  assert.equal(map.isComplete, false);
  fail(map, item, "death");
  assert.equal(map.isComplete, false);
  map.succeeded(map.takeSuspect()!, "A");
  assert.equal(map.isComplete, true);
  const empty = plan();
  empty.inputEnded();
  assert.equal(empty.isComplete, true);
});

const ends: readonly AttemptEnd[] = ["error", "death", "removal"];

for (const order of ["input", "finished"] as const) {
  void test(`whatever happens, each item ends as it would by itself, and each result goes out once (${order})`, (context) => {
    const next = seeded(newSeed(context));
    for (let round = 0; round < 300; round++) {
      const options = {
        order,
        maxDeaths: 1 + next(4),
        retryDelays: Array.from({ length: next(3) }, () => next(9)),
      };
      const map = new MapPlan<Script, string>(options);
      // What will become of the attempts of each item is written before, and the map told as it goes.
      const scripts = Array.from({ length: next(25) }, (_, index) => newScript(next, index));
      const given = drive(map, scripts, next);
      const expected = scripts.map((script) => alone(script, options));
      const inOrder = order === "input" ? given : given.toSorted(([a], [b]) => a - b);
      assert.deepEqual(
        inOrder,
        expected.map((result, index) => [index, result]),
      );
      assert.deepEqual([map.done, map.held, map.running, map.undecided], [scripts.length, 0, 0, 0]);
    }
  });
}

/** How the attempts of an item end before one succeeds, and whether a hook lets it run again after each. */
interface Script {
  readonly index: number;
  readonly ends: readonly AttemptEnd[];
  readonly mayRetry: readonly boolean[];
}

function newScript(next: Random, index: number): Script {
  const count = next(3) === 0 ? next(8) : 0;
  return {
    index,
    ends: Array.from({ length: count }, () => ends[next(3)]!),
    mayRetry: Array.from({ length: count }, () => next(5) > 0),
  };
}

/** The rules in their simplest form: one item, one attempt after the other. */
function alone(
  { index, ends: script, mayRetry }: Script,
  { maxDeaths, retryDelays }: { maxDeaths: number; retryDelays: readonly number[] },
): string {
  let deaths = 0;
  let errors = 0;
  for (const [attempt, end] of script.entries()) {
    if (end === "death" && ++deaths === maxDeaths) return `${index} set aside in attempt ${attempt + 1}`;
    if (end === "error" && ++errors > retryDelays.length) return `${index} failed in attempt ${attempt + 1}`;
    if (!mayRetry[attempt]!) return `${index} given up in attempt ${attempt + 1}`;
  }
  return `${index} done in attempt ${script.length + 1}`;
}

/** Runs a map to its end, with whatever it has under way ending in any order. */
function drive(
  map: MapPlan<Script, string>,
  scripts: readonly Script[],
  next: Random,
): (readonly [number, string])[] {
  const given: (readonly [number, string])[] = [];
  const running: MapItem<Script>[] = [];
  const undecided: { item: MapItem<Script>; end: AttemptEnd; final: string | undefined }[] = [];
  const any = <Item>(list: Item[]): Item | undefined => list.splice(next(list.length || 1), 1)[0];
  while (!map.isComplete) {
    if (map.taken === scripts.length) map.inputEnded();
    const step = next(6);
    if (step < 2) {
      const input = (): MapItem<Script> | undefined =>
        map.taken < scripts.length ? map.take(scripts[map.taken]!) : undefined;
      const item = map.takeSuspect() ?? map.takeAgain() ?? input();
      if (item !== undefined) running.push(item);
    } else if (step === 2) {
      const item = any(running);
      if (item !== undefined && next(2) === 0) map.putBack(item);
      else if (item !== undefined) map.putBackAlone(item);
    } else if (step === 3) {
      const waiting = any(undecided);
      if (waiting === undefined) continue;
      const { item, end, final } = waiting;
      if (final !== undefined) given.push(...map.substituted(item, final));
      else map.runAgain(item, end);
    } else {
      const item = any(running);
      if (item === undefined) continue;
      const { index, value, attempt } = item;
      const end = value.ends[attempt - 1];
      if (end === undefined) given.push(...map.succeeded(item, `${index} done in attempt ${attempt}`));
      else {
        const verdict = map.attemptFailed(item, end, "the last error");
        const how = verdict.mayRunAgain
          ? "given up"
          : verdict.error === "the last error"
            ? "failed"
            : "set aside";
        const isFinal = !verdict.mayRunAgain || !value.mayRetry[attempt - 1]!;
        undecided.push({ item, end, final: isFinal ? `${index} ${how} in attempt ${attempt}` : undefined });
      }
    }
    assert.deepEqual([map.running, map.undecided], [running.length, undecided.length]);
  }
  return given;
}
