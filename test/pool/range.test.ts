import assert from "node:assert/strict";
import { test } from "node:test";
import { range } from "#dist/index.js";

const ranges: readonly [args: readonly number[], numbers: readonly number[]][] = [
  [[4], [0, 1, 2, 3]],
  [[0], []],
  [[-3], []],
  [
    [2, 5],
    [2, 3, 4],
  ],
  [[5, 2], []],
  [
    [5, 2, -1],
    [5, 4, 3],
  ],
  [[2, 5, -1], []],
  [
    [-4, 5, 3],
    [-4, -1, 2],
  ],
  [
    [0, 1, 0.25],
    [0, 0.25, 0.5, 0.75],
  ],
];

for (const [args, numbers] of ranges) {
  void test(`range(${args.join(", ")}) is ${JSON.stringify(numbers)}`, () => {
    const made = range(...(args as [number, number]));
    assert.deepEqual([...made], numbers);
    assert.deepEqual([...made], numbers, "it can be iterated again");
    assert.equal(made.length, numbers.length);
    for (const [position, number] of numbers.entries()) assert.equal(made.at(position), number);
    assert.deepEqual([made.at(-1), made.at(numbers.length), made.at(0.5)], [undefined, undefined, undefined]);
  });
}

const wrongs: readonly [args: unknown[], message: RegExp][] = [
  [[1, 5, 0], /step of a range must not be 0/],
  [["5"], /stop of a range must be a number, not "5"/],
  [[0, NaN], /stop of a range must be finite, not NaN/],
  [[0, Infinity], /stop of a range must be finite/],
  [[0, 1e300], /too long/],
];

for (const [args, message] of wrongs) {
  void test(`range(${args.map(String).join(", ")}) is refused`, () => {
    assert.throws(() => range(...(args as [number, number])), message);
  });
}
