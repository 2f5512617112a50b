import { isBuiltin } from "node:module";
import { pathToFileURL } from "node:url";
import { FunctionNotFoundError } from "../errors.js";
import { abortable } from "../util/time-limit.js";
import { closestNames } from "./closest-names.js";
import { exportAt, exportedFunctions } from "./exported-functions.js";
import { GLOBAL_MODULE, isByValue } from "./function-reference.js";
import type { FunctionByName, FunctionByValue, FunctionReference } from "./function-reference.js";
import { reviveFunction } from "./function-revival.js";
import { importModule } from "./import-module.js";
import { mainModulePath, realPath } from "./main-module.js";
import { pathOfModule } from "./module-path.js";
import { checkProjectRoot } from "./project-root.js";

const MAX_SUGGESTIONS = 10;

/** Turns references back into functions, in the process that is to run them. */
export class FunctionLoader {
  readonly #root: string;
  /** Loaded modules and those being loaded; a failure leaves, so that the next call tries again. */
  readonly #modules = new Map<string, Promise<object>>();
  /** The manager hands itself the same reference with every call, and the function keeps its state between them. */
  readonly #revived = new WeakMap<FunctionByValue, Promise<Function>>();

  /** Throws a `TypeError` if the project root is no folder. */
  constructor({ projectRoot }: { readonly projectRoot: string }) {
    this.#root = checkProjectRoot(projectRoot);
  }

  /**
   * Imports the module if it is not loaded and finds the export in it, or builds the function from its source. Rejects
   * with a `FunctionNotFoundError`, whose cause is the module's own error where it could not be loaded, or with the
   * reason of `signal`, which ends the wait but not the loading. There is no limit of its own: a module may read
   * gigabytes before it is ready.
   */
  async load(reference: FunctionReference, signal?: AbortSignal): Promise<Function> {
    if (!isByValue(reference)) return this.#loadNamed(reference, signal);
    const building = this.#revive(reference);
    return signal === undefined ? building : abortable(building, signal);
  }

  #revive(reference: FunctionByValue): Promise<Function> {
    let building = this.#revived.get(reference);
    if (building === undefined) {
      building = reviveFunction(reference, { root: this.#root, load: (named) => this.#loadNamed(named) });
      this.#revived.set(reference, building);
      building.catch(() => this.#revived.delete(reference));
    }
    return building;
  }

  async #loadNamed(reference: FunctionByName, signal?: AbortSignal): Promise<Function> {
    const loading = this.#module(reference.module);
    const namespace = await (signal === undefined ? loading : abortable(loading, signal));
    const found = exportAt(namespace, reference.export);
    if (typeof found === "function") return found;
    throw new FunctionNotFoundError(explainMissing(namespace, reference, found));
  }

  #module(module: string): Promise<object> {
    const known = this.#modules.get(module);
    if (known !== undefined) return known;
    const loading = this.#import(module);
    this.#modules.set(module, loading);
    loading.catch(() => this.#modules.delete(module));
    return loading;
  }

  async #import(module: string): Promise<object> {
    if (module === GLOBAL_MODULE) return globalThis;
    const url = module.startsWith("node:") ? checkBuiltin(module) : this.#urlOf(module);
    try {
      return await importModule(url);
    } catch (cause) {
      throw new FunctionNotFoundError(
        `module ${module} could not be loaded on this worker: ${explainFailure(cause)}`,
        { cause },
      );
    }
  }

  #urlOf(module: string): string {
    const { path, suffix } = pathOfModule(this.#root, module);
    const file = realPath(path);
    if (file === undefined) {
      throw new FunctionNotFoundError(
        `module ${module} is not on this worker (looked for ${path}): is its image built from the same project?`,
      );
    }
    if (file === mainModulePath()) {
      throw new FunctionNotFoundError(
        `module ${module} is the main module of this worker's own program, and to import it would run that again; ` +
          `move the function to a module of its own`,
      );
    }
    return pathToFileURL(file).href + suffix;
  }
}

function checkBuiltin(module: string): string {
  if (isBuiltin(module)) return module;
  throw new FunctionNotFoundError(
    `module ${module} is not part of Node.js ${process.version} on this worker`,
  );
}

function explainFailure(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const needsLoader = "code" in cause && cause.code === "ERR_UNKNOWN_FILE_EXTENSION";
  const advice = needsLoader
    ? "; start the worker's node with the same loader as the program's (--import tsx, say)"
    : "";
  return `${cause.name}: ${cause.message}${advice}`;
}

function explainMissing(namespace: object, reference: FunctionByName, found: unknown): string {
  const { module, export: name } = reference;
  if (module === GLOBAL_MODULE) return `there is no global function ${name} on this worker`;
  const wrong =
    found === undefined ? `has no export ${name}` : `exports ${name} as ${typeof found}, not as a function`;
  const names = Array.from(exportedFunctions(namespace), (exported) => exported.path);
  const closest = closestNames(name, names).slice(0, MAX_SUGGESTIONS);
  const others = closest.length === 0 ? "it exports no functions" : `its functions are ${closest.join(", ")}`;
  const more = names.length > closest.length ? ` and ${names.length - closest.length} more` : "";
  return `module ${module} on this worker ${wrong}: ${others}${more}. Is the worker built from the same version of the project?`;
}
