import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { LocalManager } from "#dist/index.js";
import { inheritedFlags } from "#dist/managers/local/local-options.js";

/** What is wrong, the options, the class of the error and what its message says. */
const refused: readonly [string, unknown, ErrorConstructor, RegExp][] = [
  ["no options object", null, TypeError, /options of LocalManager must be an object, not null/],
  ["an unknown option", { worker: 2 }, TypeError, /no option "worker"; it takes workers, execArgv/],
  ["no workers", 0, RangeError, /workers must be a whole number from 1 .* not 0/],
  ["a text for a number", { workers: "4" }, TypeError, /workers must be a number or .* not "4"/],
  ["an unknown bound", { workers: { min: 1, most: 2 } }, TypeError, /workers: there is no option "most"/],
  [
    "a fraction",
    { workers: { min: 1, max: 2.5 } },
    RangeError,
    /workers\.max must be a whole number .* not 2\.5/,
  ],
  ["flags as one text", { execArgv: "--x" }, TypeError, /execArgv must be an array of strings .* not "--x"/],
  ["a variable that is no text", { env: { A: 3 } }, TypeError, /env\.A must be a string, not 3/],
  ["a variable of ours", { env: { ROLLCALL_X: "" } }, TypeError, /env\.ROLLCALL_X: .* reserved/],
  [
    "a folder that is not there",
    { cwd: "/no/such" },
    RangeError,
    /cwd must be a directory .* "\/no\/such" is not/,
  ],
  ["an unknown limit", { timeouts: { launchMss: 3 } }, TypeError, /no option "launchMss"/],
  [
    "a limit of nothing",
    { timeouts: { reportMs: 0 } },
    RangeError,
    /timeouts\.reportMs must be 1 to .* not 0/,
  ],
  [
    "a limit beyond timers",
    { timeouts: { joinMs: 1e10 } },
    RangeError,
    /timeouts\.joinMs must be .* not 10000000000/,
  ],
];

for (const [what, options, type, message] of refused) {
  test(`${what} is refused when the manager is made`, () => {
    assert.throws(() => new LocalManager(options as number), { name: type.name, message });
  });
}

test("a number of workers, a range and every other option are taken", () => {
  assert.deepEqual(new LocalManager(3).workers, { min: 3, max: 3 });
  const manager = new LocalManager({
    workers: { min: 1, max: 2 },
    execArgv: ["--no-warnings"],
    env: { MINE: "yes" },
    cwd: tmpdir(),
    timeouts: { joinMs: 5 },
  });
  assert.deepEqual(manager.workers, { min: 1, max: 2 });
  assert.deepEqual(manager.timeouts, { launchMs: 60_000, reportMs: 30_000, joinMs: 5 });
});

test("workers inherit the flags of their manager, but for those of one process alone, values included", () => {
  const flags = ["--max-old-space-size=512", "--import", "tsx", "--no-warnings"];
  assert.deepEqual(inheritedFlags(flags), flags);
  for (const left of [
    ["--cpu-prof-interval", "250"],
    ["--inspect=127.0.0.1:0"],
    ["-e", "await work()"],
    ["--test", "--test-name-pattern", "one"],
  ]) {
    assert.deepEqual(inheritedFlags([...left, ...flags]), flags);
    assert.deepEqual(inheritedFlags([...flags, ...left]), flags);
  }
});

test("options beside a number are not lost without a word", () => {
  const args = [4, { cwd: "/" }] as unknown as [number];
  assert.throws(() => new LocalManager(...args), {
    name: "TypeError",
    message: /takes one argument.*workers: 4/,
  });
});
