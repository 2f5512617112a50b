import { FunctionNotFoundError } from "../errors.js";
import { abortable } from "../util/time-limit.js";
import { findBuiltin } from "./builtin-functions.js";
import { commonJsExportPathOf } from "./commonjs-modules.js";
import { exportPathOf } from "./exported-functions.js";
import { captureFunction } from "./function-capture.js";
import { describeFile, describeFunction, pathOfUrl } from "./function-description.js";
import type { ScriptUrls } from "./function-location.js";
import { REVIVED_SCOPE } from "./function-scopes.js";
import type {
  FoundReference,
  FunctionByName,
  FunctionReference,
  ModuleReference,
} from "./function-reference.js";
import { snapshotFunction, type FunctionSnapshot } from "./function-snapshot.js";
import { importModule } from "./import-module.js";
import { mainModulePath, realPath } from "./main-module.js";
import { moduleOfPath } from "./module-path.js";
import { checkProjectRoot } from "./project-root.js";
import { ScriptContexts } from "./script-context.js";
import { settleWithin } from "./settle-within.js";
import { SourceParser } from "./source-parser.js";
import type { ValueExtension } from "../protocol/value-extension.js";

/** A module whose function is at hand is loaded, so to import it again takes no time unless it waits for us. */
const IMPORT_LIMIT_MS = 5000;

export interface FunctionFinderOptions {
  /** Folder to which module paths are relative; it stands for the project on every process. */
  readonly projectRoot: string;
  /** How long a module may go on loading, in milliseconds; default 5,000. */
  readonly importLimitMs?: number;
  /** The name of a file that is not what its path says; undefined for all others. */
  readonly moduleOf?: (file: string) => string | undefined;
  /** The unit of code that a function needs. Default: functions say nothing of it, and processes do not compare theirs. */
  readonly unitFor?: (reference: FunctionReference) => string | undefined;
  /** How objects travel that are more than their data; default none. */
  readonly extensions?: readonly ValueExtension[];
}

/**
 * Finds how other processes get a function. By its name, if there is one: V8 knows the script it came from, and
 * importing that very URL once more gives the module that is loaded, in whose exports the function is looked for by
 * identity. Otherwise by value, with what it captures. A function is remembered by identity: an arrow function that is
 * written inside a loop is a new one each time round, and looked at each time.
 */
export class FunctionFinder {
  readonly #root: string;
  readonly #importLimitMs: number;
  readonly #moduleOf: (file: string) => string | undefined;
  readonly #unitFor: FunctionFinderOptions["unitFor"];
  readonly #extensions: readonly ValueExtension[];
  readonly #scripts: ScriptUrls = new Map();
  readonly #contexts = new ScriptContexts();
  readonly #known = new WeakMap<Function, FoundReference>();
  /** Searches under way, so that many calls of one function at once make one search. */
  readonly #searches = new WeakMap<Function, Promise<FoundReference>>();

  /** Throws a `TypeError` if the project root is no folder. */
  constructor({
    projectRoot,
    importLimitMs = IMPORT_LIMIT_MS,
    moduleOf,
    unitFor,
    extensions = [],
  }: FunctionFinderOptions) {
    this.#extensions = extensions;
    this.#root = checkProjectRoot(projectRoot);
    this.#importLimitMs = importLimitMs;
    this.#moduleOf = (file) => moduleOf?.(file) ?? moduleOfPath(this.#root, file);
    this.#unitFor = unitFor;
  }

  /** What is known already, without waiting: one look-up. */
  known(fn: Function): FoundReference | undefined {
    return this.#known.get(fn);
  }

  /**
   * Rejects with a `FunctionNotFoundError` or `SerializationError` that says what to do if the function, or something
   * that it captures, cannot travel, with a `TypeError` for a class, and with the signal's reason once that aborts.
   * Captured variables of `fn` itself are read before this returns.
   */
  async find(fn: Function, signal?: AbortSignal): Promise<FoundReference> {
    signal?.throwIfAborted();
    const known = this.#known.get(fn);
    if (known !== undefined) return known;
    checkCallable(fn);
    const search = this.#searchOnce(fn);
    return signal === undefined ? search : abortable(search, signal);
  }

