import assert from "node:assert/strict";
import { test } from "node:test";
import { exportAt, exportPathOf, exportedFunctions } from "#dist/functions/exported-functions.js";

const fn = (): void => {};

void test("a direct export is preferred to the default, and the default to what lies inside an export", () => {
  assert.equal(exportPathOf({ default: fn, tools: { fn }, fn }, fn), "fn");
  assert.equal(exportPathOf({ tools: { fn }, default: fn }, fn), "default");
  assert.equal(exportPathOf({ tools: { fn }, other: { deep: { fn } } }, fn), "tools.fn");
});

void test("every path that is found leads back to its function", () => {
  class Shape {
    readonly sides = 4;
    static area = fn;
  }
  const namespaces = [
    { Shape },
    { list: [1, fn] },
    { a: { b: { fn } } }.a,
    { "x.y": fn },
    { default: { fn } },
  ];
  for (const namespace of namespaces) {
    const path = exportPathOf(namespace, fn);
    assert.notEqual(path, undefined);
    assert.equal(exportAt(namespace, path ?? ""), fn);
  }
});

void test("what lies deeper than three names, behind a key with a dot, or in an object with a class is not found", () => {
  class Holder {
    readonly fn = fn;
  }
  for (const namespace of [{ a: { b: { c: { fn } } } }, { a: { "b.c": fn } }, { holder: new Holder() }]) {
    assert.equal(exportPathOf(namespace, fn), undefined);
  }
});

void test("getters inside an export are not run, and an export without a value yet is passed over", () => {
  let reads = 0;
  const tools = {
    get fn() {
      reads += 1;
      return fn;
    },
  };
  const early = {
    get later(): unknown {
      throw new ReferenceError("Cannot access 'later' before initialization");
    },
    tools,
    fn,
  };
  assert.equal(exportPathOf({ tools }, fn), undefined);
  assert.equal(exportPathOf(early, fn), "fn");
  assert.equal(reads, 0);
});

void test("objects that hold each other do not make the search endless, nor do big tables", () => {
  const ring: Record<string, unknown> = { fn };
  ring["self"] = ring;
  assert.ok(Array.from(exportedFunctions({ ring })).length < 10);
  assert.equal(exportPathOf({ rows: Array.from({ length: 1_000_000 }, () => ({})), fn }, fn), "fn");
});

void test("a path is also followed from the default, where CommonJS keeps what Node could not name", () => {
  assert.equal(exportAt({ default: { filters: { fn } } }, "filters.fn"), fn);
  assert.equal(exportAt({ default: { default: fn } }, "default"), fn);
});

void test("inherited properties are no exports", () => {
  assert.equal(exportAt({ default: {} }, "toString"), undefined);
  assert.equal(exportAt({ fn }, "fn.call"), undefined);
  assert.equal(exportAt({ fn }, "__proto__"), undefined);
});
