import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SerializationError } from "#dist/errors.js";
import { Decoder, Encoder } from "#dist/protocol/codec.js";
import { sampleValues } from "./sample-values.js";

interface Message {
  readonly body: Uint8Array;
  readonly segments: readonly Uint8Array[];
}

const samples: readonly (readonly [string, Message])[] = Object.entries(sampleValues()).map(
  ([name, value]) => {
    const { body, segments } = new Encoder().encode(value);
    return [
      name,
      { body: Uint8Array.from(body), segments: segments.map((segment) => Uint8Array.from(segment)) },
    ];
  },
);

function assertRefused(
  body: Uint8Array | readonly number[],
  segments: readonly Uint8Array[] = [],
  message?: RegExp,
): void {
  assert.throws(
    () => new Decoder().decode(Uint8Array.from(body), segments),
    (error) => {
      assert(error instanceof SerializationError, String(error));
      assert.equal(error.code, "ERR_DESERIALIZE");
      if (message !== undefined) assert.match(error.message, message);
      return true;
    },
  );
}

/** Pseudo-random whole numbers below a limit; the same for the same seed. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 13), 0x297a2d39) >>> 0;
    return ((mixed ^ (mixed >>> 16)) >>> 0) % limit;
  };
}

describe("a body that ends early is refused, wherever it ends", () => {
  for (const [name, { body, segments }] of samples) {
    test(name, () => {
      const step = Math.max(1, Math.floor(body.length / 2_000));
      for (let length = 0; length < body.length; length += step)
        assertRefused(body.subarray(0, length), segments);
    });
  }
});

test("a body that goes on after its value is refused", () => {
  for (const [, { body, segments }] of samples) assertRefused([...body, 0], segments);
});

test("whatever bytes change, the answer is a value or a SerializationError", (context) => {
  const seed = Number(process.env["ROLLCALL_TEST_SEED"] ?? Date.now() % 1_000_000);
  context.diagnostic(`ROLLCALL_TEST_SEED=${seed}`);
  const random = randomFrom(seed);
  const decoder = new Decoder();
  let refusals = 0;
  for (let round = 0; round < 20_000; round++) {
    const { body, segments } = samples[random(samples.length)]?.[1] ?? assert.fail();
    const changed = Uint8Array.from(body);
    for (let flips = 1 + random(3); flips > 0; flips--) {
      const at = random(changed.length);
      changed[at] = random(2) === 0 ? random(256) : (changed[at] ?? 0) ^ (1 << random(8));
    }
    try {
      decoder.decode(changed, segments);
    } catch (error) {
      refusals++;
      assert(error instanceof SerializationError, `seed ${seed}, round ${round}: ${String(error)}`);
    }
  }
  assert(refusals > 1_000);
  // What the changed messages taught the decoder does no harm to good ones.
  for (const [, { body, segments }] of samples) decoder.decode(body, segments);
});

test("random bytes are a value or a SerializationError", (context) => {
  const seed = Number(process.env["ROLLCALL_TEST_SEED"] ?? Date.now() % 1_000_000);
  context.diagnostic(`ROLLCALL_TEST_SEED=${seed}`);
  const random = randomFrom(seed + 1);
  const decoder = new Decoder();
  for (let round = 0; round < 20_000; round++) {
    const body = Uint8Array.from({ length: 1 + random(60) }, () => 0x60 + random(0xa0));
    body[0] = random(4);
    try {
      decoder.decode(body, [new Uint8Array(8)]);
    } catch (error) {
      assert(error instanceof SerializationError, `seed ${seed}, round ${round}: ${String(error)}`);
    }
  }
});

const huge = [0xff, 0xff, 0xff, 0xff];
const hugeCount = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];

const handMade: readonly [what: string, body: readonly number[], message: RegExp][] = [
  ["nothing", [], /ends before/],
  ["unknown flags", [0x04, 0xd1], /unknown flags 4/],
  ["an unknown tag", [0, 0xf0], /unknown tag 0xf0/],
  ["a tag that is no value", [0, 0xe2], /unknown tag 0xe2/],
  ["a hole outside an array", [0, 0xe0], /unknown tag 0xe0/],
  ["a string of 4 GiB", [0, 0xdc, ...huge], /ends before/],
  ["an array of four billion", [0, 0xde, ...huge, 0], /ends before/],
  ["a map of four billion", [0, 0xe4, ...huge, 0], /ends before/],
  ["a set of four billion", [0, 0xe5, ...huge, 0], /ends before/],
  ["a bigint of many digits", [0, 0xd9, ...hugeCount, 0], /ends before/],
  ["a bigint of none", [0, 0xd9, 0], /no digits/],
  ["binary of many bytes", [0, 0xe9, 3, ...hugeCount, 0], /ends before/],
  ["binary of an unknown kind", [0, 0xe9, 99, 0], /unknown kind 99/],
  ["half an element", [0, 0xe9, 11, 4, 0, 0, 0, 0], /no whole number of elements/],
  ["a count without end", [0, 0xe9, 3, ...huge, ...huge, ...huge], /too large/],
  ["a segment that is not there", [0, 0xea, 3, 8], /segment 0 is missing/],
  ["a reference although none was announced", [0, 0xa2, 0xa0, 0xe3, 1], /object 1/],
  ["a reference forwards", [2, 0xa2, 0xe3, 2, 0xa0], /object 2/],
  ["a reference far away", [2, 0xa1, 0xe3, ...hugeCount], /refers to object/],
  ["a window into itself", [2, 0xeb, 3, 0, 0, 0xe3, 0], /object 0/],
  ["a window into an object", [0, 0xeb, 3, 0, 0, 0xa0], /not of an ArrayBuffer/],
  ["a window beyond its memory", [0, 0xeb, 3, 1, 2, 0xe9, 0, 2, 0, 0], /does not fit/],
  ["a window askew", [0, 0xeb, 6, 1, 2, 0xe9, 0, 4, 0, 0, 0, 0], /does not fit/],
  ["a window that is no view", [0, 0xeb, 0, 0, 0, 0xe9, 0, 0], /no kind of view/],
  ["a box around null", [0, 0xe8, 0xd1], /no primitive/],
  ["a box around an array", [0, 0xe8, 0xa0], /no primitive/],
  ["an error of an unknown kind", [0, 0xec, 77, 0, 0xe2], /unknown kind 77/],
  ["an error whose message is a number", [0, 0xec, 0, 2, 5, 0xe2], /where a string belongs/],
  ["an error with unknown flags", [0, 0xec, 0, 0x40, 0xe2], /unknown flags 64/],
  ["an error without an end", [0, 0xec, 0, 0], /ends before/],
  [
    "a regular expression that is none",
    [0, 0xe7, 0x81, 0x28, 0x80],
    /cannot be read: Invalid regular expression/,
  ],
  ["a URL that is none", [0, 0xed, 0x81, 0x28], /cannot be read: Invalid URL/],
  ["an unknown extension", [0, 0xef, 9, 0], /unknown extension 9/],
  ["a gap longer than its array", [0, 0xdf, 5, 0, 0, 0, 0xe1, 6], /longer than its array/],
  ["a gap of nothing", [0, 0xdf, 5, 0, 0, 0, 0xe1, 0], /longer than its array/],
  ["a key list that is not there", [0, 0xb0, 1, 0], /key list 1 is missing/],
  ["a table of key lists before the body", [1, 0xb0, 0, 0, 0, 0, 0, 0, 0], /key lists are nowhere/],
  ["a table of key lists behind the body", [1, 0xb0, 0, 0, 0, ...huge], /key lists are nowhere/],
  ["too little room for a table", [1, 0xd1, 0], /ends before its key lists/],
  ["too many key lists", [1, 0xd1, 0xff, 0xff, 2, 0, 0, 0], /ends before/],
  ["a key list longer than the table", [1, 0xd1, 1, 0, 0, 0, 9, 0, 1, 0x81, 2, 0, 0, 0], /ends before/],
  ["fewer keys than announced", [1, 0xd1, 1, 0, 0, 0, 2, 0, 2, 0x81, 0x61, 2, 0, 0, 0], /does not hold/],
  ["more keys than announced", [1, 0xd1, 1, 0, 0, 0, 2, 0, 0, 0x81, 0x61, 2, 0, 0, 0], /does not hold/],
  ["a key twice", [1, 0xd1, 1, 0, 0, 0, 4, 0, 2, 0x81, 0x61, 0x81, 0x61, 2, 0, 0, 0], /does not hold/],
  ["a key that is a number", [1, 0xd1, 1, 0, 0, 0, 1, 0, 1, 5, 2, 0, 0, 0], /where a string belongs/],
  [
    "bytes between key lists and their position",
    [1, 0xd1, 0, 0, 7, 2, 0, 0, 0],
    /more follows after the key lists/,
  ],
];

describe("a message made to do harm is refused", () => {
  for (const [what, body, message] of handMade) test(what, () => assertRefused(body, [], message));
});

test("segments that nothing refers to, or of another length, are refused", () => {
  const { body, segments } = new Encoder().encode(new Uint8Array(9_000));
  const [segment] = segments as [Uint8Array];
  assertRefused(body, [segment, segment], /1 segments belong to nothing/);
  assertRefused(body, [segment.subarray(1)], /has 8999 bytes/);
  assertRefused(body, [], /segment 0 is missing/);
});

describe("nesting beyond the limit is refused", () => {
  const towers: Record<string, readonly number[]> = {
    arrays: [0xa1],
    sets: [0xe5, 1, 0, 0, 0],
    "open records": [0xc0, 0, 0x81, 0x61],
    boxes: [0xe8],
    windows: [0xeb, 3, 0, 0],
    "sparse arrays": [0xdf, 1, 0, 0, 0],
    "errors with causes": [0xec, 0, 8],
  };
  for (const [name, level] of Object.entries(towers)) {
    test(name, () => {
      const body = [0, ...Array.from({ length: 50_000 }, () => level).flat()];
      assertRefused(body, [], /nested more than 1000 levels deep/);
    });
  }
});

test("a sparse array of the greatest length takes no memory for its gaps", () => {
  const body = Uint8Array.from([
    0,
    0xa2,
    0xdf,
    ...huge,
    0xe1,
    0xff,
    0xff,
    0xff,
    0xff,
    0x0f,
    0xdf,
    0,
    0,
    0,
    2,
    0xe1,
    0x80,
    0x80,
    0x80,
    0x10,
  ]);
  const before = process.memoryUsage().rss;
  const arrived = new Decoder().decode(body, []) as [unknown[], unknown[]];
  assert.equal(arrived[0].length, 2 ** 32 - 1);
  assert.equal(arrived[1].length, 2 ** 25);
  assert(process.memoryUsage().rss - before < 100e6);
});

test("nested arrays that all announce the same bytes take little memory", () => {
  const items = Array.from({ length: 1_000_000 }, () => 0);
  const level = [0xde, 0x40, 0x42, 0x0f, 0];
  const before = process.memoryUsage().rss;
  assertRefused([0, ...Array.from({ length: 999 }, () => level).flat(), ...items], [], /ends before/);
  assert(process.memoryUsage().rss - before < 200e6);
});
