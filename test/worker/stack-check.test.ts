import assert from "node:assert/strict";
import { test } from "node:test";
import { mayBreakOff, type StackFrame } from "#dist/worker/stack-check.js";

const ownUrl = "file:///worker/main.js";
const urls: Record<string, string> = { own: ownUrl, program: "file:///app/work.js", node: "node:internal/x" };

/** `program:compute own:run timers:processTimers`, innermost first. */
function stack(text: string): StackFrame[] {
  return text.split(" ").map((frame) => {
    const [where = "", functionName = ""] = frame.split(":");
    return { functionName, url: where === "timers" ? "node:internal/timers" : (urls[where] ?? "") };
  });
}

const ofCall = "own:runAs own:run own:runSlice node:processTicksAndRejections";
const cases: readonly [what: string, frames: string, isOnStack: boolean, may: boolean][] = [
  ["the program computes in a call", `program:compute program:outer ${ofCall}`, true, true],
  ["a builtin of the engine runs for it", `program:sort : program:compute ${ofCall}`, true, true],
  ["the worker itself is at work", ofCall, true, false],
  ["the program has called into the worker", `own:encode program:compute ${ofCall}`, true, false],
  ["it has, and was called back", `program:toJSON own:encode program:compute ${ofCall}`, true, false],
  ["a promise reaction computes", "program:compute", false, true],
  ["the worker reacts to a promise", "own:settle", false, false],
  ["the worker tells a listener", "program:onAbort own:abort", false, false],
  ["a timer's callback computes", "program:compute timers:listOnTimeout timers:processTimers", false, false],
  ["an immediate's callback computes", "program:compute timers:processImmediate", false, false],
  [
    "a tick between timers computes",
    "program:f node:processTicksAndRejections node:runNextTicks timers:processTimers",
    false,
    false,
  ],
];

for (const [what, frames, isOnStack, may] of cases) {
  test(`where ${what} a thread ${may ? "may" : "must not"} be broken off`, () => {
    assert.equal(mayBreakOff({ frames: stack(frames), asyncId: 7 }, { ownUrl, isOnStack }), may);
  });
}

test("between timers a promise reaction may be broken off if Node has no record of it", () => {
  const frames = stack("program:compute node:runNextTicks timers:processTimers");
  const check = { ownUrl, isOnStack: false };
  assert.equal(mayBreakOff({ frames, asyncId: 0 }, check), true);
  assert.equal(mayBreakOff({ frames, asyncId: 7 }, check), false);
  assert.equal(mayBreakOff({ frames, asyncId: undefined }, check), false);
});
