import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { codeEntriesOf } from "#dist/functions/code/code-entries.js";
import { compareWithOwn, sameWithAllTheyNeed } from "#dist/functions/code/own-files.js";
import { rewriteNeighbours, rewriteSpecifiers } from "#dist/functions/code/rewritten-imports.js";
import { SourceTree } from "#dist/functions/code/source-tree.js";
import { leadsTo, relativeSpecifier, treeFolder, treePath } from "#dist/functions/code/tree-path.js";
import type { FunctionSource } from "#dist/functions/function-reference.js";
import { SourceParser } from "#dist/functions/source-parser.js";
import { temporaryProject } from "./temporary-project.js";

const canBeSent = { canBeSent: true, canRunTypeScript: true };

void test("a file stands in the tree under its own path, as the JavaScript that it becomes", () => {
  assert.equal(treePath("/srv/app/src/a.ts"), "srv/app/src/a.js");
  assert.equal(treePath("/srv/app/src/a.mts"), "srv/app/src/a.mjs");
  assert.equal(treePath("/srv/app/data.json"), "srv/app/data.json");
  assert.equal(treePath("C:\\app\\a.cts"), "C/app/a.cjs");
  assert.equal(treeFolder("/srv/app"), "srv/app");
});

void test("a specifier is kept where Node.js finds the file by it, and is relative otherwise", () => {
  assert.ok(leadsTo("p/src/a.js", "./b.js", "p/src/b.js"));
  assert.ok(leadsTo("p/src/a.js", "../b.js?v=1", "p/b.js"));
  assert.ok(!leadsTo("p/src/a.js", "./b", "p/src/b.js"));
  assert.ok(!leadsTo("p/src/a.js", "./b.ts", "p/src/b.js"));
  assert.ok(!leadsTo("p/src/a.js", "@/b.js", "p/src/b.js"));
  assert.equal(relativeSpecifier("p/src/a.js", "p/src/b.js"), "./b.js");
  assert.equal(relativeSpecifier("p/src/a.js", "p/lib/b.js"), "../lib/b.js");
});

void test("specifiers are rewritten where they import, and nowhere else", async () => {
  const parser = await SourceParser.load();
  const replacements = new Map([["./a", "./a.js"]]);
  const text = `import a from "./a"; export * from './a'; const b = () => import("./a"); log("./a");`;
  assert.equal(
    rewriteSpecifiers(parser, text, replacements),
    `import a from "./a.js"; export * from "./a.js"; const b = () => import("./a.js"); log("./a");`,
  );
  assert.equal(
    rewriteSpecifiers(parser, `return require("./a") + with_("./a")`, replacements),
    `return require("./a.js") + with_("./a")`,
  );
  assert.equal(
    rewriteNeighbours(`new URL("./a", import.meta.url); new URL("./a", base)`, replacements),
    `new URL("./a.js", import.meta.url); new URL("./a", base)`,
  );
});

void test("a file is a worker's own if everything that it needs is, in circles as well", () => {
  const needs = [[1], [2], [0], [0], [5], []];
  assert.deepEqual(sameWithAllTheyNeed([true, true, true, true, true, true], needs), Array(6).fill(true));
  assert.deepEqual(sameWithAllTheyNeed([true, true, false, true, true, true], needs), [
    false,
    false,
    false,
    false,
    true,
    true,
  ]);
});

void test("functions that import nothing but what every worker has need no code", () => {
  assert.equal(codeEntriesOf({ module: "global:", export: "Math.sqrt", name: "sqrt" }), undefined);
  assert.equal(codeEntriesOf({ module: "node:os", export: "hostname", name: "hostname" }), undefined);
  assert.equal(
    codeEntriesOf(byValue("() => fs.read(myId())", ["node:fs", "rollcall/worker", "rollcall"])),
    undefined,
  );
});

void test("a function by value needs what it imports, also inside its text", () => {
  const reference = byValue(`() => import("./late.js").then(() => require('./old.cjs'))`, ["./a.js", "left"]);
  assert.deepEqual(codeEntriesOf(reference), {
    modules: [],
    specifiers: [
      { from: "src/main.ts", specifier: "./a.js", isOptional: false, isRequired: false },
      { from: "src/main.ts", specifier: "left", isOptional: false, isRequired: false },
      { from: "src/main.ts", specifier: "./late.js", isOptional: true, isRequired: false },
      { from: "src/main.ts", specifier: "./old.cjs", isOptional: true, isRequired: true },
    ],
  });
});

void test("the files of a project are found from import to import, TypeScript and circles included", async (context) => {
  const root = temporaryProject(context, {
    "src/a.ts": `import { b } from "./b.js"; import "left"; import fs from "node:fs";`,
    "src/b.ts": `import { a } from "./a.js"; import { c } from "./lib";`,
    "src/lib/index.ts": `export * from "../data.json";`,
    "src/data.json": `{"import": "from './no.js'"}`,
    "src/no.js": "",
    "node_modules/left/package.json": `{"name":"left","version":"1.2.3"}`,
  });
  const files = new SourceTree(root).files({ modules: ["src/a.ts"], specifiers: [] });
  assert.deepEqual(
    files.map(({ module, imports, packages }) => ({ module, imports, packages })),
    [
      { module: "src/a.ts", imports: [1], packages: { left: "1.2.3" } },
      { module: "src/b.ts", imports: [0, 2], packages: {} },
      { module: "src/lib/index.ts", imports: [3], packages: {} },
      { module: "src/data.json", imports: [], packages: {} },
    ],
  );
  assert.deepEqual(await compareWithOwn(files, root, canBeSent), []);
  assert.match(
    (await compareWithOwn(files, root, { ...canBeSent, canRunTypeScript: false }))[0]!,
    /src\/a\.ts is not JavaScript, and this worker's node/,
  );
  const elsewhere = temporaryProject(context, { "src/a.ts": "", "src/b.ts": "" });
  const wrongs = await compareWithOwn(files, elsewhere, canBeSent);
  assert.match(wrongs[0]!, /^module src\/a\.ts is another version on this worker/);
  assert.equal(
    wrongs[3],
    `module src/data.json is not on this worker (looked for ${join(elsewhere, "src/data.json")})`,
  );
});

void test("a package that a TypeScript file imports may be one of types alone, where nothing can be sent", async (context) => {
  const root = temporaryProject(context, {
    "a.ts": `import { left } from "left";`,
    "b.js": `import { left } from "left";`,
    "node_modules/left/package.json": `{"name":"left","version":"1.2.3"}`,
  });
  const files = new SourceTree(root).files({ modules: ["a.ts", "b.js"], specifiers: [] });
  const image = temporaryProject(context, {
    "a.ts": `import { left } from "left";`,
    "b.js": `import { left } from "left";`,
  });
  const inJavaScript = "package left, which b.js imports, is not installed on this worker";
  assert.deepEqual(await compareWithOwn(files, image, { ...canBeSent, canBeSent: false }), [inJavaScript]);
  assert.equal((await compareWithOwn(files, image, canBeSent)).length, 2);
});

function byValue(source: string, imports: readonly string[]): Parameters<typeof codeEntriesOf>[0] {
  const captured = Object.fromEntries(
    imports.map((specifier, index) => [
      `v${index}`,
      { kind: "import", specifier, export: "default", attributes: {} } as const,
    ]),
  );
  const place = { module: "src/main.ts", line: 1, column: 1 };
  const fn: FunctionSource = {
    form: "function",
    name: "",
    source,
    isStrict: true,
    place,
    captured,
    eager: [],
  };
  return { kind: "value", name: "", functions: [fn], values: new Uint8Array() };
}
