import assert from "node:assert/strict";
import { test } from "node:test";
import { LineSplitter } from "#dist/util/line-splitter.js";

const LIMIT = 64 * 1024;

void test("lines are cut at their ends, whatever the pieces in which they arrive", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const piece of ["a", "b\r\nc", "\n\nd"]) splitter.push(piece);
  assert.deepEqual(lines, ["ab", "c", ""]);
  splitter.end();
  assert.deepEqual(lines, ["ab", "c", "", "d"]);
});

void test("a line of megabytes is passed on in parts, also if it comes with its end", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  const long = "x".repeat(2.5 * LIMIT);
  splitter.push(`${long}\nnext\n`);
  assert.deepEqual(
    lines.map((line) => line.length),
    [LIMIT, LIMIT, LIMIT / 2, "next".length],
  );
  assert.equal(lines.slice(0, 3).join(""), long);
});

void test("lines are the same however their bytes are cut, also inside a character", () => {
  const bytes = Buffer.from("one\r\ntwö\n\nlast");
  for (let at = 0; at <= bytes.length; at += 1) {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    splitter.push(bytes.subarray(0, at));
    splitter.push(bytes.subarray(at));
    splitter.end();
    assert.deepEqual(lines, ["one", "twö", "", "last"]);
  }
});

void test("a line without an end is cut up rather than held back", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line), 16_384);
  splitter.push(Buffer.alloc(40_000, "x"));
  splitter.end();
  assert.deepEqual(
    lines.map((line) => line.length),
    [16_384, 16_384, 7232],
  );
});
