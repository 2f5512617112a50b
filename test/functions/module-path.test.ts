import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { moduleOfPath, pathOfModule } from "#dist/functions/module-path.js";

const ROUND_TRIPS: {
  style: path.PlatformPath;
  root: string;
  file: string;
  suffix?: string;
  module: string;
}[] = [
  { style: path.posix, root: "/app", file: "/app/src/work.js", module: "src/work.js" },
  { style: path.posix, root: "/app", file: "/lib/shared/work.js", module: "../lib/shared/work.js" },
  { style: path.posix, root: "/app", file: "/app/a b/ü.js", module: "a b/ü.js" },
  { style: path.posix, root: "/app", file: "/app/w.js", suffix: "?v=1#part", module: "w.js?v=1#part" },
  {
    style: path.posix,
    root: "/app",
    file: "/app/1?#%20/w.js",
    suffix: "?v=1",
    module: "1%3F%23%2520/w.js?v=1",
  },
  { style: path.posix, root: "/app", file: "/app/node:path", module: "node%3Apath" },
  { style: path.win32, root: "C:\\app", file: "C:\\app\\src\\work.js", module: "src/work.js" },
  { style: path.win32, root: "C:\\app", file: "c:\\lib\\work.js", module: "../lib/work.js" },
];

void test("a file becomes a path that leads to it from the project root, with slashes on every system", () => {
  for (const { style, root, file, suffix, module } of ROUND_TRIPS) {
    assert.equal(moduleOfPath(root, file, suffix, style), module);
    const back = pathOfModule(root, module, style);
    assert.equal(back.path.toLowerCase(), file.toLowerCase());
    assert.equal(back.suffix, suffix ?? "");
  }
});

void test("a reference made on Windows leads to the same file elsewhere", () => {
  const module = moduleOfPath("C:\\app", "C:\\app\\src\\work.js", "", path.win32);
  assert.equal(pathOfModule("/srv", module ?? "", path.posix).path, "/srv/src/work.js");
});

void test("a file on another drive has no relative path", () => {
  assert.equal(moduleOfPath("C:\\app", "D:\\lib\\work.js", "", path.win32), undefined);
});
