import assert from "node:assert/strict";
import { exportAt } from "#dist/functions/exported-functions.js";
import { importModule } from "#dist/functions/import-module.js";

/** An exported function of the module with this URL. */
export async function loadFunction(url: string, name: string): Promise<Function> {
  const fn = exportAt(await importModule(url), name);
  assert.ok(typeof fn === "function", `${url} exports no function ${name}`);
  return fn;
}
