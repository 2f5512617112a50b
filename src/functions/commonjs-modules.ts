import { createRequire } from "node:module";
import { exportPathOf } from "./exported-functions.js";

const require = createRequire(import.meta.url);

/**
 * The export path of a function in a CommonJS module that is loaded. Looked up in the module cache and not by
 * `import()`, which under some loaders (tsx) answers with a second copy of the module.
 */
export function commonJsExportPathOf(file: string, fn: Function): string | undefined {
  const exports: unknown = require.cache[file]?.exports;
  if (exports === fn) return "default";
  const canHold = typeof exports === "function" || (typeof exports === "object" && exports !== null);
  return canHold ? exportPathOf(exports, fn) : undefined;
}

/** The file of the CommonJS module whose `module.exports` this is. */
export function commonJsFileOf(exports: object): string | undefined {
  return Object.keys(require.cache).find((file) => require.cache[file]?.exports === exports);
}
