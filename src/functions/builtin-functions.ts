import { isBuiltin } from "node:module";
import { exportPathOf } from "./exported-functions.js";
import { GLOBAL_MODULE, type FunctionByName } from "./function-reference.js";
import { importModule } from "./import-module.js";

/**
 * Modules of Node whose public functions are mostly defined in internal files, or natively, so that their location
 * does not lead back to them.
 */
const MODULES_OF_INTERNAL_FUNCTIONS = [
  "node:process",
  "node:os",
  "node:fs",
  "node:fs/promises",
  "node:crypto",
  "node:zlib",
  "node:util",
  "node:buffer",
  "node:url",
  "node:v8",
  "node:vm",
  "node:dns/promises",
  "node:timers/promises",
  "node:child_process",
];

/** Names under which the global object holds itself. */
const GLOBAL_ITSELF = new Set(["globalThis", "global", "self"]);

/**
 * The name of a function that every Node process has: `Math.sqrt`, `process.memoryUsage`, `readFile`. `url` is that
 * of its script, if it has one.
 */
export async function findBuiltin(
  fn: Function,
  url: string | undefined,
): Promise<FunctionByName | undefined> {
  const path = globalPathOf(fn);
  if (path !== undefined) return { module: GLOBAL_MODULE, export: path, name: path };
  const own = url !== undefined && isBuiltin(url) ? [url] : [];
  for (const module of [...own, ...MODULES_OF_INTERNAL_FUNCTIONS]) {
    const name = exportPathOf(await importModule(module), fn);
    if (name !== undefined) return { module, export: name, name };
  }
  return undefined;
}

/** Two levels of own data properties; getters stay untouched, as some of Node's load a whole subsystem. */
function globalPathOf(fn: Function): string | undefined {
  const globals = dataProperties(globalThis);
  const direct = globals.find(([, value]) => value === fn);
  if (direct !== undefined) return direct[0];
  for (const [name, value] of globals) {
    if (GLOBAL_ITSELF.has(name)) continue;
    for (const [key, member] of dataProperties(value)) {
      if (member === fn) return `${name}.${key}`;
    }
  }
  return undefined;
}

function dataProperties(holder: unknown): [name: string, value: unknown][] {
  if (typeof holder !== "function" && (typeof holder !== "object" || holder === null)) return [];
  const names = Object.getOwnPropertyNames(holder).filter((name) => !name.includes("."));
  return names.map((name) => [name, Object.getOwnPropertyDescriptor(holder, name)?.value as unknown]);
}
