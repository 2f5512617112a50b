import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMapOptions } from "#dist/pool/map-options.js";

void test("defaults: in order, concurrency found by itself, three deaths", () => {
  const { order, concurrency, maxDeaths } = checkMapOptions({});
  assert.deepEqual([order, concurrency, maxDeaths], ["input", undefined, 3]);
});

const wrongs: readonly [options: object, error: object][] = [
  [{ concurency: 3 }, { name: "TypeError", message: /concurency.*order, con/ }],
  [{ order: "random" }, { name: "TypeError", message: /order must be one of input, finished, not "random"/ }],
  [{ concurrency: 0 }, { name: "RangeError", message: /concurrency.*0/ }],
  [{ concurrency: 1.5 }, { name: "RangeError", message: /1\.5/ }],
  [{ maxDeaths: -1 }, { name: "RangeError", message: /maxDeaths.*-1/ }],
  [{ maxDeaths: "3" }, { message: /maxDeaths.*"3"/ }],
  [{ signal: 5 }, { name: "TypeError", message: /signal must be an AbortSignal, not 5/ }],
  [{ batch: 0 }, { name: "RangeError", message: /batch.*0/ }],
  [{ batch: "many" }, { name: "TypeError", message: /batch must be a whole number or "auto", not "many"/ }],
  [
    { batch: 2, itemTimeoutMs: 5 },
    { name: "TypeError", message: /batch of 2 is; leave batch out/ },
  ],
  [{ pool: [2] }, { name: "TypeError", message: /pool must be a WorkerPool.*not an array of 1/ }],
  [{ retryDelays: 5 }, { name: "TypeError", message: /retryDelays must be a list of milliseconds, not 5/ }],
  [{ retryDelays: [1, -1] }, { name: "RangeError", message: /each of retryDelays.*-1/ }],
  [{ retryDelays: {} }, { name: "TypeError", message: /retryDelays must be a list of milliseconds/ }],
  [{ retryCheck: true }, { name: "TypeError", message: /retryCheck must be a function, not true/ }],
  [{ onError: "skip" }, { name: "TypeError", message: /onError must be a function, not "skip"/ }],
  [{ stop: "gently" }, { name: "TypeError", message: /one of signal, interrupt, kill/ }],
  [{ stopAfterMs: 0 }, { name: "RangeError", message: /stopAfterMs.*0/ }],
  [{ itemTimeoutMs: 0 }, { name: "RangeError", message: /itemTimeoutMs.*0/ }],
  [{ progressMs: -1 }, { name: "RangeError", message: /progressMs.*-1/ }],
  [{ onProgress: 5 }, { name: "TypeError", message: /onProgress must be a function, not 5/ }],
];

for (const [options, error] of wrongs) {
  void test(`${JSON.stringify(options)} is refused`, () => {
    assert.throws(() => checkMapOptions(options), error);
  });
}

void test("delays are read once; endless ones are refused", () => {
  function* delays(): Generator<number> {
    yield* [1, 2];
  }
  assert.deepEqual(checkMapOptions({ retryDelays: delays() }).retryDelays, [1, 2]);
  function* endless(): Generator<number> {
    for (;;) yield 1;
  }
  assert.throws(() => checkMapOptions({ retryDelays: endless() }), {
    name: "RangeError",
    message: /endless/,
  });
});

void test("items with a deadline are sent one at a time, unless the program says otherwise", () => {
  const { concurrency, batch } = checkMapOptions({ itemTimeoutMs: 5, batch: "auto" });
  assert.deepEqual([concurrency, batch], [1, 1]);
  assert.equal(checkMapOptions({ itemTimeoutMs: 5, concurrency: 4 }).concurrency, 4);
});
