import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, resolve } from "node:path";
import { ContainerStartError } from "./launcher.js";

/** What Docker puts in front of a failed start. */
const RUNC =
  "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create shim task: " +
  "OCI runtime create failed: runc create failed: unable to start container process: ";

/**
 * Makes sure that a program can be started, and refuses it otherwise with the reason that a container runtime gives: a
 * name is looked up in `PATH`, anything with a slash is a path.
 */
export async function checkExecutable(program: string, cwd: string, path: string): Promise<void> {
  if (!(await isDirectory(cwd))) {
    throw new ContainerStartError(
      `${RUNC}error during container init: chdir to cwd ("${cwd}") set in config.json failed: no such file or directory: unknown`,
    );
  }
  if (program.includes("/")) {
    const problem = await whyNotExecutable(resolve(cwd, program));
    if (problem !== undefined)
      throw new ContainerStartError(`${RUNC}exec: "${program}": ${problem}: unknown`);
    return;
  }
  for (const directory of path.split(delimiter)) {
    if (directory !== "" && (await whyNotExecutable(resolve(cwd, directory, program))) === undefined) return;
  }
  throw new ContainerStartError(`${RUNC}exec: "${program}": executable file not found in $PATH: unknown`);
}

async function whyNotExecutable(file: string): Promise<string | undefined> {
  try {
    if ((await stat(file)).isDirectory()) return "is a directory";
  } catch {
    return `stat ${file}: no such file or directory`;
  }
  try {
    await access(file, constants.X_OK);
    return undefined;
  } catch {
    return "permission denied";
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
