import assert from "node:assert/strict";
import { test } from "node:test";
import { retried, retryDelayMs } from "#dist/calls/call-retries.js";
import { NoWorkersError, ProcessExitedError } from "#dist/errors.js";

const lost = new ProcessExitedError(2, { kind: "signalled", message: "it crashed" });
const never = new AbortController().signal;

/** Fails with these errors in turn, then gives 1. */
function attempts(...errors: unknown[]): { readonly attempt: () => Promise<number>; count: number } {
  const made = {
    count: 0,
    attempt: async () => {
      const error = errors[made.count++];
      if (error !== undefined) throw error;
      return 1;
    },
  };
  return made;
}

test("pauses double up to ten seconds, half of each left to chance", () => {
  assert.deepEqual(
    [0, 1, 2, 3].map((n) => retryDelayMs(n, 100, 1)),
    [100, 200, 400, 800],
  );
  assert.deepEqual(
    [0, 1].map((n) => retryDelayMs(n, 100, 0)),
    [50, 100],
  );
  assert.equal(retryDelayMs(60, 100, 1), 10_000);
  assert.equal(retryDelayMs(2_000, 0, 1), 0);
});

test("a call comes back after the loss of its worker, and while there is none after that", async () => {
  const made = attempts(lost, new NoWorkersError("none"));
  assert.equal(await retried({ where: "any", retries: 2, retryDelayMs: 0 }, never, made.attempt), 1);
  assert.equal(made.count, 3);
  const none = new NoWorkersError("none from the beginning");
  await assert.rejects(retried({ where: "any", retries: 2 }, never, attempts(none).attempt), none);
});

test("an abort ends the retries, also in the middle of a pause", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const made = attempts(lost, lost);
  const call = retried({ where: "any", retries: 5, retryDelayMs: 60_000 }, controller.signal, made.attempt);
  setImmediate(() => controller.abort(reason));
  await assert.rejects(call, reason);
  assert.equal(made.count, 1);
});
