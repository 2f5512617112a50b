import { isBuiltin } from "node:module";
import { FunctionNotFoundError } from "../errors.js";
import { Encoder } from "../protocol/codec.js";
import { carriedExtension, functionExtension, functionsInside } from "./captured-functions.js";
import { commonJsFileOf } from "./commonjs-modules.js";
import { describeFunction, pathOfUrl } from "./function-description.js";
import type {
  Captured,
  FunctionByName,
  FunctionByValue,
  FunctionSource,
  ImportedBinding,
  SourcePlace,
} from "./function-reference.js";
import type { FunctionSnapshot } from "./function-snapshot.js";
import { functionName, readFunctionText, type FunctionText } from "./function-text.js";
import { mainModulePath, realPath } from "./main-module.js";
import type { ScriptContexts } from "./script-context.js";
import type { SourceParser } from "./source-parser.js";

/** What capturing needs to know of the program. */
export interface CaptureContext {
  readonly root: string;
  /** As in `FunctionByName.module`; undefined if no name leads there. */
  readonly moduleOf: (file: string) => string | undefined;
  readonly parser: SourceParser;
  readonly scripts: ScriptContexts;
  readonly snapshot: (fn: Function) => FunctionSnapshot | undefined;
  /** Undefined for a function that has no name for other processes; rejects if it cannot travel by value either. */
  readonly nameOf: (
    fn: Function,
    snapshot: FunctionSnapshot | undefined,
    subject: string,
  ) => Promise<FunctionByName | undefined>;
  /** Whether an object inside a captured value has a way of its own to travel. */
  readonly isCarried: (value: object) => boolean;
}

/** A function in JavaScript of this process, of which V8 has told what is around it. */
interface FoundFunction {
  readonly fn: Function;
  readonly snapshot: FunctionSnapshot;
  /** How messages call it. */
  readonly subject: string;
}

/**
 * Takes a function with all it needs: its source, the values of its free variables, and the same again for functions
 * among those. Rejects with a `FunctionNotFoundError` or `SerializationError` that names the variable which cannot
 * travel.
 */
export function captureFunction(
  fn: Function,
  snapshot: FunctionSnapshot,
  context: CaptureContext,
): Promise<FunctionByValue> {
  return new FunctionCapture(context).run(fn, snapshot);
}

class FunctionCapture {
  readonly #context: CaptureContext;
  readonly #functions: (FunctionByName | FunctionSource)[] = [];
  readonly #indexes = new Map<Function, number>();
  readonly #open: { readonly fn: Function; readonly subject: string }[] = [];
  readonly #values: { readonly value: unknown; readonly subject: string }[] = [];
  readonly #carried: object[] = [];

  constructor(context: CaptureContext) {
    this.#context = context;
  }

  async run(root: Function, snapshot: FunctionSnapshot): Promise<FunctionByValue> {
    this.#indexes.set(root, 0);
    this.#functions[0] = this.#source({
      fn: root,
      snapshot,
      subject: describeFunction(root, snapshot.location, this.#context.root),
    });
    await this.#describeOpen();
    let values = this.#encodeValues();
    // Functions inside the values came to light, and what they capture is one more value each.
    while (this.#open.length > 0) {
      await this.#describeOpen();
      values = this.#encodeValues();
    }
    return {
      kind: "value",
      name: functionName(root),
      functions: this.#functions,
      values,
      ...(this.#carried.length === 0 ? {} : { carried: this.#carried }),
    };
  }

