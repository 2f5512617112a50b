import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { Socket } from "node:net";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { SerializationError } from "#dist/errors.js";
import { Decoder, Encoder } from "#dist/protocol/codec.js";
import { bodyOf } from "./round-trip.js";

function refusalOf(value: unknown, name?: string, encoder = new Encoder()): SerializationError {
  try {
    encoder.encode(value, name);
  } catch (error) {
    assert(error instanceof SerializationError);
    assert.equal(error.code, "ERR_SERIALIZE");
    return error;
  }
  return assert.fail("it was encoded");
}

function* numbers(): Generator<number> {
  yield 1;
}

const detached = new ArrayBuffer(8);
structuredClone(detached, { transfer: [detached] });

const refused: readonly [what: string, value: unknown, message: RegExp][] = [
  [
    "a function",
    () => 1,
    /^value is a function; let the function that is called use it by name, or send plain data$/,
  ],
  ["a class", SerializationError, /^value is a function/],
  ["a symbol", Symbol("s"), /^value is a symbol; send its description/],
  ["a boxed symbol", Object(Symbol("s")), /^value is a Symbol/],
  ["a promise", Promise.resolve(1), /^value is a Promise; await it/],
  ["a WeakMap", new WeakMap(), /^value is a WeakMap, .* send a Map/],
  ["a WeakSet", new WeakSet(), /^value is a WeakSet, .* send a Set/],
  ["a WeakRef", new WeakRef({}), /^value is a WeakRef/],
  ["shared memory", new SharedArrayBuffer(4), /^value is a SharedArrayBuffer.*send a copy/],
  ["a view of shared memory", new Uint8Array(new SharedArrayBuffer(4)), /backed by a SharedArrayBuffer/],
  ["a generator", numbers(), /^value is a Generator; send the items, e\.g\. Array\.from/],
  ["an iterator", new Map().keys(), /^value is a Map Iterator; send the items/],
  ["a socket", new Socket(), /^value is a Socket, which holds more than data/],
  ["a stream", Readable.from([]), /^value is a Readable/],
  ["a web stream", new ReadableStream(), /^value is a ReadableStream/],
  ["a signal", new AbortController().signal, /^value is an AbortSignal/],
  ["a blob", new Blob([]), /^value is a Blob/],
  ["a key", createSecretKey(Buffer.alloc(8)), /^value is a KeyObject; export the key/],
  ["a formatter", new Intl.NumberFormat("en"), /^value is an Intl\.NumberFormat/],
  ["detached memory", detached, /^value is detached/],
  [
    "a view of detached memory",
    (() => {
      const view = new Uint8Array(8);
      structuredClone(view.buffer, { transfer: [view.buffer] });
      return view;
    })(),
    /^value is detached/,
  ],
  [
    "a proxy whose trap throws",
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("trapped");
        },
      },
    ),
    /threw while it was read: trapped/,
  ],
  [
    "a revoked proxy",
    (() => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    })(),
    /threw while it was read/,
  ],
];

describe("a value that cannot travel is refused with the way out", () => {
  for (const [what, value, message] of refused) {
    test(what, () => {
      const error = refusalOf(value);
      assert.match(error.message, message);
      assert.equal(error.path, "value");
    });
  }
});

const nested: readonly [path: string, value: unknown][] = [
  ["args[0].options.onDone", [{ options: { onDone: () => 1 } }]],
  ['args["a key"][2]', { "a key": [1, 2, Symbol("x")] }],
  ['args.get("k").f', new Map([["k", { f: () => 1 }]])],
  ["args.get(7)", new Map([[7, () => 1]])],
  [
    "args.keys()[1]",
    new Map<unknown, number>([
      [1, 1],
      [() => 1, 1],
    ]),
  ],
  ["args.values()[0].x", new Map([[{}, { x: () => 1 }]])],
  ["args.values()[1]", new Set([1, () => 1])],
];

describe("the path leads to the value", () => {
  for (const [path, value] of nested) {
    test(path, () => {
      const error = refusalOf(value, "args");
      assert.equal(error.path, path);
      assert(error.message.startsWith(`${path} is a `));
    });
  }
});

