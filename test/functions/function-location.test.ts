import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { locateFunction, type ScriptUrls } from "#dist/functions/function-location.js";
import { resize } from "./fixtures/work.js";
import { loadFunction } from "./load-function.js";
import { temporaryProject } from "./temporary-project.js";

void test("a function's script is named by the very URL it was loaded under", async () => {
  const plain = new URL("./fixtures/work.js", import.meta.url).href;
  assert.equal(locateFunction(resize)?.url, plain);
  const again = await loadFunction(`${plain}?v=2`, "resize");
  assert.notEqual(again, resize);
  assert.equal(locateFunction(again)?.url, `${plain}?v=2`);
});

void test("line and column count from 1", async (context) => {
  const root = temporaryProject(context, { "work.js": "\n  export function late() {}\n" });
  const url = pathToFileURL(join(root, "work.js")).href;
  assert.deepEqual(locateFunction(await loadFunction(url, "late")), { url, line: 2, column: 23 });
});

void test("a sourceURL comment does not hide where Node loaded the script from", async (context) => {
  const root = temporaryProject(context, {
    "work.js": "export function late() {}\n//# sourceURL=elsewhere.js",
    "work.cjs": "exports.late = function () {}\n//# sourceURL=elsewhere.js",
  });
  for (const name of ["work.js", "work.cjs"]) {
    const url = pathToFileURL(join(root, name)).href;
    assert.equal(locateFunction(await loadFunction(url, "late"))?.url, url);
  }
});

void test("functions of Node itself are located in node: scripts, and those of eval in one without a name", () => {
  assert.equal(locateFunction(join)?.url, "node:path");
  assert.equal(locateFunction(Reflect.construct(Function, ["return 1"]))?.url, "");
});

void test("native, bound and proxied functions have no location", () => {
  for (const fn of [Math.sqrt, resize.bind(null, 1), new Proxy(resize, {})]) {
    assert.equal(locateFunction(fn), undefined);
  }
});

void test("what was learned about scripts is kept, and completed for a script that came later", async (context) => {
  const scripts: ScriptUrls = new Map();
  locateFunction(resize, scripts);
  const before = scripts.size;
  assert.ok(before > 1);
  const root = temporaryProject(context, { "later.js": "export function late() {}" });
  const url = pathToFileURL(join(root, "later.js")).href;
  assert.equal(locateFunction(await loadFunction(url, "late"), scripts)?.url, url);
  assert.ok(scripts.size > before);
});

void test("nothing of the look-up stays on the global object", () => {
  const before = Reflect.ownKeys(globalThis);
  locateFunction(resize);
  assert.deepEqual(Reflect.ownKeys(globalThis), before);
});
