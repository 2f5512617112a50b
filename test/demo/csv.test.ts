import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCsv } from "../../demo/csv.js";

void test("plain, quoted and empty fields are read, whatever the line ends", () => {
  const text = 'a,b,c\r\n1,,"x, ""y"""\n\n"two\nlines",2,\n';
  assert.deepEqual(parseCsv(text), [
    ["a", "b", "c"],
    ["1", "", 'x, "y"'],
    ["two\nlines", "2", ""],
  ]);
});

void test("the last row needs no line end, and may end with an empty field", () => {
  assert.deepEqual(parseCsv("a,b"), [["a", "b"]]);
  assert.deepEqual(parseCsv("a,"), [["a", ""]]);
  assert.deepEqual(parseCsv(""), []);
});

void test("a quote in the middle of a field is an error that says where", () => {
  assert.throws(() => parseCsv('a,b\nc"d,e'), /row 2, at character 4/);
  assert.throws(() => parseCsv('"open'), /stray quote in row 1/);
});
