import { isBuiltin } from "node:module";
import { pathToFileURL } from "node:url";
import { FunctionNotFoundError } from "../errors.js";
import { abortable } from "../util/time-limit.js";
import { placeInProject, type CodePlace } from "./code/code-place.js";
import { closestNames } from "./closest-names.js";
import { exportAt, exportedFunctions } from "./exported-functions.js";
import { compose } from "./compositions.js";
import { GLOBAL_MODULE, isByValue, isComposed } from "./function-reference.js";
import type {
  FoundReference,
  FunctionByName,
  FunctionByValue,
  FunctionReference,
  InitializeReference,
  ModuleReference,
} from "./function-reference.js";
import { reviveFunction } from "./function-revival.js";
import { importModule } from "./import-module.js";
import { mainModulePath, realPath } from "./main-module.js";
import { checkProjectRoot } from "./project-root.js";

const MAX_SUGGESTIONS = 10;

/** Makes sure that a unit of code is in this process, and says where. */
export type PlaceCode = (unit: string) => Promise<CodePlace>;

export interface FunctionLoaderOptions {
  readonly projectRoot: string;
  /** Default: the project has all code that functions need. */
  readonly placeCode?: PlaceCode;
  /** Takes what `initialize` functions give to be called when this process leaves its cluster. */
  readonly addCleanUp?: (cleanUp: () => unknown) => void;
}

/** Turns references back into functions, in the process that is to run them. */
export class FunctionLoader {
  readonly #own: CodePlace;
  readonly #placeCode: PlaceCode;
  readonly #addCleanUp: (cleanUp: () => unknown) => void;
  /** By URL, loaded modules and those being loaded; a failure leaves, so that the next call tries again. */
  readonly #modules = new Map<string, Promise<object>>();
  /** The manager hands itself the same reference with every call, and the function keeps its state between them. */
  readonly #revived = new WeakMap<FunctionByValue, Promise<Function>>();

  /** Throws a `TypeError` if the project root is no folder. */
  constructor({ projectRoot, placeCode, addCleanUp }: FunctionLoaderOptions) {
    const own = placeInProject(checkProjectRoot(projectRoot));
    this.#own = own;
    this.#placeCode = placeCode ?? (() => Promise.resolve(own));
    this.#addCleanUp = addCleanUp ?? (() => {});
  }

  /**
   * Imports the module if it is not loaded and finds the export in it, or builds the function from its source or from others, after the
   * code that it needs has been placed. Rejects with a `FunctionNotFoundError`, whose cause is the module's own error where it could not be loaded, or with the
   * reason of `signal`, which ends the wait but not the loading. There is no limit of its own: a module may read
   * gigabytes before it is ready.
   */
  async load(reference: FunctionReference, signal?: AbortSignal): Promise<Function> {
    if (isComposed(reference)) {
      const functions = reference.functions.map((inner) => this.load(inner, signal));
      return compose(reference.composition, await Promise.all(functions));
    }
    const loading = isByValue(reference)
      ? this.#revive(reference)
      : "kind" in reference && reference.kind === "initialize"
        ? this.#loadInitialize(reference)
        : this.#loadPlaced(reference);
    return signal === undefined ? loading : abortable(loading, signal);
  }

  async #loadPlaced(reference: FunctionByName | ModuleReference): Promise<Function> {
    const place = await this.#placeOf(reference);
    if (!("kind" in reference)) return this.#loadNamed(reference, place);
    await this.#module(reference.module, place);
    return () => {};
  }

  async #loadInitialize(reference: InitializeReference): Promise<Function> {
    const initialize = await this.load(reference.function);
    return async (...args: unknown[]) => {
      const cleanUp: unknown = await initialize(...args);
      if (typeof cleanUp === "function") this.#addCleanUp(cleanUp as () => unknown);
      else if (cleanUp !== undefined) {
        throw new TypeError(
          `initialize gives a function to clean up with, or nothing, not ${typeof cleanUp}`,
        );
      }
    };
  }

  async #placeOf({ code }: FoundReference | ModuleReference): Promise<CodePlace> {
    return code === undefined ? this.#own : this.#placeCode(code);
  }

  #revive(reference: FunctionByValue): Promise<Function> {
    let building = this.#revived.get(reference);
    if (building === undefined) {
      building = this.#reviveAnew(reference);
      this.#revived.set(reference, building);
      building.catch(() => this.#revived.delete(reference));
    }
    return building;
  }

  async #reviveAnew(reference: FunctionByValue): Promise<Function> {
    const place = await this.#placeOf(reference);
    return reviveFunction(reference, { place, load: (named) => this.#loadNamed(named, place) });
  }

  async #loadNamed(reference: FunctionByName, place: CodePlace): Promise<Function> {
    const namespace = await this.#module(reference.module, place);
    const found = exportAt(namespace, reference.export);
    if (typeof found === "function") return found;
    throw new FunctionNotFoundError(explainMissing(namespace, reference, found));
  }

  async #module(module: string, place: CodePlace): Promise<object> {
    if (module === GLOBAL_MODULE) return globalThis;
    const url = module.startsWith("node:") ? checkBuiltin(module) : urlOf(module, place);
    const known = this.#modules.get(url);
    if (known !== undefined) return known;
    const loading = this.#import(module, url);
    this.#modules.set(url, loading);
    loading.catch(() => this.#modules.delete(url));
    return loading;
  }

  async #import(module: string, url: string): Promise<object> {
    try {
      return await importModule(url);
    } catch (cause) {
      throw new FunctionNotFoundError(
        `module ${module} could not be loaded on this worker: ${explainFailure(cause)}`,
        { cause },
      );
    }
  }
}

function urlOf(module: string, place: CodePlace): string {
  const path = place.fileOf(module);
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
  const suffix = /[?#].*$/.exec(module)?.[0] ?? "";
  return pathToFileURL(file).href + suffix;
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
