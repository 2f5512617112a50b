import assert from "node:assert/strict";
import { cpSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { temporaryProject } from "../functions/temporary-project.js";
import { codeProject, codeProjectWithoutEsbuild, runProject } from "./code-project.js";

const typeScript = {
  "src/state.ts": "export const state: { n: number } = { n: 0 };\n",
  "src/add.ts": `
    import { state } from "./state.js";
    export function add(x: number): number {
      state.n += x;
      return state.n;
    }
    export function where(): string {
      return import.meta.url;
    }`,
  "src/peek.ts": `
    import { state } from "./state";
    export const peek = (): number => state.n;
    export const later = async (): Promise<number> => (await import("./late.ts")).late;`,
  "src/back.ts": `
    import { currentCluster, myId } from "rollcall/worker";
    import { add } from "./add.js";
    export async function back(): Promise<number[]> {
      const here = myId();
      const cluster = currentCluster();
      return [await cluster.remoteCallFetch(add, 1, 100), await cluster.remoteCallFetch(() => here + myId(), 1)];
    }`,
  "src/late.ts": "export const late: number = 42;\n",
  "src/fails.ts": [
    "interface Input {",
    "  readonly size: number;",
    "}",
    "",
    "export function fails(input: Input): never {",
    "  const size: number = input.size;",
    "  throw new RangeError(`not ${size}`);",
    "}",
  ].join("\n"),
};

/** A folder with the package.json of a project and nothing else. */
function emptyFolder(context: TestContext): string {
  return temporaryProject(context, {});
}

/** A copy of the project, as an image of a worker holds it, with some files changed. */
function imageOf(context: TestContext, root: string, changes: Readonly<Record<string, string>> = {}): string {
  const image = emptyFolder(context);
  cpSync(root, image, { recursive: true, verbatimSymlinks: true });
  for (const [path, text] of Object.entries(changes)) writeFileSync(join(image, path), text);
  return image;
}

function sentCode(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("rollcall-code-"));
}

