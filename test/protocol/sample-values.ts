export function arrayWithHoles(length: number, items: Record<number, unknown> = {}): unknown[] {
  return Object.assign([], items, { length });
}

/** Values of every kind that travels, by name. Made anew for each caller. */
export function sampleValues(): Record<string, unknown> {
  const memory = Uint8Array.from({ length: 32 }, (_, index) => index).buffer;
  const cyclic: Record<string, unknown> = { name: "ring" };
  cyclic["self"] = [cyclic, new Map([[cyclic, new Set([cyclic])]])];
  const failure = new RangeError("out of reach", { cause: new TypeError("a root") });
  Object.assign(failure, { code: "ERR_SAMPLE", details: { tries: 3 } });
  const many = Array.from({ length: 70 }, (_, key) => [`key ${key}`, key]);
  return {
    undefined: undefined,
    null: null,
    true: true,
    false: false,
    zero: 0,
    "small integer": 127,
    "integers at the edges": [
      -1,
      -128,
      -129,
      128,
      32_767,
      32_768,
      -32_768,
      -32_769,
      2 ** 31 - 1,
      -(2 ** 31),
      2 ** 31,
    ],
    doubles: [0.1, -0, 2 ** 53, Number.MAX_VALUE, Number.MIN_VALUE, Infinity, -Infinity, Number.NaN],
    "64-bit bigints": [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)],
    "large bigints": [2n ** 63n, -(2n ** 63n) - 1n, 3n ** 500n, -(5n ** 333n)],
    "empty string": "",
    "short string": "rollcall",
    "string of 12 and of 13 characters": ["twelve chars", "thirteen char"],
    "string of 31 and of 32 characters": ["a".repeat(31), "b".repeat(32)],
    "long string": "workers ".repeat(1_000),
    "accented string": "é",
    "long string of many scripts": "Łódź, 東京, 🚀 ".repeat(50),
    "lone surrogates": ["\ud800", "a\udc00b", "\udc00\ud800".repeat(40)],
    "many short strings": Array.from({ length: 500 }, (_, index) => `s${index}`),
    "empty array": [],
    "array of 15 and of 16": [Array.from({ length: 15 }, () => 1), Array.from({ length: 16 }, () => 2)],
    "array with holes": arrayWithHoles(5, { 1: 1, 3: undefined }),
    "very sparse array": arrayWithHoles(100_000, { 3: "a", 70: "b", 5_000: "c" }),
    "empty object": {},
    "nested objects": { a: { b: { c: [{ d: 1 }] } } },
    "rows of one shape": Array.from({ length: 40 }, (_, id) => ({ id, label: `row ${id}` })),
    "object with integer keys": { 7: "seven", 1: "one", name: "x" },
    "object with an own __proto__": JSON.parse('{"__proto__":{"polluted":true},"a":1}') as unknown,
    "object with more keys than a key list": Object.fromEntries(many),
    "object with a long key": { ["k".repeat(200)]: 1, after: 2 },
    "object with keys of many scripts": { ключ: 1, 鍵: 2, "\ud800": 3 },
    map: new Map<unknown, unknown>([
      ["a", 1],
      [{ key: true }, new Map()],
      [Number.NaN, null],
    ]),
    set: new Set([1, "1", Object("1"), undefined]),
    date: new Date(1_700_000_000_123),
    regexp: /a\/(?<name>b+)\n/giu,
    "boxed primitives": [Object(1.5), Object("text"), Object(false), Object(12n)],
    "array buffer": memory,
    "empty binary values": [new ArrayBuffer(0), new Uint8Array(0), new Float64Array(0)],
    "typed arrays": [
      new Uint8Array([1, 2]),
      new Uint8ClampedArray([3, 255]),
      new Int8Array([-1, 5]),
      new Uint16Array([65_535]),
      new Int16Array([-300]),
      new Uint32Array([2 ** 32 - 1]),
      new Int32Array([-70_000]),
      new Float32Array([1.5, Number.NaN]),
      new Float64Array([0.1, -0]),
      new BigUint64Array([2n ** 64n - 1n]),
      new BigInt64Array([-5n]),
    ],
    "data view": new DataView(memory.slice(0), 3, 9),
    "large typed array": Float64Array.from({ length: 3_000 }, (_, index) => index / 3),
    "views of one buffer that overlap": [new Uint8Array(memory, 3, 6), new Uint16Array(memory, 4, 4)],
    cycle: cyclic,
    error: failure,
    "aggregate error": new AggregateError([new Error("one"), new SyntaxError("two")], "both"),
    url: new URL("https://example.org/a?b=1#c"),
    "search parameters": new URLSearchParams("a=1&a=2&b=%20"),
  };
}

/** Of the samples, those that structured clone copies too and that can be compared with its copy. */
export function clonableSamples(): [string, unknown][] {
  const others = new Set(["url", "search parameters", "error", "aggregate error"]);
  return Object.entries(sampleValues()).filter(([name]) => !others.has(name));
}
