import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FunctionNotFoundError } from "#dist/errors.js";
import { FunctionFinder } from "#dist/functions/function-finder.js";
import { FunctionLoader } from "#dist/functions/function-loader.js";
import crop from "./fixtures/default-export.js";
import { smaller, triple } from "./fixtures/scalers.js";
import { Geometry, double, functionsThatAreNotExports, resize, steps, tables } from "./fixtures/work.js";
import { loadFunction } from "./load-function.js";

const projectRoot = join(dirname(fileURLToPath(import.meta.url)), "fixtures");
const local = functionsThatAreNotExports();

/** The message with which `find` rejects this function. */
async function refusal(fn: Function | undefined): Promise<string> {
  assert.ok(fn);
  const outcome = await new FunctionFinder({ projectRoot }).find(fn).catch((error: unknown) => error);
  assert.ok(outcome instanceof FunctionNotFoundError, `not refused: ${String(outcome)}`);
  return outcome.message;
}

void test("an exported function is found by the path of its module and the name of its export", async () => {
  const finder = new FunctionFinder({ projectRoot });
  assert.deepEqual(await finder.find(resize), { module: "work.js", export: "resize", name: "resize" });
  assert.deepEqual(await finder.find(double), { module: "work.js", export: "double", name: "double" });
});

void test("a default export, a static method and members of exported objects and arrays are found too", async () => {
  const finder = new FunctionFinder({ projectRoot });
  assert.deepEqual(await finder.find(crop), { module: "default-export.js", export: "default", name: "crop" });
  assert.equal((await finder.find(Geometry.area)).export, "Geometry.area");
  assert.equal((await finder.find(tables.metric.toMiles)).export, "tables.metric.toMiles");
  assert.equal((await finder.find(steps[0] ?? resize)).export, "steps.0");
});

void test("the name is that of the export, in the module that defines the function, whoever exports it again", async () => {
  assert.deepEqual(await new FunctionFinder({ projectRoot }).find(smaller), {
    module: "work.js",
    export: "resize",
    name: "resize",
  });
});

void test("a module outside the project root is named by a path that climbs", async () => {
  const finder = new FunctionFinder({ projectRoot: join(projectRoot, "..", "..", "functions", "..") });
  assert.equal((await finder.find(resize)).module, "functions/fixtures/work.js");
  const sibling = new FunctionFinder({ projectRoot: join(projectRoot, "..", "..", "..", "..", "src") });
  assert.equal((await sibling.find(resize)).module, "../build/test/functions/fixtures/work.js");
});

void test("once found, a function is known without waiting", async () => {
  const finder = new FunctionFinder({ projectRoot });
  assert.equal(finder.known(resize), undefined);
  const reference = await finder.find(resize);
  assert.equal(finder.known(resize), reference);
  assert.equal(await finder.find(resize), reference);
});

void test("calls that look for the same function at once share one search", async () => {
  const finder = new FunctionFinder({ projectRoot });
  const references = await Promise.all([finder.find(resize), finder.find(resize), finder.find(resize)]);
  assert.equal(new Set(references).size, 1);
});

void test("an abort ends the caller's wait with the signal's reason, and nobody else's", async () => {
  const finder = new FunctionFinder({ projectRoot });
  const controller = new AbortController();
  const aborted = finder.find(resize, controller.signal);
  const other = finder.find(resize);
  const reason = new Error("changed my mind");
  controller.abort(reason);
  await assert.rejects(aborted, (error) => error === reason);
  assert.equal((await other).export, "resize");
  await assert.rejects(finder.find(resize, controller.signal), (error) => error === reason);
});

void test("functions that every Node process has are found by their public names and load as themselves", async () => {
  const finder = new FunctionFinder({ projectRoot });
  const loader = new FunctionLoader({ projectRoot });
  const names = new Map<Function, string>([
    [Math.sqrt, "global: Math.sqrt"],
    [parseInt, "global: parseInt"],
    [JSON.parse, "global: JSON.parse"],
    [Number.isInteger, "global: Number.isInteger"],
    [console.log, "global: console.log"],
    [join, "node:path join"],
    [hostname, "node:os hostname"],
    [randomUUID, "node:crypto randomUUID"],
    [createHash, "node:crypto createHash"],
    [process.memoryUsage, "node:process memoryUsage"],
  ]);
  for (const [fn, name] of names) {
    const reference = await finder.find(fn);
    assert.equal(`${reference.module} ${reference.export}`, name);
    assert.equal(await loader.load(reference), fn);
  }
  assert.equal(await loader.load(await finder.find(readFile)), readFile);
});

void test("a function that is not exported is an error with its place and the file that should export it", async () => {
  const message = await refusal(local["unexported"]);
  assert.match(
    message,
    /^function unexported \(work\.js:\d+\) is not an export of work\.js; export it from that very file/,
  );
});

void test("neither is a closure, nor one that another file exports than the one it was made in", async () => {
  assert.match(await refusal(local["closure"]), /^function closure .* made inside another function/);
  assert.match(
    await refusal(triple),
    /^function scale \(work\.js:\d+\) .*to export it from another one is not enough/,
  );
});

void test("a function without a name is told by the beginning of its source", async () => {
  const nameless = [(value: number): number => value * 1000 + 1000 * value + 1000][0];
  assert.match(
    await refusal(nameless),
    /^`\(value\) => value \* 1000 \+ 1000 \* value \+\.\.\.` \(.*function-finder\.test\.js:\d+\)/,
  );
});

void test("a function of the program's main module is an error that says to move it", async () => {
  assert.match(
    await refusal(function mine() {}),
    /^function mine \(.*\) is defined in the program's main module.* move the function to a module of its own/,
  );
});

void test("bound, proxied and internal functions are errors that say to wrap them", async () => {
  for (const fn of [local["bound"], new Proxy(resize, {}), Math.max.bind(null)]) {
    assert.match(
      await refusal(fn),
      /is a bound, native or proxied function .* export a function that calls it/,
    );
  }
});

void test("functions of eval and of data: URLs are errors that say where they come from", async () => {
  assert.match(
    await refusal(Reflect.construct(Function, ["return 1"])),
    /^function anonymous was made by eval or new Function/,
  );
  const inline = await loadFunction("data:text/javascript,export function inline() {}", "inline");
  assert.match(await refusal(inline), /^function inline .* comes from data:text\/javascript/);
});

void test("a class, and what is no function at all, is a TypeError", async () => {
  const finder = new FunctionFinder({ projectRoot });
  await assert.rejects(finder.find(Geometry), {
    name: "TypeError",
    message: /^class Geometry cannot be called/,
  });
  for (const value of [null, undefined, 1, {}]) {
    await assert.rejects(Reflect.apply(Reflect.get(finder, "find"), finder, [value]), {
      name: "TypeError",
      message: /^expected a function/,
    });
  }
});

void test("a method that is called class is no class", async () => {
  const odd = { class(this: void) {} };
  assert.match(await refusal(odd.class), /^function class \(/);
});

void test("a project root that is no folder is an error when the finder is made", () => {
  assert.throws(() => new FunctionFinder({ projectRoot: join(projectRoot, "gone") }), {
    name: "TypeError",
    message: /gone" is not a folder/,
  });
});
