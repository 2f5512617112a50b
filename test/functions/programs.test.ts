import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PRINT_FIND, fixture, runNode } from "./run-program.js";
import { temporaryProject } from "./temporary-project.js";

const SOURCES = fileURLToPath(new URL("../../../test/functions/fixtures", import.meta.url));
const WORK = "export function work() {}\n";
const MAIN = `import { printFind } from "${PRINT_FIND}";
import { work } from "./work.js";
await printFind(work);
await printFind(function inMain() {});
`;
const COMMON_MAIN = `const { work } = require("./work.cjs");
function inMain() {}
import("${PRINT_FIND}").then(async ({ printFind }) => {
  await printFind(work);
  await printFind(inMain);
});
`;

/** Checks what the two programs above print. */
function assertWorkNamedAndMainByValue(printed: Awaited<ReturnType<typeof runNode>>, module: string): void {
  const [found, own] = printed;
  assert.deepEqual(found, { module, export: "work", name: "work" });
  assert.equal(own?.kind, "value", own?.message);
  assert.equal(own.name, "inMain");
}

void test("a function of the program's main module travels by value, one of a module it imports by name", async () => {
  const [found, own] = await runNode([fixture("main-with-function.js")]);
  assert.equal(found?.module, "build/test/functions/fixtures/work.js");
  assert.deepEqual(own, {
    kind: "value",
    name: "inMain",
    module: "build/test/functions/fixtures/main-with-function.js",
  });
});

void test("the main module is known however it was named: without extension, as a folder, through a link", async (context) => {
  const root = temporaryProject(
    context,
    { "work.cjs": "exports.work = function work() {};", "index.js": COMMON_MAIN },
    {
      name: "project",
    },
  );
  const elsewhere = temporaryProject(context, {});
  symlinkSync(join(root, "index.js"), join(elsewhere, "program"));
  const runs = await Promise.all([
    runNode([root]),
    runNode([join(root, "index")]),
    runNode([join(elsewhere, "program")]),
  ]);
  for (const printed of runs) assertWorkNamedAndMainByValue(printed, "work.cjs");
});

void test("a project reached through a symbolic link gives the same references", async (context) => {
  const root = temporaryProject(context, { "src/work.js": WORK, "src/main.js": MAIN });
  const elsewhere = temporaryProject(context, {});
  symlinkSync(root, join(elsewhere, "link"));
  const linked = join(elsewhere, "link", "src", "main.js");
  const runs = await Promise.all([
    runNode([linked]),
    runNode(["--preserve-symlinks", "--preserve-symlinks-main", linked]),
  ]);
  for (const printed of runs) assertWorkNamedAndMainByValue(printed, "src/work.js");
});

void test("file names with characters that mean something in a URL are found", async (context) => {
  const root = temporaryProject(context, { "1?#%20 ü/work.js": WORK, "1?#%20 ü/main.js": MAIN });
  assertWorkNamedAndMainByValue(await runNode([join(root, "1?#%20 ü/main.js")]), "1%3F%23%2520 ü/work.js");
});

void test("the query a module was loaded with is part of its name", async (context) => {
  const root = temporaryProject(context, {
    "work.js": WORK,
    "main.js": MAIN.replace("work.js", "work.js?v=1"),
  });
  assertWorkNamedAndMainByValue(await runNode([join(root, "main.js")]), "work.js?v=1");
});

void test("a CommonJS function that is called before the line that exports it is found", async (context) => {
  const root = temporaryProject(context, {
    "work.cjs": `const { printFind } = require("./print.cjs"); function work() {} printFind(work); exports.work = work;`,
    "print.cjs": `exports.printFind = async (fn) => (await import("${PRINT_FIND}")).printFind(fn);`,
    "main.cjs": `require("./work.cjs");`,
  });
  const [found] = await runNode([join(root, "main.cjs")]);
  assert.deepEqual(found, { module: "work.cjs", export: "work", name: "work" });
});

void test("a call that the module's own top-level await waits for is an error, not a hang", async () => {
  const [refused] = await runNode([fixture("main-of-waiting-module.js")]);
  assert.match(
    refused?.message ?? "",
    /^function early \(.*\) was called while .*waits-for-its-own-call\.js is still loading/,
  );
});

void test("functions from the command line and the standard input travel by value", async () => {
  const program = `import("${PRINT_FIND}").then(({ printFind }) => printFind(function typed() {}))`;
  const runs = await Promise.all([
    runNode(["-e", program]),
    runNode(["--input-type=module", "-e", program]),
    runNode(["-"], { input: program }),
    runNode(["--input-type=module", "-"], { input: program }),
  ]);
  for (const [typed] of runs) assert.equal(typed?.kind, "value", typed?.message);
});

void test("a process does not import its own main module for somebody's reference", async () => {
  const [refused] = await runNode([fixture("loads-its-own-main.js")]);
  assert.equal(refused?.code, "ERR_FUNCTION_NOT_FOUND");
  assert.match(
    refused?.message ?? "",
    /^module loads-its-own-main\.js is the main module of this worker's own program/,
  );
});

void test("TypeScript under tsx is found in its source, as ESM and as CommonJS", async (context) => {
  const tsx = ["--import", import.meta.resolve("tsx")];
  const [esm, own] = await runNode([...tsx, join(SOURCES, "main-with-function.ts")]);
  assert.deepEqual(esm, { module: "test/functions/fixtures/work.ts", export: "resize", name: "resize" });
  assert.deepEqual(own, {
    kind: "value",
    name: "inMain",
    module: "test/functions/fixtures/main-with-function.ts",
  });

  const files = {
    "work.ts": "export function work(value: number): number { return value; }",
    "main.ts": `import { work } from "./work";
void (async () => {
  const { printFind } = await import("${PRINT_FIND}");
  await printFind(work);
  await printFind(function inMain(): void {});
})();`,
  };
  const root = temporaryProject(context, files, { name: "project" });
  assertWorkNamedAndMainByValue(await runNode([...tsx, join(root, "main.ts")]), "work.ts");
  assertWorkNamedAndMainByValue(await runNode([...tsx, join(root, "main")]), "work.ts");
});

const strips = "typescript" in process.features && process.features.typescript !== false;

void test(
  "TypeScript under Node's own type stripping is found in its source",
  { skip: strips ? false : `Node.js ${process.version} does not strip types` },
  async (context) => {
    const root = temporaryProject(context, {
      "work.ts": "export function work(value: number): number { return value; }",
      "main.ts": MAIN.replace("work.js", "work.ts"),
    });
    assertWorkNamedAndMainByValue(
      await runNode(["--disable-warning=ExperimentalWarning", join(root, "main.ts")]),
      "work.ts",
    );
  },
);
