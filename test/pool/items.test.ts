import assert from "node:assert/strict";
import { test } from "node:test";
import { checkResult, iteratorOf } from "#dist/pool/items.js";

const noItems: readonly (readonly [value: unknown, shown: string])[] = [
  [undefined, "undefined"],
  [null, "null"],
  [5, "5"],
  [{}, "an object"],
  [() => {}, "a function"],
  [{ [Symbol.iterator]: 5 }, "an object"],
];
for (const [value, shown] of noItems) {
  void test(`${shown} cannot be iterated, which is said in the name of its user`, () => {
    for (const name of ["pmap", "zip"]) {
      assert.throws(
        () => iteratorOf(name, value as Iterable<number>),
        (error: Error) => {
          assert.equal(error.name, "TypeError");
          assert.ok(
            error.message.startsWith(`${name} needs an iterable or an async iterable`),
            error.message,
          );
          assert.ok(error.message.endsWith(`not ${shown}`), error.message);
          return true;
        },
      );
    }
  });
}

void test("an iterator without a method next is refused", () => {
  for (const iterator of [undefined, {}, { next: 5 }]) {
    const items = { [Symbol.iterator]: () => iterator } as unknown as Iterable<number>;
    assert.throws(() => iteratorOf("pmap", items), {
      name: "TypeError",
      message: /^pmap .* without a method next/,
    });
  }
});

void test("what an iterator gave is refused by its value if it is no result", () => {
  const done = { done: true, value: undefined } as const;
  assert.equal(checkResult("pmap", done), done);
  for (const result of [undefined, null, 7, "ab"]) {
    assert.throws(() => checkResult("pmap", result as never), {
      name: "TypeError",
      message: new RegExp(`gave ${JSON.stringify(result) ?? "undefined"} where`),
    });
  }
});

void test("a text is an input of characters", () => {
  const iterator = iteratorOf("pmap", "ab") as Iterator<string>;
  assert.deepEqual([iterator.next().value, iterator.next().value], ["a", "b"]);
});
