import assert from "node:assert/strict";
import { test } from "node:test";
import { RunningCalls } from "#dist/rpc/running-calls.js";
import { ServedCall } from "#dist/rpc/served-call.js";

function call(id: number): ServedCall {
  return new ServedCall(
    id,
    { id, flags: 0 },
    { fn: undefined, isLoading: false, error: undefined, isInternal: false, unproven: 1 },
    [],
    undefined,
    undefined,
    Infinity,
    1,
  );
}

test("calls enter and leave in any order", () => {
  const running = new RunningCalls();
  const calls = Array.from({ length: 5 }, (_, id) => call(id));
  const ids = (): number[] => Array.from(running, ({ id }) => id);
  for (const one of calls) running.add(one);
  assert.deepEqual([running.size, ids()], [5, [4, 3, 2, 1, 0]]);
  for (const [id, left] of [
    [2, [4, 3, 1, 0]],
    [4, [3, 1, 0]],
    [0, [3, 1]],
    [3, [1]],
    [1, []],
  ] as const) {
    assert.equal(running.delete(calls[id]!), true);
    assert.equal(running.delete(calls[id]!), false);
    assert.deepEqual([running.size, ids()], [left.length, left]);
  }
  running.add(calls[3]!);
  assert.deepEqual(ids(), [3]);
});

test("a call may leave while all are looked at", () => {
  const running = new RunningCalls();
  const calls = [call(0), call(1), call(2)];
  for (const one of calls) running.add(one);
  const seen: number[] = [];
  for (const one of running) {
    running.delete(one);
    seen.push(one.id);
  }
  assert.deepEqual([seen, running.size], [[2, 1, 0], 0]);
});
