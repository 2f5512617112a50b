import assert from "node:assert/strict";
import { test } from "node:test";
import { HolderChanges } from "#dist/references/holder-changes.js";
import { ReferenceTable, StoredReference, type Outcome } from "#dist/references/reference-table.js";
import { newSeed, seeded } from "../fixtures/random.js";

function stored(table: ReferenceTable, creator: number, number: number): StoredReference {
  const found = table.find(creator, number);
  assert.ok(found instanceof StoredReference);
  return found;
}

void test("a value lives as long as somebody holds it", () => {
  const dropped: Outcome[] = [];
  const table = new ReferenceTable((outcome) => dropped.push(outcome));
  table.begin(1, 1);
  table.settle(1, 1, { value: "a" });
  table.change([[1, 1, 3, 1]]);
  table.change([[1, 1, 1, -1]]);
  assert.deepEqual(stored(table, 1, 1).outcome, { value: "a" });
  table.change([[1, 1, 3, -1]]);
  assert.equal(table.find(1, 1), "released");
  assert.deepEqual(dropped, [{ value: "a" }]);
  assert.equal(table.size, 0);
});

void test("one that was released, one that is not set yet and one that is not known are three answers", () => {
  const table = new ReferenceTable();
  table.begin(1, 2);
  assert.equal(stored(table, 1, 2).outcome, undefined);
  assert.equal(table.find(1, 1), undefined);
  assert.equal(table.find(2, 2), undefined);
  table.change([[1, 2, 1, -1]]);
  assert.equal(table.find(1, 2), "released");
});

void test("what overtakes the call that makes a reference is kept until that comes", () => {
  const table = new ReferenceTable();
  table.change([[1, 1, 3, 1]]);
  table.change([[1, 1, 1, -1]]);
  assert.equal(stored(table, 1, 1).isBegun, false);
  assert.equal(table.begin(1, 1)?.isBegun, true, "3 holds it");
  table.change([[1, 1, 3, -1]]);
  assert.equal(table.find(1, 1), "released");
  table.change([[1, 2, 1, -1]]);
  assert.equal(table.begin(1, 2), undefined, "its maker let go of it before it came");
  assert.equal(table.size, 0);
});

void test("a result that comes after everyone has let go is dropped", () => {
  const dropped: Outcome[] = [];
  const table = new ReferenceTable((outcome) => dropped.push(outcome));
  table.begin(1, 1);
  table.change([[1, 1, 1, -1]]);
  table.settle(1, 1, { value: "late" });
  assert.deepEqual(dropped, [{ value: "late" }]);
  assert.equal(table.size, 0);
});

void test("a process that is gone holds nothing any more, whatever is told of it later", () => {
  const table = new ReferenceTable();
  table.begin(1, 1);
  table.change([[1, 1, 3, 2]]);
  table.change([[1, 1, 1, -1]]);
  table.exited(3);
  assert.equal(table.find(1, 1), "released");
  table.begin(1, 2);
  table.change([
    [1, 2, 3, 1],
    [1, 2, 1, -1],
  ]);
  assert.equal(table.find(1, 2), "released");
  table.begin(3, 1);
  assert.equal(table.size, 0, "what it made is held by nobody");
});

void test("what a process that is gone was about to make is not waited for", () => {
  const table = new ReferenceTable();
  table.change([[3, 1, 1, 1]]);
  const expected = stored(table, 3, 1);
  let looks = 0;
  expected.listeners.add(() => looks++);
  table.exited(3);
  assert.ok(expected.isDropped && !expected.isBegun);
  assert.equal(looks, 1);
  assert.equal(table.size, 0);
});

/**
 * Processes that pass one value around at random, over links on which messages keep their order but each link has its own
 * pace. Every process tells the owner, in order, what it has sent and what it let go.
 */
void test("in any order of messages between processes the value lives exactly as long as it is held or on its way", (context) => {
  const random = seeded(newSeed(context));
  const owner = 1;
  for (let round = 0; round < 500; round++) {
    const table = new ReferenceTable();
    const pids = [1, 2, 3, 4];
    table.begin(2, 1);
    table.settle(2, 1, { value: "it" });
    const held = new Map(pids.map((pid) => [pid, pid === 2 ? 1 : 0]));
    const untold = new Map(pids.map((pid) => [pid, new HolderChanges()]));
    const reports = new Map<number, ReturnType<HolderChanges["take"]>[]>(pids.map((pid) => [pid, []]));
    const onTheWay: number[] = [];
    const id = { owner, creator: 2, number: 1 };
    const isNeeded = (): boolean => onTheWay.length > 0 || [...held.values()].some((count) => count > 0);
    const step = (mayPass: boolean): void => {
      const pid = pids[random(4)]!;
      const action = random(5);
      if (action === 0 && mayPass && held.get(pid)! > 0) {
        const to = pids[random(4)]!;
        onTheWay.push(to);
        untold.get(pid)!.add(id, to, 1);
      } else if (action === 1 && onTheWay.length > 0) {
        const to = onTheWay.splice(random(onTheWay.length), 1)[0]!;
        held.set(to, held.get(to)! + 1);
      } else if (action === 2 && held.get(pid)! > 0) {
        untold.get(pid)!.add(id, pid, -held.get(pid)!);
        held.set(pid, 0);
      } else if (action === 3 && !untold.get(pid)!.isEmpty) {
        reports.get(pid)!.push(untold.get(pid)!.take());
      } else if (action === 4) {
        const changes = reports.get(pid)!.shift();
        if (changes !== undefined) table.change(changes);
      }
      if (isNeeded()) assert.ok(table.find(2, 1) instanceof StoredReference, `round ${round}`);
    };
    for (let n = 0; n < 200; n++) step(true);
    const isSettled = (): boolean =>
      !isNeeded() && pids.every((pid) => untold.get(pid)!.isEmpty && reports.get(pid)!.length === 0);
    while (!isSettled()) step(false);
    assert.equal(table.find(2, 1), "released", `round ${round}`);
    assert.equal(table.size, 0);
  }
});

void test("changes that cancel each other out are not told, and those that add come first", () => {
  const changes = new HolderChanges();
  const id = { owner: 1, creator: 2, number: 1 };
  changes.add(id, 3, 1);
  changes.add(id, 3, -1);
  assert.equal(changes.isEmpty, true);
  changes.add(id, 2, -1);
  changes.add(id, 3, 2);
  changes.add({ ...id, number: 2 }, 3, 1);
  assert.deepEqual(changes.take(), [
    [2, 1, 3, 2],
    [2, 2, 3, 1],
    [2, 1, 2, -1],
  ]);
  for (let number = 0; number < 1_500; number++) {
    changes.add({ ...id, number }, 2, -1);
    changes.add({ ...id, number }, 3, 1);
  }
  const added = [changes.take(), changes.take(), changes.take()];
  assert.deepEqual(
    added.map((batch) => batch.length),
    [1_000, 1_000, 1_000],
  );
  assert.equal(
    added[0]!.every(([, , , by]) => by > 0),
    true,
  );
  assert.equal(changes.isEmpty, true);
});
