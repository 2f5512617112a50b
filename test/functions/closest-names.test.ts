import assert from "node:assert/strict";
import { test } from "node:test";
import { closestNames } from "#dist/functions/closest-names.js";

void test("the name with the fewest differing characters comes first, whatever its case", () => {
  assert.deepEqual(closestNames("resise", ["crop", "Resize", "resizeAll", "size"]), [
    "Resize",
    "size",
    "resizeAll",
    "crop",
  ]);
});

void test("names equally far keep their order, and none is lost", () => {
  assert.deepEqual(closestNames("", ["bb", "aa", ""]), ["", "bb", "aa"]);
});
