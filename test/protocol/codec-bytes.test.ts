import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { findProjectRoot } from "#dist/functions/project-root.js";
import { Decoder } from "#dist/protocol/codec.js";
import { BINARY_KINDS } from "#dist/protocol/binary-kinds.js";
import { ERROR_KINDS } from "#dist/protocol/error-kinds.js";
import * as tags from "#dist/protocol/value-tags.js";
import { bodyOf } from "./round-trip.js";
import { arrayWithHoles } from "./sample-values.js";

/** Values and their bytes, as docs/protocol-values.md describes them. A change here is a new version of the protocol. */
const golden: readonly [what: string, value: unknown, body: string][] = [
  ["undefined", undefined, "00 d0"],
  ["null", null, "00 d1"],
  ["false", false, "00 d2"],
  ["true", true, "00 d3"],
  ["the largest integer in a tag", 127, "00 7f"],
  ["one byte", -128, "00 d4 80"],
  ["two bytes", 128, "00 d5 80 00"],
  ["four bytes", 32_768, "00 d6 00 80 00 00"],
  ["a double", 1.5, "00 d7 00 00 00 00 00 00 f8 3f"],
  ["minus zero", -0, "00 d7 00 00 00 00 00 00 00 80"],
  ["a bigint of 64 bits", -2n, "00 d8 fe ff ff ff ff ff ff ff"],
  ["a larger bigint", 2n ** 64n, "00 d9 09 01 00 00 00 00 00 00 00 00"],
  ["a larger negative one", -(2n ** 64n), "00 da 09 01 00 00 00 00 00 00 00 00"],
  ["a short string", "abc", "00 83 61 62 63"],
  ["a string of 32", "a".repeat(32), `00 db 20 00 00 00 ${"61 ".repeat(32)}`],
  ["UTF-8", "é", "00 dc 02 00 00 00 c3 a9"],
  ["UTF-16", "\ud800", "00 dd 02 00 00 00 00 d8"],
  ["an array", [1, [2]], "00 a2 01 a1 02"],
  ["an array of 16", Array.from({ length: 16 }, () => 1), `00 de 10 00 00 00 ${"01 ".repeat(16)}`],
  ["a hole", arrayWithHoles(3, { 0: 1, 2: 3 }), "00 a3 01 e0 03"],
  ["many holes", arrayWithHoles(200), `00 df c8 00 00 00 ${"e0 ".repeat(32)} e1 a8 01`],
  ["an empty object", {}, "00 b0 00"],
  [
    "two records of one key list",
    [
      { id: 1, x: 2 },
      { id: 3, x: 4 },
    ],
    "01 a2 b0 01 01 02 b0 01 03 04  01 00 2c 51 05 00 02 82 69 64 81 78 0a 00 00 00",
  ],
  ["an object met twice", twice([]), "02 a2 a0 e3 01"],
  ["a map", new Map([[1, 2]]), "00 e4 01 00 00 00 01 02"],
  ["a set", new Set([5]), "00 e5 01 00 00 00 05"],
  ["a date", new Date(0), "00 e6 00 00 00 00 00 00 00 00"],
  ["a regular expression", /a/g, "00 e7 81 61 81 67"],
  ["a boxed primitive", Object(7), "00 e8 07"],
  ["an ArrayBuffer", Uint8Array.of(9).buffer, "00 e9 00 01 09"],
  ["a typed array", Int16Array.of(-1), "00 e9 07 02 ff ff"],
  ["overlapping views", overlapping(), "02 a2 eb 03 00 02 e9 00 02 01 02 eb 03 01 01 e3 02"],
  ["an error", bare(new TypeError("no")), "00 ec 05 02 82 6e 6f e2"],
  ["a URL", new URL("a:b"), "00 ed 83 61 3a 62"],
  ["search parameters", new URLSearchParams("a=b"), "00 ee 83 61 3d 62"],
];

function twice(value: unknown): unknown[] {
  return [value, value];
}

function overlapping(): Uint8Array[] {
  const { buffer } = Uint8Array.of(1, 2);
  return [new Uint8Array(buffer), new Uint8Array(buffer, 1)];
}

function bare(error: Error): Error {
  return Object.defineProperty(error, "stack", { value: undefined });
}

describe("the bytes of a value", () => {
  for (const [what, value, text] of golden) {
    test(what, () => {
      const body = Buffer.from(text.replaceAll(" ", ""), "hex");
      assert.equal(Buffer.from(bodyOf(value)).toString("hex"), body.toString("hex"));
      assert.deepStrictEqual(
        new Decoder().decode(body, []),
        structuredClonable(value) ? structuredClone(value) : value,
      );
    });
  }
});

function structuredClonable(value: unknown): boolean {
  return !(value instanceof URL || value instanceof URLSearchParams || value instanceof Error);
}

const text = readFileSync(
  join(findProjectRoot(fileURLToPath(import.meta.url)), "docs", "protocol-values.md"),
  "utf8",
).replaceAll(/\s+/g, " ");

test("every tag has one meaning, and the document names each", () => {
  const numbers = Object.entries(tags).flatMap(([name, number]) => (name.startsWith("TAG_") ? [number] : []));
  assert.equal(new Set(numbers).size, numbers.length);
  const documented = [...text.matchAll(/\| (0x[0-9a-f]{2}[^|]*)\|/g)].flatMap(([, cell]) => [
    ...(cell ?? "").matchAll(/(?<!-)0x([0-9a-f]{2})/g),
  ]);
  assert.deepEqual(
    documented.map(([, digits]) => Number.parseInt(digits ?? "", 16)).filter((number) => number > 0),
    numbers.toSorted((one, other) => one - other),
  );
});

test("the documented kinds are those of the source", () => {
  const numbered = (names: readonly string[]): string =>
    names.map((name, number) => `${number} ${name}`).join(", ");
  assert(text.includes(`Kinds of binary values: ${numbered(BINARY_KINDS.map((kind) => kind.name))}.`));
  assert(text.includes(`Kinds of errors: ${numbered(ERROR_KINDS)}.`));
});