void describe("a worker with nothing but Rollcall", () => {
  test("runs a TypeScript program: functions by name and by value, with one instance of each module", async (context) => {
    const before = sentCode();
    const root = codeProject(context, {
      ...typeScript,
      "src/main.ts": `
        import { myId } from "rollcall/worker";
        import { start } from "../start.mjs";
        import { add, where } from "./add.js";
        import { back } from "./back.js";
        import { later, peek } from "./peek.js";
        import { state } from "./state.js";
        const cluster = await start(process.argv[2]);
        const print = async (value: unknown) => console.log(JSON.stringify(await value));
        await print(cluster.remoteCallFetch(add, 2, 5));
        await print(cluster.remoteCallFetch(peek, 2));
        await print(cluster.remoteCallFetch(later, 2));
        await print(cluster.remoteCallFetch(() => [(state.n += 1), myId()], 2));
        await print(cluster.remoteCallFetch(async () => (await import("./state.js")).state.n, 2));
        await print(cluster.remoteCallFetch(add, 2, 1));
        await print(cluster.remoteCallFetch(back, 2));
        await print(cluster.remoteCallFetch(where, 2));
        await cluster.close();`,
    });
    const { printed } = await runProject(root, "src/main.ts", emptyFolder(context));
    assert.deepEqual(printed.slice(0, -1), [5, 5, 42, [6, 2], 6, 7, [100, 3]]);
    assert.match(String(printed.at(-1)), /rollcall-code-.*\/src\/add\.js$/);
    const left = sentCode().filter((name) => !before.includes(name));
    assert.deepEqual(left, [], "what was sent is gone with its worker");
  });

  test("shows the lines of the program's own TypeScript in the stack of an error", async (context) => {
    const root = codeProject(context, {
      ...typeScript,
      "src/main.ts": `
        import { start } from "../start.mjs";
        import { fails } from "./fails.js";
        const cluster = await start(process.argv[2]);
        await cluster.remoteCallFetch(fails, 2, { size: 3 }).catch((error: any) => {
          console.log(JSON.stringify(error.remoteStack.split("\\n").slice(0, 2)));
        });
        await cluster.close();`,
    });
    const { printed } = await runProject(root, "src/main.ts", emptyFolder(context));
    assert.deepEqual(printed, [["RangeError: not 3", `    at fails (${join(root, "src", "fails.ts")}:7:9)`]]);
  });

  test("gets packages as they are installed, with what they need themselves", async (context) => {
    const root = codeProject(context, {
      "work.mjs": `
        import { pad } from "left";
        import legacy from "legacy";
        import { only } from "modern/sub";
        export const work = (x) => [pad(x), legacy.double(x), only(x)];
        export const kind = () => typeof require;`,
      "node_modules/left/package.json": `{"name":"left","version":"1.0.0","main":"./lib/index"}`,
      "node_modules/left/lib/index.js": `const { sign } = require("sign"); exports.pad = (x) => sign + x;`,
      "node_modules/sign/package.json": `{"name":"sign","version":"1.0.0","exports":{"require":"./a.cjs"}}`,
      "node_modules/sign/a.cjs": `exports.sign = "_"; exports.optional = () => require("not-installed");`,
      "node_modules/legacy/package.json": `{"name":"legacy","version":"1.0.0"}`,
      "node_modules/legacy/index.js": `module.exports = { double: (x) => 2 * x };`,
      "node_modules/modern/package.json": `{"name":"modern","version":"1.0.0","type":"module","exports":{"./sub":{"module":"./no.js","import":"./sub.js"}}}`,
      "node_modules/modern/sub.js": `import { one } from "#one"; export const only = (x) => x + one;`,
      "node_modules/modern/one.js": `export const one = 1;`,
      "main.mjs": `
        import { start } from "./start.mjs";
        import { pad } from "left";
        import { work } from "./work.mjs";
        const cluster = await start(process.argv[2]);
        console.log(JSON.stringify(await cluster.remoteCallFetch(work, 2, 4)));
        console.log(JSON.stringify(await cluster.remoteCallFetch((x) => pad(x), 2, 5)));
        await cluster.close();`,
    });
    writeFileSync(
      join(root, "node_modules", "modern", "package.json"),
      JSON.stringify({
        name: "modern",
        version: "1.0.0",
        type: "module",
        imports: { "#one": "./one.js" },
        exports: { "./sub": { module: "./no.js", import: "./sub.js" } },
      }),
    );
    const { printed } = await runProject(root, "main.mjs", emptyFolder(context));
    assert.deepEqual(printed, [["_4", 8, 5], "_5"]);
  });

  test("finds packages that stand behind links, as some package managers keep them", async (context) => {
    const root = codeProject(context, {
      "work.mjs": `import { a } from "a"; export const work = () => a;`,
      "node_modules/.store/a@1/node_modules/a/package.json": `{"name":"a","version":"1.0.0","type":"module","main":"a.js"}`,
      "node_modules/.store/a@1/node_modules/a/a.js": `import { b } from "b"; export const a = ["a", b];`,
      "node_modules/.store/b@1/node_modules/b/package.json": `{"name":"b","version":"1.0.0","type":"module","main":"b.js"}`,
      "node_modules/.store/b@1/node_modules/b/b.js": `export const b = "b";`,
      "main.mjs": `
        import { start } from "./start.mjs";
        import { work } from "./work.mjs";
        const cluster = await start(process.argv[2]);
        console.log(JSON.stringify(await cluster.remoteCallFetch(work, 2)));
        await cluster.close();`,
    });
    const store = join(root, "node_modules", ".store");
    symlinkSync(join(store, "a@1", "node_modules", "a"), join(root, "node_modules", "a"), "junction");
    symlinkSync(join(store, "b@1", "node_modules", "b"), join(store, "a@1", "node_modules", "b"), "junction");
    const { printed } = await runProject(root, "main.mjs", emptyFolder(context));
    assert.deepEqual(printed, [["a", "b"]]);
  });

  test("is sent what modules name beside themselves, and sees aliases, JSON and older modules as the program does", async (context) => {
    const root = codeProject(context, {
      "tsconfig.json": `{"compilerOptions":{"paths":{"@/*":["./src/*"]}}}`,
      "src/shared/unit.ts": `export const unit: string = "m";`,
      "src/table.json": `{"rows":2}`,
      "src/old.cjs": `exports.old = require("./older").older;`,
      "src/older.cjs": `module.exports = { older: __filename.endsWith("older.cjs") };`,
      "src/data.txt": "some text",
      "src/work.ts": `
        import { readFileSync } from "node:fs";
        import { createRequire } from "node:module";
        import { unit } from "@/shared/unit";
        import { old } from "./old.cjs";
        import table from "./table.json" with { type: "json" };
        export function work(): unknown[] {
          const text = readFileSync(new URL("./data.txt", import.meta.url), "utf8");
          return [unit, old, table.rows, text];
        }`,
      "src/main.ts": `
        import { start } from "../start.mjs";
        import { work } from "./work.ts";
        const cluster = await start(process.argv[2]);
        console.log(JSON.stringify(await cluster.remoteCallFetch(work, 2)));
        await cluster.close();`,
    });
    writeFileSync(join(root, "src", "old.cjs"), `exports.old = require("./older.cjs").older;`);
    const { printed } = await runProject(root, "src/main.ts", emptyFolder(context));
    assert.deepEqual(printed, [["m", true, 2, "some text"]]);
  });

  test("finds a module whose name is computed, under its own name or that of its JavaScript", async (context) => {
    const root = codeProject(context, {
      "src/locales/de.ts": `export const hello: string = "hallo";`,
      "src/locales/en.ts": `export const hello: string = "hello";`,
      "src/greet.ts": `
        interface Locale { readonly hello: string }
        export async function greet(name: string): Promise<string[]> {
          const one: Locale = await import(\`./locales/\${name}.js\`);
          const other: Locale = await import(\`./locales/\${name}.ts\`);
          return [one.hello, other.hello, String(one === other)];
        }`,
      "src/main.ts": `
        import { start } from "../start.mjs";
        import { greet } from "./greet.js";
        const cluster = await start(process.argv[2]);
        console.log(JSON.stringify(await cluster.remoteCallFetch(greet, 2, "de")));
        await cluster.close();`,
    });
    const { printed } = await runProject(root, "src/main.ts", emptyFolder(context));
    assert.deepEqual(printed, [["hallo", "hallo", "true"]]);
  });

  test("is prepared by functions and modules that are sent to it, also when it joins later", async (context) => {
    const root = codeProject(context, {
      ...typeScript,
      "src/set-up.ts": `import { add } from "./add.js"; add(1000);`,
      "src/main.ts": `
        import { manager, start } from "../start.mjs";
        import { add } from "./add.js";
        import { peek } from "./peek.js";
        const cluster = await start(process.argv[2]);
        await cluster.everywhere(import.meta.resolve("./set-up.ts"));
        await cluster.everywhere(add, 10);
        const initialize = ({ pid }: { pid: number }) => {
          add(pid);
          return () => console.error("closed with", peek());
        };
        await cluster.addProcs(manager(process.argv[2]), { initialize });
        console.log(JSON.stringify(await Promise.all([1, 2, 3].map((pid) => cluster.remoteCallFetch(peek, pid)))));
        await cluster.close();`,
    });
    const { printed, stderr } = await runProject(root, "src/main.ts", emptyFolder(context));
    assert.deepEqual(printed, [[1010, 1010, 1013]]);
    assert.match(stderr, /^worker 3: closed with 1013$/m);
  });

  test("is refused native code, with the package that brings it, unless it has that package itself", async (context) => {
    const native = {
      "node_modules/fast-hash/package.json": `{"name":"fast-hash","version":"1.0.0"}`,
      "node_modules/fast-hash/index.js": `exports.hash = require("./build/hash.node").hash;`,
      "node_modules/fast-hash/build/hash.node": "not really native",
    };
    const root = codeProject(context, {
      ...native,
      "work.mjs": `import { hash } from "fast-hash"; export const work = () => hash("x");`,
      "main.mjs": `
        import { failure, start } from "./start.mjs";
        const module = { exports: {} };
        import Module from "node:module";
        Module._extensions[".node"] = (it) => { it.exports = { hash: (x) => "manager's " + x }; };
        const { work } = await import("./work.mjs");
        const cluster = await start(process.argv[2]);
        console.log(JSON.stringify(await failure(cluster.remoteCallFetch(work, 2))));
        await cluster.close();
        const other = await start(process.argv[2], { external: ["fast-hash"] });
        console.log(JSON.stringify(await other.remoteCallFetch(work, 2)));
        await other.close();`,
    });
    const worker = temporaryProject(context, {
      "node_modules/fast-hash/package.json": `{"name":"fast-hash","version":"1.0.0"}`,
      "node_modules/fast-hash/index.js": `exports.hash = (x) => "worker's " + x;`,
    });
    const { printed } = await runProject(root, "main.mjs", worker);
    assert.match(
      String(printed[0]),
      /^FunctionNotFoundError: .*package fast-hash loads native code.*name fast-hash in the cluster's option code: \{ external/,
    );
    assert.equal(printed[1], "worker's x");
  });
});

