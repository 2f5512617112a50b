import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Decoder, Encoder } from "#dist/protocol/codec.js";
import { identityOf, roundTrip } from "./round-trip.js";

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);

const leaf = fc.oneof(
  text,
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.boolean(),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }),
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(null, undefined, -0, Number.NaN, Infinity),
  fc.uint8Array({ maxLength: 80 }),
);

const anything = fc.anything({
  values: [leaf],
  key: text,
  withBigInt: true,
  withBoxedValues: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
  withObjectString: true,
  maxDepth: 4,
});

test("any value arrives as its structured clone", () => {
  fc.assert(
    fc.property(anything, (value) => {
      assert.deepStrictEqual(roundTrip(value), structuredClone(value));
    }),
    { numRuns: 2_000 },
  );
});

test("any value arrives the same when every binary part is a segment", () => {
  fc.assert(
    fc.property(anything, (value) => {
      assert.deepStrictEqual(roundTrip(value, { segmentThreshold: 1 }), structuredClone(value));
    }),
    { numRuns: 500 },
  );
});

test("one encoder and one decoder serve any sequence of values", () => {
  const encoder = new Encoder();
  const decoder = new Decoder();
  fc.assert(
    fc.property(anything, (value) => {
      const { body, segments } = encoder.encode(value);
      const received = segments.map((segment) => Uint8Array.from(segment));
      assert.deepStrictEqual(decoder.decode(Uint8Array.from(body), received), structuredClone(value));
    }),
    { numRuns: 2_000 },
  );
});

/** Containers of random kinds, with random links among them: shared parts, cycles, deep and wide. */
const graph = fc
  .record({
    kinds: fc.array(fc.constantFrom("object", "array", "map", "set"), { minLength: 1, maxLength: 40 }),
    links: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat({ max: 5 })), { maxLength: 120 }),
  })
  .map(({ kinds, links }) => {
    const nodes = kinds.map((kind) =>
      kind === "object" ? {} : kind === "array" ? [] : kind === "map" ? new Map() : new Set(),
    );
    for (const [from, to, key] of links) {
      const [source, target] = [nodes[from % nodes.length], nodes[to % nodes.length]];
      if (source instanceof Map) source.set(key % 2 === 0 ? target : key, target);
      else if (source instanceof Set) source.add(target);
      else if (Array.isArray(source)) source.push(target);
      else if (source !== undefined) (source as Record<string, unknown>)[`key${key}`] = target;
    }
    return [nodes[0], ...nodes];
  });

test("any graph of objects arrives with the same objects in the same places", () => {
  fc.assert(
    fc.property(graph, (value) => {
      assert.equal(identityOf(roundTrip(value)), identityOf(structuredClone(value)));
    }),
    { numRuns: 1_000 },
  );
});

const views = fc.array(
  fc.record({
    kind: fc.constantFrom(Uint8Array, Int16Array, Float64Array),
    at: fc.nat(30),
    length: fc.nat(4),
    buffer: fc.nat(2),
  }),
  { minLength: 1, maxLength: 6 },
);

test("any views of some buffers arrive with their content, and share an element if and only if they did", () => {
  fc.assert(
    fc.property(views, fc.boolean(), (specifications, beside) => {
      const buffers = [0, 1, 2].map((fill) => new Uint8Array(300).fill(fill + 1).buffer);
      const value = specifications.map(({ kind, at, length, buffer }) => {
        return new kind(buffers[buffer] ?? assert.fail(), at * 8, length);
      });
      const arrived = roundTrip(value, beside ? { segmentThreshold: 1 } : {}) as typeof value;
      assert.deepStrictEqual(arrived, value);
      const overlap = (one: ArrayBufferView, other: ArrayBufferView): boolean =>
        one.buffer === other.buffer &&
        Math.max(one.byteOffset, other.byteOffset) <
          Math.min(one.byteOffset + one.byteLength, other.byteOffset + other.byteLength);
      value.forEach((one, i) => {
        value.forEach((other, j) => {
          if (overlap(one, other)) assert(overlap(arrived[i] ?? assert.fail(), arrived[j] ?? assert.fail()));
        });
      });
    }),
    { numRuns: 500 },
  );
});
