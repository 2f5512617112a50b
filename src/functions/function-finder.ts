import { FunctionNotFoundError } from "../errors.js";
import { abortable } from "../util/time-limit.js";
import { findBuiltin } from "./builtin-functions.js";
import { commonJsExportPathOf } from "./commonjs-modules.js";
import { exportPathOf } from "./exported-functions.js";
import { describeFile, describeFunction } from "./function-description.js";
import { locateFunction, type FunctionLocation, type ScriptUrls } from "./function-location.js";
import type { FunctionReference } from "./function-reference.js";
import { importModule } from "./import-module.js";
import { mainModulePath } from "./main-module.js";
import { moduleOfPath } from "./module-path.js";
import { checkProjectRoot } from "./project-root.js";
import { fileOfScript } from "./script-file.js";
import { settleWithin } from "./settle-within.js";

/** A module whose function is at hand is loaded, so to import it again takes no time unless it waits for us. */
const IMPORT_LIMIT_MS = 5000;

export interface FunctionFinderOptions {
  /** Folder to which module paths are relative; it stands for the project on every process. */
  readonly projectRoot: string;
  /** How long a module may go on loading, in milliseconds; default 5,000. */
  readonly importLimitMs?: number;
}

/**
 * Finds the name under which other processes can find a function: V8 knows the script it came from, and importing
 * that very URL once more gives the module that is loaded, in whose exports the function is looked for by identity.
 */
export class FunctionFinder {
  readonly #root: string;
  readonly #importLimitMs: number;
  readonly #scripts: ScriptUrls = new Map();
  readonly #known = new WeakMap<Function, FunctionReference>();
  /** Searches under way, so that many calls of one function at once make one search. */
  readonly #searches = new WeakMap<Function, Promise<FunctionReference>>();

  /** Throws a `TypeError` if the project root is no folder. */
  constructor({ projectRoot, importLimitMs = IMPORT_LIMIT_MS }: FunctionFinderOptions) {
    this.#root = checkProjectRoot(projectRoot);
    this.#importLimitMs = importLimitMs;
  }

  /** What is known already, without waiting: one look-up. */
  known(fn: Function): FunctionReference | undefined {
    return this.#known.get(fn);
  }

  /**
   * Rejects with a `FunctionNotFoundError` that says what to do if no other process could find the function, with a
   * `TypeError` for a class, and with the signal's reason once that aborts.
   */
  async find(fn: Function, signal?: AbortSignal): Promise<FunctionReference> {
    signal?.throwIfAborted();
    const known = this.#known.get(fn);
    if (known !== undefined) return known;
    checkCallable(fn);
    const search = this.#searchOnce(fn);
    return signal === undefined ? search : abortable(search, signal);
  }

  #searchOnce(fn: Function): Promise<FunctionReference> {
    const running = this.#searches.get(fn);
    if (running !== undefined) return running;
    const search = this.#search(fn);
    this.#searches.set(fn, search);
    return search;
  }

  async #search(fn: Function): Promise<FunctionReference> {
    try {
      const reference = await this.#locateAndSearch(fn);
      this.#known.set(fn, reference);
      return reference;
    } finally {
      this.#searches.delete(fn);
    }
  }

  async #locateAndSearch(fn: Function): Promise<FunctionReference> {
    // A call made while a CommonJS module loads comes before its last line, which may be the one that exports.
    await Promise.resolve();
    const location = this.#locate(fn);
    if (location === undefined || location.url.startsWith("node:")) {
      const builtin = await findBuiltin(fn, location?.url);
      if (builtin !== undefined) return builtin;
      throw new FunctionNotFoundError(
        `${describeFunction(fn, location)} is ${location ? "internal to Node.js" : "a bound, native or proxied function"} and has no ` +
          `name under which a worker finds it; export a function that calls it, and pass that one`,
      );
    }
    return this.#searchModule(fn, location);
  }

  #locate(fn: Function): FunctionLocation | undefined {
    try {
      return locateFunction(fn, this.#scripts);
    } catch (cause) {
      throw new FunctionNotFoundError(
        `${describeFunction(fn)} cannot be looked up: V8's inspector, which knows where a function was defined, is not ` +
          `available here (${messageOf(cause)}); Node's permission model, if it is on, must allow it (--allow-inspector)`,
        { cause },
      );
    }
  }

  async #searchModule(fn: Function, location: FunctionLocation): Promise<FunctionReference> {
    const subject = describeFunction(fn, location, this.#root);
    const file = fileOfScript(location, subject);
    const shown = describeFile(location.url, this.#root);
    if (file === mainModulePath()) {
      throw new FunctionNotFoundError(
        `${subject} is defined in the program's main module, and a worker that imports ${shown} would run the whole ` +
          `program again; move the function to a module of its own and export it there`,
      );
    }
    const name =
      commonJsExportPathOf(file, fn) ?? exportPathOf(await this.#import(location.url, subject, shown), fn);
    if (name === undefined) {
      throw new FunctionNotFoundError(
        `${subject} is not an export of ${shown}; export it from that very file (to export it from another one is not ` +
          `enough), or, if it was made inside another function, export a function that gets what it needs as arguments`,
      );
    }
    const { search, hash } = new URL(location.url);
    const module = moduleOfPath(this.#root, file, search + hash);
    if (module === undefined) {
      throw new FunctionNotFoundError(`${subject} is on another drive than the project root ${this.#root}`);
    }
    return { module, export: name, name: fn.name || name };
  }

  async #import(url: string, subject: string, shown: string): Promise<object> {
    const late = (): Error =>
      new FunctionNotFoundError(
        `${subject} was called while ${shown} is still loading: its top-level await, or that of a module that imports ` +
          `it in a circle, waits, perhaps for this very call; make the call from a module that imports ${shown}`,
      );
    try {
      return await settleWithin(importModule(url), this.#importLimitMs, late);
    } catch (cause) {
      if (cause instanceof FunctionNotFoundError) throw cause;
      throw new FunctionNotFoundError(
        `${subject} is in a module that Node cannot import again (${messageOf(cause)}); was ${shown} loaded by a bundler ` +
          `or a test runner with a loader of its own?`,
        { cause },
      );
    }
  }
}

function checkCallable(fn: Function): void {
  if (typeof fn !== "function") throw new TypeError(`expected a function to call, got ${describeValue(fn)}`);
  // The prototype of a class, unlike that of a function, cannot be replaced.
  const isClass =
    Object.getOwnPropertyDescriptor(fn, "prototype")?.writable === false &&
    Function.prototype.toString.call(fn).startsWith("class");
  if (!isClass) return;
  throw new TypeError(
    `class ${fn.name || "(anonymous)"} cannot be called; pass an exported function that uses it`,
  );
}

function describeValue(value: unknown): string {
  return value === null ? "null" : typeof value;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
