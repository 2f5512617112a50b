import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMapOptions, inputIterator } from "#dist/pool/map-options.js";

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
  [{ onProgress: 5 }, { name: "TypeError", message: /onProgress must be a function, not 5/ }],
];

for (const [options, error] of wrongs) {
  void test(`${JSON.stringify(options)} is refused`, () => {
    assert.throws(() => checkMapOptions(options), error);
  });
}

const noInputs: readonly unknown[] = [undefined, null, 5, {}, () => {}];
for (const input of noInputs) {
  void test(`${typeof input === "object" ? JSON.stringify(input) : typeof input} is no input`, () => {
    assert.throws(() => inputIterator(input as Iterable<number>), {
      name: "TypeError",
      message: /pmap needs an iterable or an async iterable/,
    });
  });
}

void test("a text is an input of characters", () => {
  assert.deepEqual([...{ [Symbol.iterator]: () => inputIterator("ab") as Iterator<string> }], ["a", "b"]);
});
