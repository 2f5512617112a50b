/** The Dockerfile of the package, built by a real engine for a project that has nothing but Rollcall. */
import Docker from "dockerode";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { tourStart } from "../../demo/starts.js";
import type { DockerfileResult } from "./dockerfile-program.js";
import { Fleet } from "./fleet.js";
import { runProgram } from "./host-process.js";
import { importNodeImage, NODE_IMAGE } from "./node-image.js";
import { run, whyNoFleet } from "./requirements.js";

const NAME = "dockerfile";
const IMAGE = "rollcall-built:local";
const ROOT = dirname(fileURLToPath(import.meta.resolve("rollcall/package.json")));

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The package with its dependencies inside, so that installing it asks nobody for anything. */
function packWithDependencies(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
  const bundleDependencies = Object.keys(manifest.dependencies);
  const copy = join(folder, "package");
  mkdirSync(copy);
  for (const name of ["dist", "docker"]) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  for (const name of bundleDependencies) {
    cpSync(join(ROOT, "node_modules", name), join(copy, "node_modules", name), { recursive: true });
  }
  const {
    scripts: _scripts,
    devDependencies: _development,
    ...published
  } = manifest as Manifest & Record<string, unknown>;
  writeFileSync(join(copy, "package.json"), JSON.stringify({ ...published, bundleDependencies }));
  run("npm", "pack", "--silent", "--pack-destination", folder, copy);
  return `rollcall-${manifest.version}.tgz`;
}

function makeProject(folder: string): string {
  const tarball = packWithDependencies(folder);
  const project = join(folder, "project");
  mkdirSync(join(project, "build/test/fleet"), { recursive: true });
  cpSync(join(folder, tarball), join(project, tarball));
  cpSync(join(ROOT, "build/test/fleet/work.js"), join(project, "build/test/fleet/work.js"));
  const dependencies = { rollcall: `file:${tarball}` };
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "project", private: true, type: "module", dependencies }),
  );
  run("npm", "install", "--offline", "--package-lock-only", "--silent", "--prefix", project);
  return project;
}

async function build(engine: Docker, project: string): Promise<void> {
  cpSync(join(ROOT, "docker/Dockerfile"), join(project, "Dockerfile"));
  const tar = spawn("tar", ["--create", "--directory", project, "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const answer = await engine.buildImage(tar.stdout, { t: IMAGE, buildargs: { NODE_IMAGE } });
  await new Promise<void>((resolve, reject) => {
    engine.modem.followProgress(answer, (error, steps: { readonly error?: string }[]) => {
      const failed = error?.message ?? steps.find((step) => step.error !== undefined)?.error;
      if (failed === undefined) resolve();
      else reject(new Error(`${failed}\n${JSON.stringify(steps.slice(-10))}`));
    });
  });
}

void describe("an image that is built with the Dockerfile of the package", { skip: whyNoFleet() }, () => {
  let fleet: Fleet;
  let folder: string;
  let engine: Docker;
  let result: DockerfileResult;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-dockerfile-"));
    fleet = await Fleet.start({ name: NAME, instances: 1 });
    const { namespace, dockerSocket } = fleet.description.instances[0]!;
    engine = new Docker({ socketPath: dockerSocket });
    await importNodeImage(engine, join(folder, "node"));
    await build(engine, makeProject(folder));
    result = (await runProgram(namespace, new URL("dockerfile-program.js", import.meta.url), {
      ...fleet.description,
      image: IMAGE,
    })) as DockerfileResult;
  });
  after(async () => {
    await fleet?.[Symbol.asyncDispose]();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  void test("runs the project's functions, as a user who is not root, and as the first process", () => {
    assert.equal(result.squared, 144);
    assert.deepEqual(result.process, { pid: 1, user: 1000, environment: "production" });
  });

  void test("runs functions that it does not have, with the code that is sent to it", () => {
    assert.deepEqual(result.start, tourStart(1, 2));
  });

  void test("leaves by itself when it is asked to stop, and is not killed", () => {
    assert.equal(result.stopped.exitCode, 143);
  });

  void test("names its command without a shell, and its user by numbers", async () => {
    const { Config } = await engine.getImage(IMAGE).inspect();
    assert.deepEqual(Config.Cmd, [
      "node",
      "--enable-source-maps",
      "node_modules/rollcall/dist/worker/main.js",
    ]);
    assert.equal(Config.User, "1000:1000");
  });
});
