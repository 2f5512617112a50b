import { posix } from "node:path";

/** Compiled on its way, and what it is called then; other files keep their names. */
const COMPILED: Readonly<Record<string, string>> = {
  ".ts": ".js",
  ".tsx": ".js",
  ".jsx": ".js",
  ".mts": ".mjs",
  ".cts": ".cjs",
};

/**
 * Where a file of this machine stands in the tree that is sent: under its own absolute path, so that `node_modules` is
 * found from there as it is here, and under the name that it has when it is JavaScript.
 */
export function treePath(file: string): string {
  const path = treeFolder(file);
  const extension = posix.extname(path);
  return path.slice(0, path.length - extension.length) + (COMPILED[extension] ?? extension);
}

export function treeFolder(folder: string): string {
  return folder
    .replaceAll("\\", "/")
    .replace(/^\/+/, "")
    .replace(/^([a-z]):/i, "$1");
}

export function isPackaged(file: string): boolean {
  return /[\\/]node_modules[\\/]/.test(file);
}

/** Whether it has to be made into JavaScript. Of a package's files only those that are not; the rest goes as it is. */
export function isCompiled(file: string): boolean {
  return isPackaged(file) ? /\.(?:[cm]?tsx?|jsx)$/.test(file) : /\.[cm]?[jt]sx?$/.test(file);
}

/** How `from` names `to`, both of them in the tree. */
export function relativeSpecifier(from: string, to: string): string {
  const relative = posix.relative(posix.dirname(from), to);
  return relative.startsWith(".") ? relative : `./${relative}`;
}

/** Whether Node.js finds `to` under this specifier by itself. */
export function leadsTo(from: string, specifier: string, to: string): boolean {
  if (!/^\.{1,2}\//.test(specifier)) return false;
  return posix.join(posix.dirname(from), specifier.replace(/[?#].*$/, "")) === to;
}
