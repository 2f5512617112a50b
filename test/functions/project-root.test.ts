import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { checkProjectRoot, findProjectRoot } from "#dist/functions/project-root.js";
import { runNode } from "./run-program.js";
import { temporaryProject } from "./temporary-project.js";

const PROJECT_ROOT = import.meta.resolve("#dist/functions/project-root.js");
const PRINT_ROOT = `import { findProjectRoot } from "${PROJECT_ROOT}";
console.log(JSON.stringify({ name: findProjectRoot() }));`;

void test("the root is the nearest folder upwards with a package.json", (context) => {
  const root = temporaryProject(context, { "packages/app/package.json": `{"name":"app"}` });
  mkdirSync(join(root, "packages/app/src/deep"), { recursive: true });
  assert.equal(findProjectRoot(join(root, "packages/app/src/deep")), join(root, "packages/app"));
  assert.equal(findProjectRoot(join(root, "packages")), root);
});

void test("a package.json that only marks the module system of a build counts if there is no other", (context) => {
  const root = temporaryProject(context, { "dist/cjs/package.json": `{"type":"commonjs"}` });
  assert.equal(findProjectRoot(join(root, "dist/cjs")), root);
  const bare = temporaryProject(context, { "src/work.js": "" }, { type: "module" });
  assert.equal(findProjectRoot(join(bare, "src")), bare);
});

void test("the root is a real path, and a folder that is not there is an error", (context) => {
  const root = temporaryProject(context, {});
  symlinkSync(root, `${root}-link`);
  context.after(() => import("node:fs").then(({ rmSync }) => rmSync(`${root}-link`)));
  assert.equal(findProjectRoot(`${root}-link`), root);
  assert.equal(checkProjectRoot(`${root}-link`), root);
  assert.throws(() => findProjectRoot(join(root, "gone")), {
    name: "TypeError",
    message: /gone: no such folder/,
  });
  assert.throws(() => checkProjectRoot(join(root, "package.json")), /package\.json" is not a folder/);
});

void test("a program's root is that of its main script, wherever it is started", async (context) => {
  const root = temporaryProject(context, { "src/main.js": PRINT_ROOT });
  const elsewhere = temporaryProject(context, {});
  const [printed] = await runNode([join(root, "src/main.js")], { cwd: elsewhere });
  assert.equal(printed?.name, root);
});

void test("under a tool in node_modules, or without a script, it is that of the working directory", async (context) => {
  const root = temporaryProject(context, { "node_modules/runner/main.mjs": PRINT_ROOT, "src/work.js": "" });
  const runs = await Promise.all([
    runNode(["../node_modules/runner/main.mjs"], { cwd: join(root, "src") }),
    runNode(["--input-type=module", "-e", PRINT_ROOT], { cwd: join(root, "src") }),
  ]);
  assert.deepEqual(
    runs.flat().map(({ name }) => pathToFileURL(name)),
    [pathToFileURL(root), pathToFileURL(root)],
  );
});