  async #describeOpen(): Promise<void> {
    for (let next = this.#open.shift(); next !== undefined; next = this.#open.shift()) {
      this.#functions[this.#indexOf(next.fn, next.subject)] = await this.#describe(next.fn, next.subject);
    }
  }

  async #describe(fn: Function, subject: string): Promise<FunctionByName | FunctionSource> {
    const { snapshot: takeSnapshot, nameOf, root } = this.#context;
    const snapshot = takeSnapshot(fn);
    const named = await nameOf(fn, snapshot, subject);
    if (named !== undefined || snapshot === undefined) return named!;
    return this.#source({ fn, snapshot, subject: describeFunction(fn, snapshot.location, root) });
  }

  /** The function's place among those that travel; it is looked at later if it is new. */
  #indexOf(fn: Function, subject: string): number {
    const known = this.#indexes.get(fn);
    if (known !== undefined) return known;
    const index = this.#indexes.size;
    this.#indexes.set(fn, index);
    this.#open.push({ fn, subject });
    return index;
  }

  #source(found: FoundFunction): FunctionSource {
    const { fn, snapshot } = found;
    const { parser, scripts } = this.#context;
    const isModule = snapshot.scopes.some((scope) => scope.isModule);
    const script = scripts.of(parser, snapshot.location.scriptId, isModule);
    const text = this.#text(found, script.isStrict);
    const captured: Record<string, Captured> = {};
    for (const name of text.surroundings.names) {
      const variable = this.#captured(name, found, script.imports);
      if (variable !== undefined) captured[name] = variable;
    }
    if (text.importMetaName !== undefined) captured[text.importMetaName] = { kind: "import.meta" };
    return {
      form: text.form,
      name: functionName(fn),
      source: text.source,
      isStrict: script.isStrict,
      place: this.#place(snapshot, text),
      captured,
      eager: text.surroundings.eagerNames.filter((name) => name in captured),
    };
  }

  #text({ fn, subject }: FoundFunction, isStrict: boolean): FunctionText {
    let text: FunctionText;
    try {
      text = readFunctionText(this.#context.parser, fn, isStrict);
    } catch (cause) {
      throw new FunctionNotFoundError(
        `${subject} has a source text that cannot be read (${messageOf(cause)}); export it from a module of its own`,
        { cause },
      );
    }
    const { bound } = text.surroundings;
    if (bound.length === 0) return text;
    throw new FunctionNotFoundError(
      `${subject} uses ${bound.join(" and ")} of the code around it, which cannot travel with it; put what it needs ` +
        `of that into a variable or an argument, or export a function that makes it`,
    );
  }

  /** Undefined for a global: every process has its own. */
  #captured(
    name: string,
    { snapshot, subject }: FoundFunction,
    imports: ReadonlyMap<string, ImportedBinding>,
  ): Captured | undefined {
    const scope = snapshot.scopes.find(({ variables }) => variables.has(name));
    const variable = scope?.variables.get(name);
    if (scope === undefined || variable === undefined) return undefined;
    const path = `captured variable "${name}" of ${subject}`;
    const imported = scope.isModule ? imports.get(name) : undefined;
    if (imported !== undefined && !leadsToMain(imported.specifier, snapshot.location.url)) return imported;
    if (!variable.isReady) {
      throw new FunctionNotFoundError(
        `${path} has no value yet: its declaration has not run; make the call after it`,
      );
    }
    return this.#capturedValue(variable.value, path);
  }

  #capturedValue(value: unknown, path: string): Captured {
    if (isRequire(value)) return { kind: "require" };
    if (typeof value === "function") return { kind: "function", index: this.#indexOf(value, path) };
    const module = this.#moduleOf(value);
    if (module !== undefined) return module;
    return { kind: "value", index: this.#values.push({ value, subject: path }) - 1 };
  }

  /** A variable that holds a whole module which was not imported by that name: `const fs = require("fs")`. */
  #moduleOf(value: unknown): Captured | undefined {
    if (typeof value !== "object" || value === null) return undefined;
    const builtin = builtinOf(value);
    if (builtin !== undefined) return builtin;
    const file = commonJsFileOf(value);
    if (file === undefined || file === mainModulePath()) return undefined;
    const module = this.#context.moduleOf(file);
    return module === undefined ? undefined : { kind: "commonjs", module };
  }

  #place({ location }: FunctionSnapshot, { anchor }: FunctionText): SourcePlace {
    const path = pathOfUrl(location.url);
    const file = path && realPath(path);
    return {
      module: (file && this.#context.moduleOf(file)) ?? "[eval]",
      line: location.line - anchor.line,
      column: Math.max(1, location.column - anchor.column),
    };
  }

  /** Encoded here and now: what changes later does not change the function, and every worker gets the same. */
  #encodeValues(): Uint8Array {
    const found: Function[] = [];
    const toIndex = (fn: Function): number => {
      const index = this.#indexes.get(fn);
      if (index === undefined) found.push(fn);
      return index ?? 0;
    };
    const extensions = [
      functionExtension(toIndex, () => toIndex),
      carriedExtension(this.#context.isCarried, this.#carried),
    ];
    const encoder = new Encoder({ segmentThreshold: Number.MAX_SAFE_INTEGER, extensions });
    try {
      const { body } = encoder.encode(this.#values.map(({ value }) => value));
      if (found.length === 0) return body.slice();
    } catch (error) {
      // Once more one by one, to name the variable.
      for (const { value, subject } of this.#values) encoder.encode(value, subject);
      throw error;
    }
    for (const { value, subject } of this.#values) {
      for (const inside of functionsInside(value, subject)) this.#indexOf(inside.fn, inside.path);
    }
    for (const fn of found) this.#indexOf(fn, `${describeFunction(fn)}, held by a captured variable,`);
    return new Uint8Array();
  }
}

function isRequire(value: unknown): boolean {
  return typeof value === "function" && value.name === "require" && "resolve" in value && "cache" in value;
}

/** Among the modules that are loaded; to look at others would load them, and some of them warn when that happens. */
function builtinOf(value: object): ImportedBinding | undefined {
  const { moduleLoadList = [] } = process as { readonly moduleLoadList?: readonly string[] };
  for (const entry of moduleLoadList) {
    const name = entry.slice("NativeModule ".length);
    const specifier = name.startsWith("node:") ? name : `node:${name}`;
    if (!isBuiltin(specifier) || name.startsWith("_")) continue;
    const isThis = process.getBuiltinModule(specifier) === value;
    if (isThis) return { kind: "import", specifier, export: "default", attributes: {} };
  }
  return undefined;
}

/** A worker that imported the program's main module would run the program; what comes from there goes by value. */
function leadsToMain(specifier: string, url: string): boolean {
  const main = mainModulePath();
  if (main === undefined || !/^\.{0,2}\//.test(specifier) || !URL.canParse(specifier, url)) return false;
  const path = pathOfUrl(new URL(specifier, url).href);
  // A loader may find `main.ts` under `main.js`.
  return path !== undefined && withoutExtension(path) === withoutExtension(main);
}

function withoutExtension(path: string): string {
  return path.replace(/\.[cm]?[jt]sx?$/, "");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
