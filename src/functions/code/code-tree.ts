import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { lstat, mkdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The folder of this process for code that was sent to it. Owns it: made with the first file, gone with `remove`. */
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

function newFolder(): string {
  const parent = tmpdir();
  try {
    return mkdtempSync(join(realpathSync(parent), "rollcall-code-"));
  } catch (cause) {
    throw new Error(
      `the code that was sent cannot be kept in ${parent} (${(cause as Error).message}); set TMPDIR to a folder that ` +
        `this worker may write to, such as a tmpfs mount of its container`,
      { cause },
    );
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
