import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = dirname(dirname(fileURLToPath(import.meta.resolve("#dist/index.js"))));

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** What each subpath must at least have. Those that are no library are told apart by having nothing. */
const expected: Readonly<Record<string, readonly string[]>> = {
  ".": ["Cluster", "LocalManager", "RemoteError", "myId"],
  "./worker": ["myId"],
  "./worker/main": [],
  "./ecs": ["ECSManager"],
  "./docker": ["DockerManager"],
  "./local-ecs": ["startLocalECS"],
  "./testing": ["MemoryManager", "MemoryNetwork"],
  "./package.json": [],
};
const notToImport = ["./worker/main", "./package.json"];

const isWanted = (process.env["ROLLCALL_REQUIRE"] ?? "").split(/[\s,]+/).includes("packed");
const skip = isWanted ? false : "installing takes long: run it with ROLLCALL_REQUIRE=packed";

void test("the packed package is tried", (t) => {
  if (!isWanted)
    t.skip("THE PACKED PACKAGE WAS NOT TRIED: set ROLLCALL_REQUIRE=packed to install and run it");
});

void describe("the package as it is published, in an empty project", { skip, timeout: 300_000 }, () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  let folder: string;
  let project: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "rollcall-packed-"));
    project = join(folder, "project");
    await mkdir(project);
    await writeFile(join(project, "package.json"), JSON.stringify({ name: "empty", private: true }));
    await npm(root, "pack", "--silent", "--pack-destination", folder);
    const tarball = join(folder, `rollcall-${manifest.version}.tgz`);
    const others = ["@aws-sdk/client-ecs", "@aws-sdk/client-cloudwatch-logs", "@types/node"].map(
      (name) => `${name}@${manifest.devDependencies[name]}`,
    );
    await npm(project, "install", "--no-audit", "--no-fund", "--prefer-offline", tarball, ...others);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("every subpath of the package is known to this test", () => {
    assert.deepEqual(Object.keys(manifest.exports).toSorted(), Object.keys(expected).toSorted());
  });

  for (const [subpath, names] of Object.entries(expected)) {
    const specifier = `rollcall${subpath.slice(1)}`;
    test(`${specifier} has its files${notToImport.includes(subpath) ? "" : ", and can be imported"}`, async () => {
      const target = manifest.exports[subpath];
      assert.ok(target !== undefined);
      const files = typeof target === "string" ? [target] : [target.default, target.types];
      const missing = files.filter((file) => !existsSync(join(project, "node_modules", "rollcall", file)));
      assert.deepEqual(missing, []);
      if (notToImport.includes(subpath)) return;
      const source = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(specifier)}))))`;
      const exported = JSON.parse(await node("--input-type=module", "-e", source)) as string[];
      assert.deepEqual(
        names.filter((name) => !exported.includes(name)),
        [],
      );
      assert.notEqual(exported.length, 0);
    });
  }

  test("a strict TypeScript program compiles against its declarations, the declarations included", async () => {
    await writeFile(
      join(project, "typed.mts"),
      `import { Cluster, LocalManager } from "rollcall";
       import { ECSManager } from "rollcall/ecs";
       import { startLocalECS } from "rollcall/local-ecs";
       import { myId } from "rollcall/worker";
       export async function squares(items: readonly number[]): Promise<number[]> {
         const ecs = await startLocalECS();
         const cluster = new Cluster();
         await cluster.addProcs(new LocalManager(2));
         const { joined } = await cluster.addProcs(
           new ECSManager({ endpoint: ecs.endpoint, taskDefinition: "worker", workers: { min: 1, max: myId() } }),
         );
         const instance: string | undefined = joined[0]?.launched.details.containerInstanceArn;
         return cluster.pmap((item: number) => item * (instance?.length ?? 1), items);
       }`,
    );
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      module: "nodenext",
      target: "es2022",
      lib: ["es2023", "esnext.disposable"],
      types: ["node"],
      noEmit: true,
    };
    await writeFile(
      join(project, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["typed.mts"] }),
    );
    const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
    assert.equal(await node(compiler, "--project", project), "");
  });

  test("a program with local workers runs", async () => {
    await writeFile(join(project, "work.mjs"), "export const square = (n) => n * n;\n");
    await writeFile(
      join(project, "main.mjs"),
      `import { Cluster, LocalManager } from "rollcall";
       import { square } from "./work.mjs";
       const cluster = new Cluster();
       await cluster.addProcs(new LocalManager(2));
       console.log(cluster.nworkers(), await cluster.pmap(square, [1, 2, 3]));
       await cluster.close();`,
    );
    assert.equal(await node("main.mjs"), "2 [ 1, 4, 9 ]\n");
  });

  test("a program with ECS tasks runs, with the command that the documentation gives to a worker", async () => {
    await writeFile(join(project, "work.mjs"), "export const square = (n) => n * n;\n");
    await writeFile(
      join(project, "ecs.mjs"),
      `import { ECSClient, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
       import { Cluster } from "rollcall";
       import { ECSManager } from "rollcall/ecs";
       import { startLocalECS } from "rollcall/local-ecs";
       import { square } from "./work.mjs";
       const ecs = await startLocalECS({ instances: 2 });
       const client = new ECSClient(ecs.clientConfig);
       const containerDefinitions = [{ name: "worker", image: "node", cpu: 256, memory: 128 }];
       await client.send(
         new RegisterTaskDefinitionCommand({ family: "worker", networkMode: "host", containerDefinitions }),
       );
       const cluster = new Cluster();
       await cluster.addProcs(new ECSManager({ client, taskDefinition: "worker", workers: 2 }));
       console.log(cluster.nworkers(), await cluster.pmap(square, [1, 2, 3]));
       await cluster.close();
       await ecs.close();`,
    );
    assert.equal(await node("ecs.mjs"), "2 [ 1, 4, 9 ]\n");
  });

  test("the command tells how it is used", async () => {
    const help = await npm(project, "exec", "--no", "--", "rollcall", "--help");
    assert.match(help, /Usage: rollcall/);
    assert.match(help, /local-ecs/);
  });

  async function node(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, args, { cwd: project, env: cleanEnvironment() });
    return stdout;
  }

  async function npm(cwd: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run("npm", args, { cwd, env: cleanEnvironment() });
    return stdout;
  }
});

/** Without what `npm` and Node's test runner tell their children, which would reach the ones here. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^npm_(lifecycle|package|command|execpath|node)|^NODE_TEST_CONTEXT$|^INIT_CWD$/.test(name),
  );
  return Object.fromEntries(inherited);
}
