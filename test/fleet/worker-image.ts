/**
 * Images with workers, made from the files of this machine: no registry is asked. The generic one has Node and Rollcall, and
 * nothing of the program that will use it; the other one has the functions of this project beside.
 */
import type Docker from "dockerode";
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { run } from "./requirements.js";

export const GENERIC_IMAGE = "rollcall-generic:local";
export const WORKER_IMAGE = "rollcall-worker:local";

const ROOT = dirname(fileURLToPath(import.meta.resolve("rollcall/package.json")));
/** What workers run. */
const ROLLCALL_FILES = ["package.json", "dist"];
/** The functions that workers of this project are asked to call. */
const PROJECT_FILES = ["build/test/fleet"];
/** `USER` is a number, as the image has no file that would give it a name. */
const CONFIGURATION = ["WORKDIR /app", "USER 1000:1000", 'CMD ["node", "dist/worker/main.js"]'];

/** Puts the files of the images below `folder`: those of the generic one, and what the other one has beside. */
export function stageWorkerImages(folder: string): void {
  const generic = join(folder, "generic");
  copyProgram(realpathSync(process.execPath), generic, "usr/bin/node");
  makeTmp(generic);
  copyToApp(generic, ROLLCALL_FILES);
  copyToApp(join(folder, "project"), PROJECT_FILES);
}

function copyToApp(folder: string, paths: readonly string[]): void {
  for (const path of paths) cpSync(join(ROOT, path), join(folder, "app", path), { recursive: true });
}

/** A program of this machine, with the libraries that it needs, in their own places. */
export function copyProgram(program: string, folder: string, place: string): void {
  // "libm.so.6 => /lib/libm.so.6 (0x...)", and the loader by its path alone.
  const libraries = [...run("ldd", program).matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? "");
  for (const path of libraries) copyFile(path, join(folder, path));
  copyFile(program, join(folder, place));
}

/** As in every image, anyone may write to it: what is sent to a worker is kept there. */
export function makeTmp(folder: string): void {
  mkdirSync(join(folder, "tmp"), { recursive: true });
  chmodSync(join(folder, "tmp"), 0o1777);
}

/** What a link leads to, rather than the link. */
function copyFile(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** Gives the staged images to an engine. */
export async function importWorkerImages(engine: Docker, folder: string): Promise<void> {
  await importImage(engine, join(folder, "generic"), GENERIC_IMAGE, CONFIGURATION);
  // On top of the generic one, so that the engine has Node only once.
  const container = await engine.createContainer({ Image: GENERIC_IMAGE });
  const [repo, tag] = WORKER_IMAGE.split(":");
  await container.putArchive(archive(join(folder, "project")), { path: "/" });
  await container.commit({ repo, tag });
  await container.remove();
}

/** Gives the files below a folder to an engine as an image, with lines of a Dockerfile that say how it runs. */
export async function importImage(
  engine: Docker,
  folder: string,
  name: string,
  changes: readonly string[],
): Promise<void> {
  const [repo, tag] = name.split(":");
  const answer = await engine.importImage(archive(folder), { repo, tag, changes: [...changes] });
  await new Promise<void>((resolve, reject) => {
    engine.modem.followProgress(answer, (error) => (error === null ? resolve() : reject(error)));
  });
}

function archive(folder: string): Readable {
  const options = ["--create", "--mode=a+rX", "--owner=0", "--group=0", "--numeric-owner"];
  const tar = spawn("tar", [...options, "--directory", folder, "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return tar.stdout;
}
