import assert from "node:assert/strict";
import { test } from "node:test";
import { CallStops } from "#dist/cluster/call-stops.js";
import type { StopMessage, StopOutcome } from "#dist/protocol/control-messages.js";
import type { AbandonedCall, StopRule } from "#dist/rpc/stop-rule.js";

interface Bench {
  readonly stops: CallStops;
  readonly asked: StopMessage[];
  readonly letGo: AbandonedCall[];
  readonly killed: string[];
  /** Resolves with the next request. */
  readonly next: () => Promise<StopMessage>;
}

/** What a worker would see of its stops. */
function bench(): Bench {
  const asked: StopMessage[] = [];
  const letGo: AbandonedCall[] = [];
  const killed: string[] = [];
  let onNext: (message: StopMessage) => void = () => {};
  const stops = new CallStops({
    post: (message) => {
      asked.push(message);
      onNext(message);
    },
    letGo: (call) => {
      call.isHeld = false;
      letGo.push(call);
    },
    kill: (message) => killed.push(message),
  });
  const next = (): Promise<StopMessage> => {
    // The timers of stops do not keep a process alive.
    const alive = setInterval(() => {}, 1_000);
    return new Promise<StopMessage>((resolve) => (onNext = resolve)).finally(() => clearInterval(alive));
  };
  return { stops, asked, letGo, killed, next };
}

function abandoned(stop: StopRule["stop"]): AbandonedCall {
  return { id: 7, rule: { stop, stopAfterMs: 1 }, isAnswered: false, isHeld: false };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await Promise.resolve();
}

test("a call is stopped by its id, which is held until the worker has answered, and again while it goes on", async () => {
  const { stops, letGo, next } = bench();
  const call = abandoned("interrupt");
  stops.abandoned(call);
  const first = await next();
  assert.deepEqual([first.call, call.isHeld], [7, true]);
  stops.answered({ request: first.request, outcome: "held-up" });
  await settled();
  assert.deepEqual([letGo.length, call.isHeld], [1, false]);
  const second = await next();
  assert.notEqual(second.request, first.request);
  call.isAnswered = true;
  stops.answered({ request: second.request, outcome: "broken-off" });
  await settled();
  assert.equal(letGo.length, 2);
});

for (const [outcome, kills] of [
  ["told", true],
  ["stuck", true],
  ["held-up", false],
  ["broken-off", false],
] as const satisfies [StopOutcome, boolean][]) {
  test(`a call that may kill its worker ${kills ? "does" : "does not"} when it is ${outcome}`, async () => {
    const { stops, killed, next } = bench();
    stops.abandoned(abandoned("kill"));
    const { request } = await next();
    stops.answered({ request, outcome });
    await settled();
    assert.equal(killed.length, kills ? 1 : 0);
    stops.close();
  });
}

test("what was asked over a control channel that broke is asked again over the next one", async () => {
  const { stops, asked } = bench();
  const interrupted = stops.interrupt();
  assert.deepEqual(asked, [{ request: 1 }]);
  stops.askAgain();
  assert.deepEqual(asked, [{ request: 1 }, { request: 1 }]);
  stops.answered({ request: 1, outcome: "told" });
  stops.answered({ request: 1, outcome: "stuck" });
  assert.equal(await interrupted, "told");
  stops.askAgain();
  assert.equal(asked.length, 2);
});

test("with its worker every wait for a stop ends", async () => {
  const { stops, asked } = bench();
  const interrupted = stops.interrupt();
  stops.close();
  assert.equal(await interrupted, "told");
  assert.equal(await stops.interrupt(), "told");
  assert.equal(asked.length, 1);
});
