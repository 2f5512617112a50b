import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FunctionLoader } from "#dist/functions/function-loader.js";
import type { FunctionReference } from "#dist/functions/function-reference.js";
import { Geometry, resize, tables } from "./fixtures/work.js";
import { temporaryProject } from "./temporary-project.js";

const projectRoot = join(dirname(fileURLToPath(import.meta.url)), "fixtures");

function reference(module: string, name: string): FunctionReference {
  return { module, export: name, name };
}

void test("a reference loads as the very function that the rest of the process imports", async () => {
  const loader = new FunctionLoader({ projectRoot });
  assert.equal(await loader.load(reference("work.js", "resize")), resize);
  assert.equal(await loader.load(reference("work.js", "Geometry.area")), Geometry.area);
  assert.equal(await loader.load(reference("work.js", "tables.metric.toMiles")), tables.metric.toMiles);
  assert.equal(await loader.load(reference("../fixtures/work.js", "resize")), resize);
});

void test("a module is imported once, also when several calls need it at the same time", async (context) => {
  const root = temporaryProject(context, {
    "counted.js": "globalThis.loads = (globalThis.loads ?? 0) + 1; export const a = () => 1, b = () => 2;",
  });
  context.after(() => Reflect.deleteProperty(globalThis, "loads"));
  const loader = new FunctionLoader({ projectRoot: root });
  const [a, b] = await Promise.all([
    loader.load(reference("counted.js", "a")),
    loader.load(reference("counted.js", "b")),
  ]);
  assert.equal(a() + b(), 3);
  assert.equal(Reflect.get(globalThis, "loads"), 1);
});

void test("a CommonJS module gives its functions, named by Node or not", async (context) => {
  const root = temporaryProject(context, {
    "named.cjs": "exports.plain = () => 1;",
    "computed.cjs": "module.exports = Object.fromEntries([['made', () => 2], ['tools', { deep: () => 3 }]]);",
    "whole.cjs": "module.exports = () => 4;",
    "transpiled.cjs":
      "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = () => 5;",
  });
  const loader = new FunctionLoader({ projectRoot: root });
  const paths = [
    ["named.cjs", "plain"],
    ["computed.cjs", "made"],
    ["computed.cjs", "tools.deep"],
    ["whole.cjs", "default"],
    ["transpiled.cjs", "default"],
  ] as const;
  const results: unknown[] = [];
  for (const [module, name] of paths) results.push((await loader.load(reference(module, name)))());
  assert.deepEqual(results, [1, 2, 3, 4, 5]);
});

void test("a module that is not there is an error with the path looked for, and is found once it is there", async (context) => {
  const root = temporaryProject(context, {});
  const loader = new FunctionLoader({ projectRoot: root });
  await assert.rejects(loader.load(reference("src/../late.js", "fn")), {
    code: "ERR_FUNCTION_NOT_FOUND",
    message: `module src/../late.js is not on this worker (looked for ${join(root, "late.js")}): is its image built from the same project?`,
  });
  writeFileSync(join(root, "late.js"), "export const fn = () => 1;");
  assert.equal((await loader.load(reference("src/../late.js", "fn")))(), 1);
});

void test("what a module throws while it loads is the cause of the error", async () => {
  const loader = new FunctionLoader({ projectRoot });
  await assert.rejects(loader.load(reference("throws-while-loading.js", "never")), (error: Error) => {
    assert.equal(error.name, "FunctionNotFoundError");
    assert.match(
      error.message,
      /throws-while-loading\.js could not be loaded .*: RangeError: the model file is damaged$/,
    );
    assert.ok(error.cause instanceof RangeError);
    return true;
  });
});

void test("a module that this worker's node cannot read is an error that speaks of loaders", async (context) => {
  const loader = new FunctionLoader({ projectRoot: temporaryProject(context, { "work.tsx": "" }) });
  await assert.rejects(loader.load(reference("work.tsx", "fn")), /file extension.*with the same loader/);
});

void test("an export that is missing, or no function, is an error with the functions there are, closest first", async () => {
  const loader = new FunctionLoader({ projectRoot });
  await assert.rejects(loader.load(reference("work.js", "resise")), {
    code: "ERR_FUNCTION_NOT_FOUND",
    message:
      /^module work\.js on this worker has no export resise: its functions are resize, .*same version of the project\?$/,
  });
  await assert.rejects(
    loader.load(reference("work.js", "answer")),
    /exports answer as number, not as a function/,
  );
});

void test("no more than ten functions are listed, and the rest counted", async (context) => {
  const names = Array.from({ length: 13 }, (_, index) => `step${index + 10}`);
  const root = temporaryProject(context, {
    "many.js": names.map((name) => `export function ${name}() {}`).join("\n"),
    "none.js": "export const answer = 42;",
  });
  const loader = new FunctionLoader({ projectRoot: root });
  await assert.rejects(
    loader.load(reference("many.js", "step9")),
    /are (step\d\d, ){9}step\d\d and 3 more\./,
  );
  await assert.rejects(
    loader.load(reference("none.js", "step9")),
    /has no export step9: it exports no functions\./,
  );
});

void test("builtin modules and globals that this Node does not have are errors", async () => {
  const loader = new FunctionLoader({ projectRoot });
  await assert.rejects(
    loader.load(reference("node:nothing", "fn")),
    /module node:nothing is not part of Node\.js v/,
  );
  await assert.rejects(
    loader.load(reference("global:", "Math.nothing")),
    /no global function Math\.nothing on this worker/,
  );
});

void test("an abort ends the wait for a module that loads slowly, but not the loading", async (context) => {
  const root = temporaryProject(context, {
    "slow.js":
      "await new Promise((resolve) => (globalThis.finishLoading = resolve)); export const fn = () => 1;",
  });
  context.after(() => Reflect.deleteProperty(globalThis, "finishLoading"));
  const loader = new FunctionLoader({ projectRoot: root });
  const reason = new Error("the call was cancelled");
  const controller = new AbortController();
  const wait = loader.load(reference("slow.js", "fn"), controller.signal);
  controller.abort(reason);
  await assert.rejects(wait, (error) => error === reason);
  const second = loader.load(reference("slow.js", "fn"));
  const finish = await globalWhenSet("finishLoading");
  finish();
  assert.equal((await second)(), 1);
});

/** Waits for a module under test to put this function on the global object. */
async function globalWhenSet(name: string): Promise<Function> {
  for (;;) {
    const value: unknown = Reflect.get(globalThis, name);
    if (typeof value === "function") return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
