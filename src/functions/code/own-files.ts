import { readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { CodeFile } from "../../protocol/code-messages.js";
import { pathOfModule } from "../module-path.js";
import { contentHash } from "./content-hash.js";
import { installedVersion } from "./installed-package.js";

export interface CompareOptions {
  /** What differs can be had from the manager. Where it cannot, a doubtful file is Node's to try. */
  readonly canBeSent: boolean;
  readonly canRunTypeScript: boolean;
}

const NOT_JAVASCRIPT = /\.(?:[cm]?tsx?|jsx)$/;

/** What is wrong with the files that this process has of a unit, one sentence each; empty if nothing is. */
export async function compareWithOwn(
  files: readonly CodeFile[],
  root: string,
  options: CompareOptions,
): Promise<string[]> {
  const wrongs = await Promise.all(files.map((file) => compare(file, root, options)));
  return wrongs.filter((wrong) => wrong !== undefined);
}

async function compare(
  file: CodeFile,
  root: string,
  { canBeSent, canRunTypeScript }: CompareOptions,
): Promise<string | undefined> {
  const { module, hash, packages } = file;
  const { path } = pathOfModule(root, module);
  if (hash !== "") {
    const own = await ownFile(path);
    if (own === undefined) return `module ${module} is not on this worker (looked for ${path})`;
    if (own.hash !== hash) {
      return (
        `module ${module} is another version on this worker (${describe(own.hash, own.modifiedAt)}) than in the ` +
        `manager's project (${describe(hash, file.modifiedAt)})`
      );
    }
    if (canBeSent && !canRunTypeScript && NOT_JAVASCRIPT.test(module)) {
      return (
        `module ${module} is not JavaScript, and this worker's node was started without a loader for it ` +
        `(--import tsx, say)`
      );
    }
  }
  for (const [name, version] of Object.entries(packages)) {
    const own = installedVersion(name, dirname(path));
    if (own === version) continue;
    // Perhaps a package of types alone, whose import goes when the file is compiled.
    if (own === undefined && !canBeSent && NOT_JAVASCRIPT.test(module)) continue;
    return own === undefined
      ? `package ${name}, which ${module} imports, is not installed on this worker`
      : `package ${name}, which ${module} imports, is version ${own} on this worker and ${version} in the manager's project`;
  }
  return undefined;
}

export async function ownFile(path: string): Promise<{ hash: string; modifiedAt: number } | undefined> {
  try {
    const [content, { mtimeMs }] = await Promise.all([readFile(path), stat(path)]);
    return { hash: contentHash(content), modifiedAt: mtimeMs };
  } catch {
    return undefined;
  }
}

function describe(hash: string, modifiedAt: number): string {
  return `${hash.slice(0, 8)} of ${new Date(modifiedAt).toISOString()}`;
}

/**
 * Which of these files can be this process's own: those that are the same here, and all that they need as well. A file
 * with a changed neighbour has to see the neighbour that was sent, and so has to be sent itself.
 */
export function sameWithAllTheyNeed(
  isSame: readonly boolean[],
  needs: readonly (readonly number[])[],
): boolean[] {
  const same = [...isSame];
  for (let isChanged = true; isChanged;) {
    isChanged = false;
    for (const [index, needed] of needs.entries()) {
      if (same[index] !== true || needed.every((other) => same[other] === true)) continue;
      same[index] = false;
      isChanged = true;
    }
  }
  return same;
}

/** By the flags that this process was started with, and what its version of Node.js does by itself. */
export function runsTypeScript(): boolean {
  const { features } = process as { readonly features: { readonly typescript?: string | false } };
  const flags = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(" ")];
  return (
    Boolean(features.typescript) ||
    flags.some((flag) => /^(?:--(?:import|loader|experimental-loader|require)|-r)\b/.test(flag))
  );
}
