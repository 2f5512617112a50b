import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import { Decoder, Encoder } from "#dist/protocol/codec.js";
import { roundTrip } from "./round-trip.js";
import { clonableSamples } from "./sample-values.js";

describe("a value arrives as its structured clone", () => {
  for (const [name, value] of clonableSamples()) {
    test(name, () => assert.deepStrictEqual(roundTrip(value), structuredClone(value)));
  }
});

test("an invalid date stays invalid", () => {
  const arrived = roundTrip(new Date(Number.NaN));
  assert(arrived instanceof Date);
  assert(Number.isNaN(arrived.getTime()));
});

test("an instance arrives as a plain object of its own enumerable string keys", () => {
  class Point {
    readonly x = 1;
    readonly #secret = 2;
    get sum(): number {
      return this.x + this.#secret;
    }
  }
  const point = Object.defineProperty(new Point(), "hidden", { value: 1, enumerable: false });
  Object.assign(point, { [Symbol("s")]: 1 });
  assert.deepStrictEqual(roundTrip([point, new Point()]), [{ x: 1 }, { x: 1 }]);
});

test("an object without a prototype arrives as a plain one", () => {
  assert.deepStrictEqual(roundTrip(Object.assign(Object.create(null), { a: 1 })), { a: 1 });
});

test("inherited enumerable keys are not sent", () => {
  const prototype = Object.create(Object.prototype, { inherited: { value: 1, enumerable: true } }) as object;
  assert.deepStrictEqual(roundTrip(Object.assign(Object.create(prototype) as object, { own: 2 })), {
    own: 2,
  });
});

test("getters are read, toJSON is not asked", () => {
  const value = {
    get now() {
      return 5;
    },
    toJSON: undefined,
  };
  assert.deepStrictEqual(roundTrip(value), { now: 5, toJSON: undefined });
});

test("an own __proto__ stays a key and changes no prototype", () => {
  const names = JSON.parse('{"__proto__":{"polluted":true}}') as object;
  const wide = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`k${index}`, index]));
  Object.defineProperty(wide, "__proto__", { value: { polluted: true }, enumerable: true });
  for (const value of [names, wide, [names, names]]) {
    const arrived = roundTrip(value) as { polluted?: unknown };
    assert.equal(arrived.polluted, undefined);
    assert.deepStrictEqual(arrived, structuredClone(value));
  }
});

test("subclasses of built-in classes arrive as the built-in class, with what they hold", () => {
  class Registry extends Map<string, number> {
    override *entries(): MapIterator<[string, number]> {}
  }
  class Bytes extends Uint8Array {}
  assert.deepStrictEqual(roundTrip(new Registry([["a", 1]])), new Map([["a", 1]]));
  assert.deepStrictEqual(roundTrip(new Bytes([1, 2])), new Uint8Array([1, 2]));
});

test("values of another realm arrive as those of this one", () => {
  const foreign: unknown = runInNewContext(
    "({ list: [1], map: new Map([[1, new Set([2])]]), date: new Date(9), bytes: new Uint8Array([1]), re: /x/y })",
  );
  const arrived = roundTrip(foreign);
  assert.deepStrictEqual(arrived, {
    list: [1],
    map: new Map([[1, new Set([2])]]),
    date: new Date(9),
    bytes: new Uint8Array([1]),
    re: /x/y,
  });
});

test("an impostor of a built-in class does not change how real ones travel", () => {
  const encoder = new Encoder();
  const decoder = new Decoder();
  const impostors = [Date, Map, Set, Error, RegExp].map((type) => Object.create(type.prototype) as object);
  for (const impostor of impostors) encoder.encode(impostor);
  const real = [new Date(1), new Map([[1, 2]]), new Set([3]), /x/];
  const { body, segments } = encoder.encode(real);
  assert.deepStrictEqual(decoder.decode(body, segments), real);
});

test("a Buffer arrives as a Buffer that does not come from the shared pool", () => {
  const arrived = roundTrip(Buffer.from("pooled"));
  assert(Buffer.isBuffer(arrived));
  assert.equal(arrived.toString(), "pooled");
  assert.equal(arrived.buffer.byteLength, 6);
});

test("a small view of a large buffer takes with it only what it shows", () => {
  const arena = new Float64Array(100_000);
  const { body, segments } = new Encoder().encode([arena.subarray(10, 12), arena.subarray(99_000, 99_001)]);
  assert.equal(segments.length, 0);
  assert(body.length < 64);
});

test("URLs and search parameters arrive as such", () => {
  const arrived = roundTrip([new URL("http://a.example/b?c"), new URLSearchParams("x=1&x=2")]) as [
    URL,
    URLSearchParams,
  ];
  assert(arrived[0] instanceof URL);
  assert.equal(arrived[0].href, "http://a.example/b?c");
  assert(arrived[1] instanceof URLSearchParams);
  assert.deepStrictEqual(arrived[1].getAll("x"), ["1", "2"]);
});

test("lastIndex of a regular expression starts at 0 again", () => {
  const used = /a/g;
  used.test("aa");
  assert.equal((roundTrip(used) as RegExp).lastIndex, 0);
});

test("a proxy is read through its traps", () => {
  const proxy = new Proxy({ a: 1 }, { get: () => 42 });
  assert.deepStrictEqual(roundTrip([proxy, new Proxy([7], {})]), [{ a: 42 }, [7]]);
});

test("one encoder and one decoder keep messages of any shapes apart", () => {
  const encoder = new Encoder();
  const decoder = new Decoder();
  for (let round = 0; round < 300; round++) {
    const value = { [`only in ${round}`]: round, same: { [`n${round % 7}`]: [round, { id: round }] } };
    const { body, segments } = encoder.encode(value);
    assert.deepStrictEqual(decoder.decode(body, segments), value);
  }
});

test("more shapes than an encoder remembers still travel, in one message and in the next", () => {
  const encoder = new Encoder();
  const decoder = new Decoder();
  const value = Array.from({ length: 6_000 }, (_, index) => ({
    [`a${index}`]: index,
    [`b${index}`]: { c: index },
  }));
  for (let round = 0; round < 2; round++) {
    const { body, segments } = encoder.encode(value);
    assert.deepStrictEqual(decoder.decode(Uint8Array.from(body), segments), value);
  }
});

test("records that are often decoded stay right, whatever their number of keys", () => {
  const encoder = new Encoder();
  const decoder = new Decoder();
  for (let keys = 0; keys < 20; keys++) {
    const row = Object.fromEntries(Array.from({ length: keys }, (_, key) => [`${keys}_${key}`, key]));
    const rows = Array.from({ length: 100 }, () => ({ ...row }));
    const { body, segments } = encoder.encode(rows);
    assert.deepStrictEqual(decoder.decode(Uint8Array.from(body), segments), rows);
  }
});
