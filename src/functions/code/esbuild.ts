import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Esbuild from "esbuild";

export type { Esbuild };

export const ESBUILD_ADVICE =
  "or install esbuild beside Rollcall to have the code sent (npm install esbuild)";

/** The URL of esbuild as the project, or Rollcall itself, finds it; undefined if it is not installed. */
export function findEsbuild(root: string): string | undefined {
  for (const from of [pathToFileURL(join(root, "package.json")), import.meta.url]) {
    try {
      return pathToFileURL(createRequire(from).resolve("esbuild")).href;
    } catch {
      // It may be in the other place.
    }
  }
  return undefined;
}

/** Loaded when code is sent for the first time: most programs never need it, and no worker does. */
export async function loadEsbuild(url: string): Promise<typeof Esbuild> {
  const namespace = (await import(url)) as typeof Esbuild & { readonly default?: typeof Esbuild };
  return namespace.default ?? namespace;
}
