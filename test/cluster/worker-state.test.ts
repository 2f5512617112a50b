import assert from "node:assert/strict";
import { test } from "node:test";
import {
  nextWorkerState,
  takesCalls,
  type WorkerState,
  type WorkerStateEvent,
} from "#dist/cluster/worker-state.js";

const table: Record<WorkerState, Record<WorkerStateEvent, WorkerState> & { takesCalls: boolean }> = {
  ready: { silence: "suspect", answer: "ready", leave: "leaving", lost: "gone", takesCalls: true },
  suspect: { silence: "suspect", answer: "ready", leave: "leaving", lost: "gone", takesCalls: true },
  leaving: { silence: "leaving", answer: "leaving", leave: "leaving", lost: "gone", takesCalls: false },
  gone: { silence: "gone", answer: "gone", leave: "gone", lost: "gone", takesCalls: false },
};

for (const [state, { takesCalls: takes, ...events }] of Object.entries(table)) {
  void test(`a ${state} worker ${takes ? "takes" : "does not take"} calls`, () => {
    assert.equal(takesCalls(state as WorkerState), takes);
  });
  for (const [event, next] of Object.entries(events)) {
    void test(`${state}, ${event}: ${next}`, () => {
      assert.equal(nextWorkerState(state as WorkerState, event as WorkerStateEvent), next);
    });
  }
}