void describe("a worker with the project in its image", () => {
  const program = {
    "state.mjs": "export const state = { n: 0 };\n",
    "add.mjs": `import { state } from "./state.mjs";
       export const add = (x) => (state.n += x);
       export const addAt = () => import.meta.url;`,
    "peek.mjs": `import { state } from "./state.mjs";
       export const peek = () => state.n;
       export const peekAt = () => import.meta.url;`,
    "main.mjs": `
      import { failure, start } from "./start.mjs";
      import { add, addAt } from "./add.mjs";
      import { peek, peekAt } from "./peek.mjs";
      const cluster = await start(process.argv[2], process.argv[3]);
      const print = (value) => console.log(JSON.stringify(value));
      print(await failure(cluster.remoteCallFetch(add, 2, 5)));
      print(await cluster.remoteCallFetch(addAt, 2).catch(() => "none"));
      print(await cluster.remoteCallFetch(peek, 2).catch((error) => error.message));
      print(await cluster.remoteCallFetch(peekAt, 2).catch(() => "none"));
      await cluster.close();`,
  };

  test("uses its own files where they are the same", async (context) => {
    const root = codeProject(context, program);
    const image = imageOf(context, root);
    for (const source of ["auto", "image"]) {
      const { printed } = await runProject(root, "main.mjs", image, source);
      assert.deepEqual(printed, [
        "no failure",
        `file://${join(image, "add.mjs")}`,
        5,
        `file://${join(image, "peek.mjs")}`,
      ]);
    }
  });

  test("is sent what differs, and shares the rest with it", async (context) => {
    const root = codeProject(context, program);
    const image = imageOf(context, root, { "peek.mjs": "export const peek = () => 'stale';" });
    const { printed } = await runProject(root, "main.mjs", image, "auto");
    assert.deepEqual(printed.slice(0, 3), ["no failure", `file://${join(image, "add.mjs")}`, 5]);
    assert.match(String(printed[3]), /rollcall-code-.*peek\.mjs$/);
  });

  test("is sent a module whose import differs, though it is the same itself", async (context) => {
    const root = codeProject(context, program);
    const image = imageOf(context, root, { "state.mjs": "export const state = { n: 1000 };" });
    const { printed } = await runProject(root, "main.mjs", image, "auto");
    assert.equal(printed[2], 5);
    assert.match(String(printed[1]), /rollcall-code-.*add\.mjs$/);
  });

  test("refuses a call whose module is stale if it is to use its own, and tells both versions and what to do", async (context) => {
    const root = codeProject(context, program);
    const image = imageOf(context, root, { "state.mjs": "export const state = { n: 1000 };" });
    const { printed } = await runProject(root, "main.mjs", image, "image");
    assert.match(
      String(printed[0]),
      /^FunctionNotFoundError: on worker 2: module state\.mjs is another version on this worker \([0-9a-f]{8} of 20\S+Z\) than in the manager's project \([0-9a-f]{8} of 20\S+Z\); build the worker's image from/,
    );
  });

  test("refuses a package of another version than the manager's", async (context) => {
    const manifest = (version: string): string => JSON.stringify({ name: "left", version });
    const root = codeProject(context, {
      "node_modules/left/package.json": manifest("1.0.0"),
      "node_modules/left/index.js": "exports.left = 1;",
      "work.mjs": `import { left } from "left"; export const work = () => left;`,
      "main.mjs": `
        import { failure, start } from "./start.mjs";
        import { work } from "./work.mjs";
        const cluster = await start(process.argv[2], "image");
        console.log(JSON.stringify(await failure(cluster.remoteCallFetch(work, 2))));
        await cluster.close();`,
    });
    const image = imageOf(context, root, { "node_modules/left/package.json": manifest("1.0.1") });
    const { printed } = await runProject(root, "main.mjs", image);
    assert.match(
      String(printed[0]),
      /package left, which work\.mjs imports, is version 1\.0\.1 on this worker and 1\.0\.0/,
    );
  });

  test("is sent the code all the same if the cluster wants that", async (context) => {
    const root = codeProject(context, program);
    const { printed } = await runProject(root, "main.mjs", root, "bundle");
    assert.match(String(printed[1]), /rollcall-code-.*add\.mjs$/);
  });
});

