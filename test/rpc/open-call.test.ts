import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { OpenCall } from "#dist/rpc/open-call.js";

void test("a call hears that its time is up when it is, and never before", async () => {
  for (let part = 0; part < 20; part++) {
    const deadline = performance.now() + 2 + part / 20;
    const { signal } = new OpenCall(deadline, 1).context;
    // Its timer does not keep the process alive.
    const alive = setInterval(() => {}, 1_000);
    await once(signal, "abort");
    clearInterval(alive);
    assert.ok(performance.now() >= deadline, `${deadline - performance.now()} ms early`);
    assert.equal((signal.reason as Error).name, "CallTimeoutError");
  }
});

void test("the signal of a call whose time is up has aborted when it is asked for", () => {
  assert.equal(new OpenCall(performance.now() - 1, 1).context.signal.aborted, true);
});
