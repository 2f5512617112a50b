import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Decoder, Encoder, type ValueExtension } from "#dist/protocol/codec.js";
import { roundTrip } from "./round-trip.js";

class Reference {
  constructor(
    readonly id: number,
    readonly labels?: unknown,
  ) {}
}

const references: ValueExtension<Reference> = {
  tag: 7,
  matches: (value): value is Reference => value instanceof Reference,
  encode: ({ id, labels }) => [id, labels],
  decode: (data) => new Reference(...(data as [number, unknown])),
};

const functions: ValueExtension = {
  tag: 8,
  matches: (value): value is object => typeof value === "function",
  encode: (value) => (value as () => void).name,
  decode: (name) => Object.assign(() => undefined, { called: name }),
};

const extensions = [references, functions];

test("a value of an extension arrives as what its data decodes to", () => {
  const arrived = roundTrip({ ref: new Reference(5, { a: [1] }) }, { extensions }, { extensions });
  assert.deepStrictEqual(arrived, { ref: new Reference(5, { a: [1] }) });
});

test("one met twice is decoded once, and its data can share with the rest of the message", () => {
  const labels = { shared: true };
  const reference = new Reference(1, labels);
  const arrived = roundTrip(
    [labels, reference, reference, labels],
    { extensions },
    { extensions },
  ) as unknown[];
  assert.equal(arrived[1], arrived[2]);
  assert.equal((arrived[1] as Reference).labels, arrived[0]);
  assert.equal(arrived[3], arrived[0]);
});

test("extensions may hold each other", () => {
  const value = new Reference(1, new Reference(2, new Map([["deeper", new Reference(3)]])));
  assert.deepStrictEqual(roundTrip(value, { extensions }, { extensions }), value);
});

test("functions travel where an extension takes them", () => {
  function resize(): void {
    assert.fail("called");
  }
  const [one, other] = roundTrip([resize, resize], { extensions }, { extensions }) as { called: string }[];
  assert.equal(one?.called, "resize");
  assert.equal(one, other);
});

test("plain objects, arrays and null prototypes are never shown to an extension", () => {
  const nosy: ValueExtension = {
    tag: 1,
    matches: (_value): _value is object => assert.fail("asked"),
    encode: () => undefined,
    decode: () => ({}),
  };
  const value = { list: [1, { a: 1 }], none: Object.create(null) as object };
  assert.deepStrictEqual(roundTrip(value, { extensions: [nosy] }), { list: [1, { a: 1 }], none: {} });
});

test("a value that holds itself through its extension is refused with its path", () => {
  const labels: { self?: Reference } = {};
  labels.self = new Reference(1, labels);
  labels.self = new Reference(2, { inner: labels });
  const self: unknown[] = [];
  const reference = new Reference(3, self);
  self.push(reference);
  const encoder = new Encoder({ extensions });
  assert.throws(() => encoder.encode(reference, "args"), {
    code: "ERR_SERIALIZE",
    path: "args[1][0]",
    message: /holds itself through a value that travels by reference/,
  });
  encoder.encode([new Reference(4), new Reference(5)]);
});

test("a path through an extension leads through its data", () => {
  assert.throws(() => new Encoder({ extensions }).encode([new Reference(1, { bad: Symbol("x") })], "args"), {
    path: "args[0][1].bad",
  });
});

test("an error of encode is the cause of the refusal", () => {
  const cause = new Error("is released");
  const released: ValueExtension<Reference> = {
    ...references,
    encode: () => {
      throw cause;
    },
  };
  assert.throws(() => new Encoder({ extensions: [released] }).encode({ ref: new Reference(1) }), {
    code: "ERR_SERIALIZE",
    message: "value.ref is released",
    cause,
  });
});

test("an error of decode fails the message with that error as cause", () => {
  const cause = new Error("unknown id");
  const strict: ValueExtension<Reference> = {
    ...references,
    decode: () => {
      throw cause;
    },
  };
  const { body } = new Encoder({ extensions }).encode(new Reference(1));
  assert.throws(() => new Decoder({ extensions: [strict] }).decode(body, []), {
    code: "ERR_DESERIALIZE",
    cause,
  });
});

test("a message that uses an extension cannot be decoded without it", () => {
  const { body } = new Encoder({ extensions }).encode(new Reference(1));
  assert.throws(() => new Decoder().decode(body, []), {
    code: "ERR_DESERIALIZE",
    message: /unknown extension 7/,
  });
});

describe("bad extensions are refused when the codec is made", () => {
  for (const tag of [-1, 256, 1.5]) {
    test(`tag ${tag}`, () => {
      assert.throws(() => new Encoder({ extensions: [{ ...references, tag }] }), RangeError);
      assert.throws(() => new Decoder({ extensions: [{ ...references, tag }] }), RangeError);
    });
  }
  test("one tag twice", () => {
    assert.throws(() => new Encoder({ extensions: [references, { ...functions, tag: 7 }] }), TypeError);
  });
});
