import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { test } from "node:test";
import { codeBlocks, documents, ROOT } from "./documents.js";

/** What the documents take for granted. */
const GIVEN = `
declare const cluster: import("rollcall").Cluster;
declare const currentCluster: typeof import("rollcall/worker").currentCluster;
declare const ecs: import("rollcall/local-ecs").LocalECS;
declare const xs: readonly number[];
declare function throwDart(index: number): number;
`;
const NAMES: Readonly<Record<string, readonly string[]>> = {
  rollcall: ["Cluster", "LocalManager", "ProcessExitedError", "exponentialBackOff", "range", "zip"],
  "rollcall/ecs": ["ECSManager"],
  "rollcall/docker": ["DockerManager"],
};

/**
 * Names and modules of the reader's own program, which a document does not show: to the compiler they are of any type, so
 * what is done with Rollcall's own is checked all the same.
 */
const OWN_NAMES = new Set(["TS2304", "TS2307", "TS2552", "TS2584", "TS18004"]);

const compilerOptions = {
  strict: true,
  noImplicitAny: false,
  module: "nodenext",
  target: "es2022",
  lib: ["es2023", "esnext.disposable", "dom", "dom.asynciterable"],
  types: ["node"],
  noEmit: true,
  skipLibCheck: true,
};

void test("the TypeScript in the documents compiles, but for the names of the reader's own program", () => {
  mkdirSync(join(ROOT, "build"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "build", "documents-"));
  try {
    const places = new Map<string, string>();
    for (const document of documents()) {
      const place = join(folder, document.path.replaceAll(/\W/g, "-"));
      mkdirSync(place);
      for (const { line, file, code } of codeBlocks(document, "ts")) {
        const path = join(place, file === undefined ? `line-${line}.ts` : basename(file));
        places.set(relative(ROOT, path), `${document.path}:${line}`);
        writeFileSync(path, `export {};${code}`);
      }
    }
    const globals = Object.entries(NAMES).flatMap(([specifier, names]) =>
      names.map((name) => `declare const ${name}: typeof import("${specifier}").${name};`),
    );
    writeFileSync(join(folder, "given.d.ts"), GIVEN + globals.join("\n"));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["**/*.ts"] }));
    const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    const { stdout } = spawnSync(process.execPath, [compiler, "--pretty", "false", "--project", folder], {
      encoding: "utf8",
      cwd: ROOT,
    });
    const wrong = [...stdout.matchAll(/^(\S+?)\((\d+),\d+\): error (TS\d+): (.*)$/gm)]
      .filter(({ 3: code = "" }) => !OWN_NAMES.has(code))
      .map(({ 1: file = "", 2: line, 3: code, 4: message }) => {
        const place = places.get(file) ?? file;
        return `${place}, line ${line} of the block: ${code}: ${message}`;
      });
    assert.deepEqual(wrong, []);
    assert.ok(places.size > 0);
    assert.ok(/^$|error TS/.test(stdout), stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
