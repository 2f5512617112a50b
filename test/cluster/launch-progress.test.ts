import assert from "node:assert/strict";
import { test } from "node:test";
import { LaunchProgress, type LaunchVerdict } from "#dist/cluster/launch-progress.js";
import type { LaunchFailure } from "#dist/errors.js";

function failure(count: number, cause = "RESOURCE:CPU", ...ids: string[]): LaunchFailure {
  return { count, cause, message: "no room", ...(ids.length === 0 ? {} : { ids }) };
}

/**
 * `+a` launched, `+a*` launched with others to come, `a*b,c` it brought b and c, `a!` joined, `a-` lost, a number: so many
 * were never launched.
 */
const stories: readonly [name: string, min: number, max: number, events: string, verdict: LaunchVerdict][] = [
  ["nothing has happened", 1, 2, "", "waiting"],
  ["all were launched", 2, 2, "+a +b", "waiting"],
  ["the minimum has joined", 1, 2, "+a +b a!", "waiting"],
  ["all have joined", 2, 2, "+a +b a! b!", "complete"],
  ["one joined before its launch was told", 1, 1, "a! +a", "complete"],
  ["enough joined, the rest was lost", 1, 3, "+a +b +c a! b- c-", "complete"],
  ["enough joined, the rest was never launched", 1, 3, "+a a! 2", "complete"],
  ["one too many was lost", 2, 2, "+a +b a! b-", "hopeless"],
  ["one too many was never launched", 2, 3, "2", "hopeless"],
  ["all were lost, and one is enough", 1, 2, "+a +b a- b-", "hopeless"],
  ["a worker that joined was lost again", 2, 2, "+a +b a! b! a-", "hopeless"],
  ["just enough can still come", 2, 3, "+a +b +c c-", "waiting"],
  ["a loss is told twice", 1, 2, "+a +b a- a- b!", "complete"],
  ["a stranger is lost", 2, 2, "+a +b x-", "waiting"],
  ["it is not known yet what the one that joined brings", 1, 1, "+a* a!", "waiting"],
  ["it brought two, who are on their way", 1, 1, "+a* a!  a*b,c", "waiting"],
  ["it brought two, and one was lost", 1, 1, "+a* a!  a*b,c b! c-", "hopeless"],
  ["it brought two, and all have joined", 1, 1, "+a* a*b,c a! b! c!", "complete"],
  ["it brought nobody", 1, 1, "+a* a!  a*", "complete"],
  ["one place was lost before anybody knew what it brings", 1, 2, "+a* +b* b- a*c a! c!", "complete"],
  ["more come than were asked for", 1, 1, "+a +b a! b!", "complete"],
];

function play(progress: LaunchProgress, events: string): void {
  for (const event of events.split(" ").filter((word) => word !== "")) {
    const [by = "", others = ""] = event.split("*");
    if (event.startsWith("+")) progress.launched(by.slice(1), event.endsWith("*"));
    else if (event.includes("*")) progress.brought(by, others === "" ? [] : others.split(","));
    else if (event.endsWith("!")) progress.workerJoined(event.slice(0, -1));
    else if (event.endsWith("-")) progress.lost(event.slice(0, -1), failure(1));
    else progress.notLaunched(failure(Number(event)));
  }
}

for (const [name, min, max, events, verdict] of stories) {
  void test(`${min} to ${max} wanted, ${name}: ${verdict}`, () => {
    const progress = new LaunchProgress({ min, max });
    play(progress, events);
    assert.equal(progress.verdict, verdict);
  });
}

void test("it knows who is outstanding and how many nobody has spoken of", () => {
  const progress = new LaunchProgress({ min: 1, max: 10 });
  play(progress, "+a +b +c a! b- 2");
  assert.deepEqual(progress.outstanding, ["c"]);
  assert.equal(progress.joined, 1);
  assert.equal(progress.unaccounted, 10 - 1 - 1 - 1 - 2);
  assert.ok(progress.hasLaunched("c"));
  assert.ok(!progress.hasLaunched("a") && !progress.hasLaunched("b") && !progress.hasLaunched("x"));
});

void test("a loss is news once", () => {
  const progress = new LaunchProgress({ min: 1, max: 2 });
  progress.launched("a");
  assert.equal(progress.lost("a", failure(1)), true);
  assert.equal(progress.lost("a", failure(1)), false);
  assert.equal(progress.lost("x", failure(1)), false);
  assert.equal(progress.failures.length, 1);
});

void test("equal failures are counted together, with all their ids, and different ones apart", () => {
  const progress = new LaunchProgress({ min: 1, max: 9 });
  progress.notLaunched(failure(3, "RESOURCE:CPU", "a"));
  progress.notLaunched(failure(1, "AGENT"));
  progress.notLaunched(failure(2, "RESOURCE:CPU", "b", "c"));
  assert.deepEqual(progress.failures, [
    failure(5, "RESOURCE:CPU", "a", "b", "c"),
    { ...failure(1, "AGENT") },
  ]);
});

void test("failures of one cause with one way out are one group, whatever was said of each", () => {
  const progress = new LaunchProgress({ min: 1, max: 9 });
  const lost = (id: string, output?: readonly string[]): LaunchFailure => ({
    count: 1,
    cause: "out of memory",
    message: `task ${id} stopped`,
    advice: "raise memory",
    ids: [id],
    exit: { kind: "stopped", message: `task ${id} stopped`, ...(output === undefined ? {} : { output }) },
  });
  for (const id of ["a", "b", "c"]) progress.launched(id);
  progress.lost("a", lost("a"));
  progress.lost("b", lost("b", ["the last line"]));
  progress.lost("c", lost("c", ["another last line"]));
  const [group, ...others] = progress.failures;
  assert.deepEqual(others, []);
  assert.deepEqual([group?.count, group?.ids], [3, ["a", "b", "c"]]);
  assert.equal(group?.message, "task b stopped", "the one whose output is known stands for all");
  assert.deepEqual(group.exit?.output, ["the last line"]);
});
