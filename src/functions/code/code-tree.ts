import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { lstat, mkdir, symlink, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * The folder of this process for code that was sent to it. Owns it: made with the first file, gone with `remove`. That of a
 * process that was killed goes when another one of the machine makes its own.
 */
export class CodeTree {
  #folder: string | undefined;

  /** Throws if the folder cannot be made. */
  get folder(): string {
    return (this.#folder ??= newFolder());
  }

  pathOf(place: string): string {
    return join(this.folder, place);
  }

  async write(place: string, content: Uint8Array): Promise<void> {
    const path = this.pathOf(place);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }

  /** Makes `place` lead to a file or folder; does nothing if something stands there already. */
  async link(place: string, target: string, kind: "file" | "junction"): Promise<void> {
    const path = this.pathOf(place);
    await mkdir(dirname(path), { recursive: true });
    if (await isThere(path)) return;
    await symlink(target, path, kind);
  }

  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

const PREFIX = "rollcall-code-";

/** Its name says whose it is, so that others can tell that its owner was killed. */
function newFolder(): string {
  const parent = tmpdir();
  try {
    const path = realpathSync(parent);
    const prefix = `${PREFIX}${processesId()}-`;
    removeOrphans(path, prefix);
    return mkdtempSync(join(path, `${prefix}${process.pid}-`));
  } catch (cause) {
    throw new Error(
      `the code that was sent cannot be kept in ${parent} (${(cause as Error).message}); set TMPDIR to a folder that ` +
        `this worker may write to, such as a tmpfs mount of its container`,
      { cause },
    );
  }
}

/** Removes folders of processes that were killed and could not do it themselves. */
function removeOrphans(parent: string, prefix: string): void {
  for (const name of readdirSync(parent)) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length).split("-")[0] : NaN);
    if (!(pid > 0) || isAlive(pid)) continue;
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // Another user's: theirs to remove.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/**
 * Names the processes among which a pid means this process. Containers and hosts may share the folder of temporary files, and
 * pids come again after a restart of the machine.
 */
function processesId(): string {
  const parts = [hostname()];
  try {
    parts.push(readFileSync("/proc/sys/kernel/random/boot_id", "utf8"), readlinkSync("/proc/self/ns/pid"));
  } catch {
    // Not Linux: one space of pids for each machine.
  }
  return createHash("sha256").update(parts.join()).digest("hex").slice(0, 12);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
