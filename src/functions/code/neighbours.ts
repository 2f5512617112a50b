import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { realPath } from "../main-module.js";
import type { Edge } from "./discovery.js";
import { importTemplatesIn, neighboursIn, type ImportTemplate } from "./rewritten-imports.js";
import { treePath } from "./tree-path.js";

/** Files that a module names in ways that esbuild does not follow, as far as they are there. */
export async function neighboursOf(path: string, text: string): Promise<Edge[]> {
  const found = await Promise.all([
    ...neighboursIn(text).map((specifier) => namedByUrl(path, specifier)),
    ...importTemplatesIn(text).map((template) => meantBy(path, template)),
  ]);
  return found.flat();
}

async function namedByUrl(path: string, specifier: string): Promise<Edge[]> {
  const target = resolve(dirname(path), specifier);
  try {
    if ((await stat(target)).isFile()) return [{ specifier, path: realPath(target) ?? target }];
  } catch {
    // Made while the program runs, or meant for something else than reading.
  }
  return [];
}

/** Files of one folder, under the names that they have here or as JavaScript. */
async function meantBy(path: string, { before, after }: ImportTemplate): Promise<Edge[]> {
  const stem = before.slice(before.lastIndexOf("/") + 1);
  const prefix = before.slice(0, before.length - stem.length);
  const folder = resolve(dirname(path), prefix);
  const found: Edge[] = [];
  for (const name of await namesIn(folder)) {
    const written = [name, basename(treePath(name))].find((it) => it.startsWith(stem) && it.endsWith(after));
    if (written === undefined) continue;
    const target = join(folder, name);
    found.push({ specifier: prefix + written, path: realPath(target) ?? target });
  }
  return found;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  } catch {
    return [];
  }
}
