import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Encoder } from "#dist/protocol/codec.js";
import { identityOf, roundTrip } from "./round-trip.js";
import { clonableSamples } from "./sample-values.js";

describe("the same objects are the same after the journey", () => {
  for (const [name, value] of clonableSamples()) {
    test(name, () => assert.equal(identityOf(roundTrip([value, value])), identityOf([value, value])));
  }
});

test("among few and among many objects, one met twice is sent once", () => {
  for (const others of [0, 5, 10, 11, 12, 13, 500]) {
    const shared = { shared: true };
    const rest = Array.from({ length: others }, (_, index) => ({ index }));
    const value = [shared, ...rest, shared, ...rest];
    const arrived = roundTrip(value) as object[];
    assert.equal(identityOf(arrived), identityOf(value));
    assert.equal(arrived[0], arrived[others + 1]);
  }
});

test("equal objects that are not the same stay apart", () => {
  const [one, other] = roundTrip([{ a: 1 }, { a: 1 }]) as object[];
  assert.notEqual(one, other);
});

test("an error can be its own cause", () => {
  const error = new Error("loop");
  error.cause = { error };
  const arrived = roundTrip(error) as Error & { cause: { error: unknown } };
  assert.equal(arrived.cause.error, arrived);
});

test("every kind of object is counted, so that references behind it are right", () => {
  const shared = {};
  const between = [
    new Date(0),
    /x/,
    Object(1) as object,
    new ArrayBuffer(1),
    new Uint8Array(1),
    Buffer.from("b"),
    new Error("e", { cause: new Map() }),
    new DOMException("d", "AbortError"),
    new AggregateError([new Error("inner")]),
    new URL("http://x/"),
    new URLSearchParams("a"),
    new Uint8Array(20_000),
    new Set(),
  ];
  for (const object of between) {
    const arrived = roundTrip([object, shared, shared, object]) as object[];
    assert.equal(arrived[1], arrived[2], Object.prototype.toString.call(object));
    assert.equal(arrived[0], arrived[3]);
  }
});

describe("views that overlap", () => {
  const memory = (): ArrayBuffer => Uint8Array.from({ length: 64 }, (_, index) => index).buffer;

  test("share their memory afterwards, and only what they show of it travels", () => {
    const buffer = memory();
    const value = [
      new Uint8Array(buffer, 17, 7),
      new Float64Array(buffer, 16, 2),
      new DataView(buffer, 20, 10),
    ];
    const arrived = roundTrip(value) as [Uint8Array, Float64Array, DataView];
    assert.deepStrictEqual(arrived, value);
    assert.equal(arrived[0].buffer.byteLength, 16);
    arrived[0][3] = 99;
    assert.equal(arrived[2].getUint8(0), 99);
    assert.equal(arrived[1].buffer, arrived[2].buffer);
  });

  test("share it with the ArrayBuffer itself, in any order", () => {
    const buffer = memory();
    const view = new Uint16Array(buffer, 8, 4);
    for (const value of [
      [buffer, view],
      [view, buffer],
    ]) {
      const arrived = roundTrip(value) as [Uint16Array, ArrayBuffer] | [ArrayBuffer, Uint16Array];
      assert.deepStrictEqual(arrived, value);
      const [one, other] = arrived.map((item) => (ArrayBuffer.isView(item) ? item.buffer : item));
      assert.equal(one, other);
    }
  });

  test("share it when it is large enough for a segment, which is then sent once", () => {
    const buffer = new ArrayBuffer(100_000);
    const value = [new Uint8Array(buffer), new Uint8Array(buffer, 50_000)];
    assert.equal(new Encoder().encode(value).segments.length, 1);
    const arrived = roundTrip(value) as [Uint8Array, Uint8Array];
    arrived[0][50_000] = 7;
    assert.equal(arrived[1][0], 7);
  });

  test("are Buffers again if they were", () => {
    const whole = Buffer.alloc(40, "abcd");
    const arrived = roundTrip([whole, whole.subarray(4, 8)]) as [Buffer, Buffer];
    assert(Buffer.isBuffer(arrived[1]));
    arrived[0].write("W", 4);
    assert.equal(arrived[1].toString(), "Wbcd");
  });
});

test("views of one buffer that do not overlap arrive apart", () => {
  const buffer = new ArrayBuffer(64);
  const [one, other] = roundTrip([
    new Uint8Array(buffer, 0, 8),
    new Uint8Array(buffer, 8, 8),
  ]) as Uint8Array[];
  assert.notEqual(one?.buffer, other?.buffer);
});
