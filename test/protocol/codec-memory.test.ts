import assert from "node:assert/strict";
import { test } from "node:test";
import { Decoder, Encoder } from "#dist/protocol/codec.js";

test("large binary values are views of the caller's own memory, small ones stand in the body", () => {
  const large = new Float64Array(2_000);
  const { body, segments } = new Encoder().encode(
    [large, new Uint8Array(100), large.subarray(0, 1_024)].slice(0, 2),
  );
  assert.equal(segments.length, 1);
  assert.equal(segments[0]?.buffer, large.buffer);
  assert(body.length > 100 && body.length < 200);
});

test("segmentThreshold says from how many bytes on a value is large", () => {
  const encoder = new Encoder({ segmentThreshold: 16 });
  assert.equal(encoder.encode(new Uint8Array(15)).segments.length, 0);
  assert.equal(encoder.encode(new Uint8Array(16)).segments.length, 1);
});

test("a segment that owns its buffer becomes the memory of the value", () => {
  const { body } = new Encoder().encode([
    new Float64Array(2_000),
    Buffer.alloc(9_000),
    new ArrayBuffer(10_000),
  ]);
  const segments = [new Uint8Array(16_000), new Uint8Array(9_000), new Uint8Array(10_000)] as const;
  const value = new Decoder().decode(body, segments) as [Float64Array, Buffer, ArrayBuffer];
  assert.equal(value[0].buffer, segments[0].buffer);
  assert.equal(value[1].buffer, segments[1].buffer);
  assert.equal(value[2], segments[2].buffer);
});

test("a segment that is part of a buffer is copied, aligned or not", () => {
  const { body } = new Encoder().encode(new Float64Array(2_000));
  for (const offset of [0, 8, 3]) {
    const memory = new ArrayBuffer(16_016);
    const value = new Decoder().decode(body, [new Uint8Array(memory, offset, 16_000)]) as Float64Array;
    assert.equal(value.length, 2_000);
    assert.equal(value.buffer.byteLength, 16_000);
    assert.notEqual(value.buffer, memory);
  }
});

test("scratch memory grows with a huge message and is let go before the next", () => {
  const encoder = new Encoder();
  const huge = encoder.encode("x".repeat(5_000_000)).body;
  assert(huge.buffer.byteLength >= 5_000_000);
  assert(encoder.encode(1).body.buffer.byteLength <= 1 << 20);
});

test("a message of ordinary size reuses the memory of the one before", () => {
  const encoder = new Encoder();
  assert.equal(encoder.encode([1]).body.buffer, encoder.encode([2]).body.buffer);
});

test("a getter that encodes with the same encoder disturbs nothing", () => {
  const encoder = new Encoder();
  const decoder = new Decoder();
  let inner: Uint8Array | undefined;
  const value = {
    before: { id: 1 },
    get nested() {
      inner = encoder.encode({ id: 2, before: [value.before, value.before] }).body;
      return { id: 3 };
    },
    after: { id: 4 },
  };
  const { body } = encoder.encode(value);
  assert.deepStrictEqual(decoder.decode(body, []), {
    before: { id: 1 },
    nested: { id: 3 },
    after: { id: 4 },
  });
  assert.deepStrictEqual(decoder.decode(inner ?? assert.fail(), []), {
    id: 2,
    before: [{ id: 1 }, { id: 1 }],
  });
});

test("an extension that decodes with the same decoder disturbs nothing", () => {
  const encoder = new Encoder();
  const inner = Uint8Array.from(encoder.encode([{ id: 2 }, { id: 3 }]).body);
  class Parcel {
    readonly label = "outer";
  }
  const parcels = {
    tag: 1,
    matches: (value: object): value is Parcel => value instanceof Parcel,
    encode: () => inner,
    decode: (data: unknown): Parcel => decoder.decode(data as Uint8Array, []) as Parcel,
  };
  const decoder: Decoder = new Decoder({ extensions: [parcels] });
  const { body } = new Encoder({ extensions: [parcels] }).encode([{ id: 1 }, new Parcel(), { id: 4 }]);
  assert.deepStrictEqual(decoder.decode(body, []), [{ id: 1 }, [{ id: 2 }, { id: 3 }], { id: 4 }]);
});

test("objects that change while they are read still give a message that can be read", () => {
  const list: unknown[] = [];
  const map = new Map<unknown, unknown>();
  const record: Record<string, unknown> = {};
  const trap = {
    get sprung() {
      list.length = 1;
      map.set("late", 1);
      delete record["b"];
      record["z"] = 1;
      return true;
    },
  };
  list.push(trap, 2, 3);
  map.set("first", trap);
  Object.assign(record, { a: trap, b: 2, c: 3 });
  for (const value of [list, map, record]) {
    const { body, segments } = new Encoder().encode([value, "end"]);
    assert.equal((new Decoder().decode(body, segments) as unknown[])[1], "end");
  }
});
