/** An image with Node and this project, made from the files of this machine: no registry is asked. */
import type Docker from "dockerode";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, cpSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./requirements.js";

export const WORKER_IMAGE = "rollcall-worker:local";

const ROOT = dirname(fileURLToPath(import.meta.resolve("rollcall/package.json")));
/** Of the project: what workers run, and the functions that they are asked to call. */
const PROJECT_FILES = ["package.json", "dist", "build/test/fleet"];
/** `USER` is a number, as the image has no file that would give it a name. */
const CONFIGURATION = ["WORKDIR /app", "USER 1000:1000", 'CMD ["node", "dist/worker/main.js"]'];

/** Puts the files of the image below `folder`. */
export function stageWorkerImage(folder: string): void {
  copyProgram(realpathSync(process.execPath), folder, "usr/bin/node");
  for (const path of PROJECT_FILES) cpSync(join(ROOT, path), join(folder, "app", path), { recursive: true });
  mkdirSync(join(folder, "tmp"));
}

/** A program of this machine, with the libraries that it needs, in their own places. */
export function copyProgram(program: string, folder: string, place: string): void {
  // "libm.so.6 => /lib/libm.so.6 (0x...)", and the loader by its path alone.
  const libraries = [...run("ldd", program).matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? "");
  for (const path of libraries) copyFile(path, join(folder, path));
  copyFile(program, join(folder, place));
}

/** What a link leads to, rather than the link. */
function copyFile(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** Gives the staged image to an engine. */
export function importWorkerImage(engine: Docker, folder: string): Promise<void> {
  return importImage(engine, folder, WORKER_IMAGE, CONFIGURATION);
}

/** Gives the files below a folder to an engine as an image, with lines of a Dockerfile that say how it runs. */
export async function importImage(
  engine: Docker,
  folder: string,
  name: string,
  changes: readonly string[],
): Promise<void> {
  const options = ["--create", "--mode=a+rX", "--owner=0", "--group=0", "--numeric-owner"];
  const tar = spawn("tar", [...options, "--directory", folder, "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [repo, tag] = name.split(":");
  const [answer] = await Promise.all([
    engine.importImage(tar.stdout, { repo, tag, changes: [...changes] }),
    once(tar, "close"),
  ]);
  await new Promise<void>((resolve, reject) => {
    engine.modem.followProgress(answer, (error) => (error === null ? resolve() : reject(error)));
  });
}
