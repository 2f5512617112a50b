import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { onceAborted } from "#dist/util/abort-listeners.js";

void test("however many listen, the signal has one listener, and none when all have stopped", () => {
  const { signal } = new AbortController();
  const stops = Array.from({ length: 20 }, () => onceAborted(signal, () => assert.fail("it did not abort")));
  assert.equal(getEventListeners(signal, "abort").length, 1);
  for (const stop of stops) {
    assert.equal(getEventListeners(signal, "abort").length, 1);
    stop();
  }
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

void test("those that have not stopped are called once, in their order, also after others have come and gone", () => {
  const controller = new AbortController();
  const called: string[] = [];
  onceAborted(controller.signal, () => called.push("gone"))();
  onceAborted(controller.signal, () => called.push("first"));
  const stop = onceAborted(controller.signal, () => called.push("stopped"));
  onceAborted(controller.signal, () => {
    called.push("second");
    third();
  });
  const third = onceAborted(controller.signal, () => called.push("third"));
  stop();
  controller.abort();
  assert.deepEqual(called, ["first", "second"], "the third was stopped by the second");
});
