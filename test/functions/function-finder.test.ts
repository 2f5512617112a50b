import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FunctionNotFoundError, SerializationError } from "#dist/errors.js";
import { FunctionFinder } from "#dist/functions/function-finder.js";
import { isByValue, type FunctionByName } from "#dist/functions/function-reference.js";
import { FunctionLoader } from "#dist/functions/function-loader.js";
import crop from "./fixtures/default-export.js";
import { smaller, triple } from "./fixtures/scalers.js";
import { Geometry, double, functionsThatAreNotExports, resize, steps, tables } from "./fixtures/work.js";
import { loadFunction } from "./load-function.js";

const projectRoot = join(dirname(fileURLToPath(import.meta.url)), "fixtures");
const local = functionsThatAreNotExports();

async function findNamed(finder: FunctionFinder, fn: Function): Promise<FunctionByName> {
  const reference = await finder.find(fn);
  assert.ok(!("kind" in reference), `${reference.name} travels by value`);
  return reference;
}

/** The message with which `find` rejects this function. */
async function refusal(fn: Function | undefined): Promise<string> {
  assert.ok(fn);
  const outcome = await new FunctionFinder({ projectRoot }).find(fn).catch((error: unknown) => error);
  const isRefusal = outcome instanceof FunctionNotFoundError || outcome instanceof SerializationError;
  assert.ok(isRefusal, `not refused: ${String(outcome)}`);
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
  assert.equal((await findNamed(finder, Geometry.area)).export, "Geometry.area");
  assert.equal((await findNamed(finder, tables.metric.toMiles)).export, "tables.metric.toMiles");
  assert.equal((await findNamed(finder, steps[0] ?? resize)).export, "steps.0");
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
  assert.equal((await findNamed(finder, resize)).module, "functions/fixtures/work.js");
  const sibling = new FunctionFinder({ projectRoot: join(projectRoot, "..", "..", "..", "..", "src") });
  assert.equal((await findNamed(sibling, resize)).module, "../build/test/functions/fixtures/work.js");
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
  const other = findNamed(finder, resize);
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
    const reference = await findNamed(finder, fn);
    assert.equal(`${reference.module} ${reference.export}`, name);
    assert.equal(await loader.load(reference), fn);
  }
  assert.equal(await loader.load(await finder.find(readFile)), readFile);
});

void test("a function that its own module does not export travels by value: unexported, made inside another, or here", async () => {
  const finder = new FunctionFinder({ projectRoot });
  function mine(): void {}
  for (const fn of [local["unexported"], local["closure"], triple, mine]) {
    assert.ok(fn);
    const reference = await finder.find(fn);
    assert.ok(isByValue(reference));
    assert.equal(reference.name, fn.name);
    assert.equal(finder.known(fn), reference);
  }
});

void test("a function without a name is told by the beginning of its source", async () => {
  const pending = Promise.resolve(1);
  const nameless = [async (value: number): Promise<number> => value * 1000 + 1000 * (await pending)][0];
  assert.equal(
    (await refusal(nameless)).replace(/\(\S*function-finder\.test\.js:\d+\)/, "(here)"),
    'captured variable "pending" of `async (value) => value * 1000 + 1000 * (...` (here) ' +
      "is a Promise; await it and send its value",
  );
});

void test("bound, proxied and internal functions are errors that say to wrap them", async () => {
  for (const fn of [local["bound"], new Proxy(resize, {}), Math.max.bind(null)]) {
    assert.match(await refusal(fn), /is a bound, native or proxied function .* use a function that calls it/);
  }
});

void test("functions of eval and of data: URLs travel by value", async () => {
  const finder = new FunctionFinder({ projectRoot });
  const inline = await loadFunction("data:text/javascript,export function inline() {}", "inline");
  for (const fn of [Reflect.construct(Function, ["return 1"]), inline]) {
    assert.ok(isByValue(await finder.find(fn)));
  }
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
  assert.equal((await new FunctionFinder({ projectRoot }).find(odd.class)).name, "class");
});

void test("a project root that is no folder is an error when the finder is made", () => {
  assert.throws(() => new FunctionFinder({ projectRoot: join(projectRoot, "gone") }), {
    name: "TypeError",
    message: /gone" is not a folder/,
  });
});