void describe("without esbuild", () => {
  const program = {
    "work.mjs": "export const work = (x) => 2 * x;",
    "main.mjs": `
      import { failure, start } from "./start.mjs";
      import { work } from "./work.mjs";
      const cluster = await start(process.argv[2], process.argv[3]).catch((error) => {
        console.log(JSON.stringify(error.name + ": " + error.message));
        process.exit();
      });
      console.log(JSON.stringify(await failure(cluster.remoteCallFetch(work, 2, 4))));
      await cluster.close();`,
  };

  test("workers with the same files work, and others are told what is missing", async (context) => {
    const root = codeProjectWithoutEsbuild(context, program);
    assert.deepEqual((await runProject(root, "main.mjs", root, "auto")).printed, ["no failure"]);
    const { printed } = await runProject(root, "main.mjs", emptyFolder(context), "auto");
    assert.match(
      String(printed[0]),
      /^FunctionNotFoundError: on worker 2: module work\.mjs is not on this worker \(looked for .*\); build the worker's image .*, or install esbuild/,
    );
  });

  test("a cluster that must send code cannot be made", async (context) => {
    const root = codeProjectWithoutEsbuild(context, program);
    const { printed } = await runProject(root, "main.mjs", root, "bundle");
    assert.match(String(printed[0]), /^TypeError: code: "bundle" needs esbuild, which is not installed/);
  });
});