test("a getter that throws is named, and what it threw is the cause", () => {
  const cause = new Error("not ready");
  const error = refusalOf(
    [
      {
        get size() {
          throw cause;
        },
      },
    ],
    "args",
  );
  assert.equal(error.path, "args[0].size");
  assert.equal(error.message, "args[0].size threw while it was read: not ready");
  assert.equal(error.cause, cause);
});

test("a cycle on the way does not keep the place from being found", () => {
  const ring: Record<string, unknown> = {};
  ring["self"] = ring;
  ring["later"] = { call: () => 1 };
  assert.equal(refusalOf(ring, "args").path, "args.later.call");
});

test("a value that is different each time it is read is still an error with its cause", () => {
  let reads = 0;
  const value = {
    get odd() {
      return ++reads === 1 ? Symbol("first") : 1;
    },
  };
  const error = refusalOf(value);
  assert.equal(error.path, "value");
  assert(error.cause instanceof Error);
});

describe("nesting", () => {
  const nest = (levels: number, wrap: (inner: unknown) => unknown): unknown => {
    let value: unknown = 0;
    for (let level = 0; level < levels; level++) value = wrap(value);
    return value;
  };
  const wraps: Record<string, (inner: unknown) => unknown> = {
    arrays: (inner) => [inner],
    objects: (inner) => ({ inner }),
    maps: (inner) => new Map([[1, inner]]),
    sets: (inner) => new Set([inner]),
  };
  for (const [name, wrap] of Object.entries(wraps)) {
    test(`of ${name}: as deep as the limit travels, deeper is refused, however deep`, () => {
      new Encoder().encode(nest(1_000, wrap));
      for (const levels of [1_001, 100_000]) {
        const { message } = refusalOf(nest(levels, wrap));
        assert.match(message, /is nested more than 1000 levels deep/);
        assert(message.length < 400, "the path is shortened for reading");
      }
      assert.match(
        refusalOf(nest(5, wrap), "value", new Encoder({ maxDepth: 4 })).message,
        /more than 4 levels/,
      );
    });
  }

  test("has a limit that holds for the deepest setting too", () => {
    const encoder = new Encoder({ maxDepth: 1_500 });
    const deepest = nest(1_500, (inner) => ({ inner }));
    const { body } = encoder.encode(deepest);
    assert.deepStrictEqual(
      bodyOf(new Decoder({ maxDepth: 1_500 }).decode(body, []), { maxDepth: 1_500 }),
      body,
    );
    assert.match(
      refusalOf(
        nest(1_501, (inner) => ({ inner })),
        "value",
        encoder,
      ).message,
      /more than 1500/,
    );
  });

  test("that leaves too little of the stack is refused as well", () => {
    const encoder = new Encoder();
    const value = nest(1_000, (inner) => [inner]);
    const fromWhereTheStackEnds = (): unknown => {
      try {
        return fromWhereTheStackEnds();
      } catch {
        return refusalOf(value, "args", encoder);
      }
    };
    assert.match((fromWhereTheStackEnds() as Error).message, /^args is nested too deeply for the stack/);
    encoder.encode(value);
  });

  test("of errors is cut off where it is too deep, since an error travels as far as it can", () => {
    const deep = nest(3_000, (cause) => new Error("outer", { cause }));
    assert(new Encoder().encode(deep).body.length > 1_000);
  });
});

test("an encoder that refused a value is as good as new", () => {
  const encoder = new Encoder();
  const shared = {};
  for (let round = 0; round < 3; round++) {
    refusalOf({ shared, bytes: new Uint8Array(20_000), f: () => 1 }, "value", encoder);
    const { segments } = encoder.encode([shared]);
    assert.equal(segments.length, 0);
  }
});

test("a body above the limit is refused by its own code", () => {
  const encoder = new Encoder({ maxBodyBytes: 10_000 });
  assert.throws(() => encoder.encode("x".repeat(20_000)), { code: "ERR_MESSAGE_TOO_LARGE" });
  assert.equal(encoder.encode(new Uint8Array(20_000)).segments.length, 1);
});

test("bad options are errors that name the option", () => {
  assert.throws(() => new Encoder({ maxDepth: 0 }), { name: "RangeError", message: /maxDepth/ });
  assert.throws(() => new Encoder({ segmentThreshold: 1.5 }), {
    name: "RangeError",
    message: /segmentThreshold/,
  });
  assert.throws(() => new Encoder({ depth: 3 } as object), { name: "TypeError", message: /no option depth/ });
});
