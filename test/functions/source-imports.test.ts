import assert from "node:assert/strict";
import { test } from "node:test";
import { candidatePaths, importedSpecifiers, packageOf } from "#dist/functions/code/source-imports.js";

const texts: readonly [text: string, specifiers: readonly string[]][] = [
  [`import "./a.js";\nimport b from './b.js';\nimport * as c from "c";`, ["./a.js", "./b.js", "c"]],
  [`import d, { type E, f as g } from "./d.js"; import h from "./h.js"`, ["./d.js", "./h.js"]],
  [`import {\n  one,\n  two,\n} from "./lines.js";`, ["./lines.js"]],
  [
    `export * from "./a.js";\nexport { x } from "./x.js";\nexport * as y from "./y.js";`,
    ["./a.js", "./x.js", "./y.js"],
  ],
  [`import type { T } from "./types.js";\nexport type { U } from "./types.js";`, []],
  [`export const text = "./no.js";\nexport default "./no.js";`, []],
  [`export class A {}\nimport b from "./b.js";`, ["./b.js"]],
  [`const late = () => import("./late.js");\nconst old = require('./old.cjs');`, ["./late.js", "./old.cjs"]],
  [
    `import x from "./x.json" with { type: "json" };\nawait import("./y.json", { with: {} });`,
    ["./x.json", "./y.json"],
  ],
  [
    `/**\n * import example from "./example.js";\n */\n  // import gone from "./gone.js";\nimport a from "./a.js";`,
    ["./a.js"],
  ],
  [`const glob = "src/**/*.ts"; import b from "./b.js"; /* a comment */`, ["./b.js"]],
  [`import(\`./\${name}.js\`)`, []],
];

for (const [text, specifiers] of texts) {
  void test(`what is imported by ${JSON.stringify(text)}`, () => {
    assert.deepEqual(importedSpecifiers(text), specifiers);
  });
}

void test("a path may be written as that of the JavaScript that it becomes, or without an end", () => {
  assert.deepEqual(candidatePaths("/p/a.js").slice(0, 3), ["/p/a.js", "/p/a.ts", "/p/a.tsx"]);
  assert.deepEqual(candidatePaths("/p/a.mjs").slice(0, 2), ["/p/a.mjs", "/p/a.mts"]);
  assert.ok(candidatePaths("/p/a").includes("/p/a.ts"));
  assert.ok(candidatePaths("/p/a").includes("/p/a/index.ts"));
});

void test("a bare specifier names a package; paths, URLs and names inside a package do not", () => {
  assert.deepEqual(
    ["a", "a/b.js", "@s/a", "@s/a/b", "./a", "../a", ".", "/a", "#a", "file:///a", "node:fs"].map(packageOf),
    ["a", "a", "@s/a", "@s/a", ...Array.from({ length: 7 }, () => undefined)],
  );
});