  /** How other processes import a module, by its `file:` URL. Rejects with a `TypeError` or `FunctionNotFoundError`. */
  async findModule(url: string): Promise<ModuleReference> {
    const path = pathOfUrl(url);
    if (path === undefined) {
      throw new TypeError(
        `a module is given by its file: URL, as import.meta.resolve("./set-up.js") has it, not by ${JSON.stringify(url)}`,
      );
    }
    const file = realPath(path);
    if (file === undefined) throw new FunctionNotFoundError(`there is no module ${path}`);
    if (file === mainModulePath()) {
      throw new FunctionNotFoundError(
        `module ${describeFile(url, this.#root)} is the program's main module, and to import it would run the program again`,
      );
    }
    const { search, hash } = new URL(url);
    const module = this.#moduleOf(file);
    if (module === undefined)
      throw new FunctionNotFoundError(`no relative path leads from ${this.#root} to ${file}`);
    return this.#withCode({ kind: "module", module: module + search + hash, name: module });
  }

  #searchOnce(fn: Function): Promise<FoundReference> {
    const running = this.#searches.get(fn);
    if (running !== undefined) return running;
    const search = this.#search(fn);
    this.#searches.set(fn, search);
    return search;
  }

  async #search(fn: Function): Promise<FoundReference> {
    try {
      const reference = this.#withCode(await this.#locateAndSearch(fn));
      this.#known.set(fn, reference);
      return reference;
    } finally {
      this.#searches.delete(fn);
    }
  }

  #withCode<Reference extends FunctionReference>(reference: Reference): Reference {
    const code = this.#unitFor?.(reference);
    return code === undefined ? reference : { ...reference, code };
  }

  async #locateAndSearch(fn: Function): Promise<FoundReference> {
    // Before anything is awaited: the caller may change a captured variable right after the call.
    const snapshot = this.#snapshot(fn);
    // A call made while a CommonJS module loads comes before its last line, which may be the one that exports.
    await Promise.resolve();
    const subject = describeFunction(fn, snapshot?.location, this.#root);
    const named = await this.#nameOf(fn, snapshot, subject);
    if (named !== undefined || snapshot === undefined) return named!;
    return captureFunction(fn, snapshot, {
      root: this.#root,
      moduleOf: this.#moduleOf,
      parser: await SourceParser.load(),
      scripts: this.#contexts,
      snapshot: (inner) => this.#snapshot(inner),
      nameOf: (inner, around, path) => this.#nameOf(inner, around, path),
      isCarried: (value) => this.#extensions.some((extension) => extension.matches(value)),
    });
  }

  #snapshot(fn: Function): FunctionSnapshot | undefined {
    try {
      return snapshotFunction(fn, this.#scripts);
    } catch (cause) {
      throw new FunctionNotFoundError(
        `${describeFunction(fn)} cannot be looked up: V8's inspector, which knows where a function was defined, is not ` +
          `available here (${messageOf(cause)}); Node's permission model, if it is on, must allow it (--allow-inspector)`,
        { cause },
      );
    }
  }

  /** Undefined if no module exports it; rejects for one that has no source either. `subject` is what messages call it. */
  async #nameOf(
    fn: Function,
    snapshot: FunctionSnapshot | undefined,
    subject: string,
  ): Promise<FunctionByName | undefined> {
    const location = snapshot?.location;
    // Its module exports functions of its own, and may be the main module of another process.
    if (snapshot?.scopes.some(({ variables }) => variables.has(REVIVED_SCOPE))) return undefined;
    if (location !== undefined && !location.url.startsWith("node:")) {
      return this.#searchModule(fn, location.url, subject);
    }
    const builtin = await findBuiltin(fn, location?.url);
    if (builtin !== undefined) return builtin;
    throw new FunctionNotFoundError(
      `${subject} is ${location ? "internal to Node.js" : "a bound, native or proxied function"} and has no ` +
        `name under which a worker finds it, nor a source that could be sent; use a function that calls it instead`,
    );
  }

  async #searchModule(fn: Function, url: string, subject: string): Promise<FunctionByName | undefined> {
    const path = pathOfUrl(url);
    const file = path && realPath(path);
    // A worker that imported the program's main module would run the program again.
    if (file === undefined || file === "" || file === mainModulePath()) return undefined;
    const shown = describeFile(url, this.#root);
    const name = commonJsExportPathOf(file, fn) ?? exportPathOf(await this.#import(url, subject, shown), fn);
    const { search, hash } = new URL(url);
    const module = this.#moduleOf(file);
    if (name === undefined || module === undefined) return undefined;
    return { module: module + search + hash, export: name, name: fn.name || name };
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
  throw new TypeError(`class ${fn.name || "(anonymous)"} cannot be called; pass a function that uses it`);
}

function describeValue(value: unknown): string {
  return value === null ? "null" : typeof value;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
