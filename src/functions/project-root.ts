import { readFileSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { mainModulePath, realPath } from "./main-module.js";

/**
 * The folder of the project that a program belongs to: the nearest one with a package.json, from `from` upwards.
 * Starts at the main script's folder by default, or at the working directory if there is no script or it is a tool
 * in node_modules (a test runner). A package.json with nothing but `type`, as builds put beside their output to mark
 * its module system, counts only if there is no other. Without any, it is the folder where the search began.
 */
export function findProjectRoot(from: string = programFolder()): string {
  const start = realPath(from);
  if (start === undefined)
    throw new TypeError(`the project root cannot be looked for from ${from}: no such folder`);
  let fallback: string | undefined;
  for (let folder = start; ; folder = dirname(folder)) {
    const kind = packageKind(join(folder, "package.json"));
    if (kind === "package") return folder;
    if (kind === "marker") fallback ??= folder;
    if (dirname(folder) === folder) return fallback ?? start;
  }
}

function programFolder(): string {
  const main = mainModulePath();
  const isTool = main?.split(sep).includes("node_modules");
  return main === undefined || isTool ? process.cwd() : dirname(main);
}

function packageKind(file: string): "package" | "marker" | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  return isMarker(text) ? "marker" : "package";
}

function isMarker(text: string): boolean {
  try {
    const content: unknown = JSON.parse(text);
    return Object.keys(content ?? {}).every((key) => key === "type");
  } catch {
    return false;
  }
}

/** The real path of a project root that was given as an option. */
export function checkProjectRoot(projectRoot: string): string {
  const root = realPath(projectRoot);
  if (root !== undefined && statSync(root).isDirectory()) return root;
  throw new TypeError(`projectRoot ${JSON.stringify(projectRoot)} is not a folder on this machine`);
}
