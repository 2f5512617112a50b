import assert from "node:assert/strict";
import { test } from "node:test";
import { retried } from "#dist/calls/call-retries.js";
import { NoWorkersError, ProcessExitedError, RemoteError, SerializationError } from "#dist/errors.js";

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

test("a call comes back after the loss of its worker, and while there is none after that", async () => {
  const made = attempts(lost, new NoWorkersError("none"));
  assert.equal(await retried({ where: "any", retryDelays: [0, 0] }, never, made.attempt), 1);
  assert.equal(made.count, 3);
  const none = new NoWorkersError("none from the beginning");
  await assert.rejects(retried({ where: "any", retryDelays: [0, 0] }, never, attempts(none).attempt), none);
});

test("an abort ends the retries, also in the middle of a pause", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const made = attempts(lost, lost);
  const call = retried({ where: "any", retryDelays: [60_000, 60_000] }, controller.signal, made.attempt);
  setImmediate(() => controller.abort(reason));
  await assert.rejects(call, reason);
  assert.equal(made.count, 1);
});

test("only what another attempt could change is retried, and the check has a say in that", async () => {
  const thrown = new RemoteError("bad", 2, "Error", "");
  const retryDelays = [0, 0];
  assert.equal(await retried({ where: 2, retryDelays }, never, attempts(thrown, thrown).attempt), 1);
  await assert.rejects(retried({ where: 2, retryDelays }, never, attempts(lost).attempt), lost);
  const refused = new SerializationError("ERR_SERIALIZE", "a socket");
  await assert.rejects(retried({ where: "any", retryDelays }, never, attempts(refused).attempt), refused);
  const asked: unknown[] = [];
  const retryCheck = async (error: Error, at: { readonly attempt: number }): Promise<boolean> => {
    asked.push(error, at);
    return error instanceof RemoteError;
  };
  const made = attempts(thrown, lost);
  await assert.rejects(retried({ where: "any", retryDelays, retryCheck }, never, made.attempt), lost);
  assert.deepEqual(asked, [thrown, { attempt: 1 }, lost, { attempt: 2 }]);
  await assert.rejects(
    retried({ where: 2, retryDelays: [], retryCheck }, never, attempts(thrown).attempt),
    thrown,
  );
  assert.equal(asked.length, 4);
});

test("a check that does not answer is waited for no longer than the call", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const retryCheck = (): Promise<boolean> => {
    setImmediate(() => controller.abort(reason));
    return new Promise(() => {});
  };
  const call = { where: "any", retryDelays: [0], retryCheck } as const;
  await assert.rejects(retried(call, controller.signal, attempts(lost).attempt), reason);
});
