import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { FunctionNotFoundError } from "../errors.js";
import { Decoder } from "../protocol/codec.js";
import { carriedExtension, functionExtension } from "./captured-functions.js";
import {
  type Captured,
  type FunctionByName,
  type FunctionByValue,
  type FunctionSource,
  type ImportedBinding,
} from "./function-reference.js";
import { REVIVED_SCOPE } from "./function-scopes.js";
import { evaluateAt, importFrom } from "./import-from.js";
import type { CodePlace } from "./code/code-place.js";

/** Minified scripts have columns that are not worth their spaces. */
const MAX_INDENT = 1000;

export interface RevivalContext {
  /** Where this process has the modules that the function imports. */
  readonly place: CodePlace;
  readonly load: (reference: FunctionByName) => Promise<Function>;
}

/**
 * Builds a function, and those that it uses, from their sources. Rejects with a `FunctionNotFoundError` if a module
 * that they need is not here.
 */
export async function reviveFunction(reference: FunctionByValue, context: RevivalContext): Promise<Function> {
  const revival = new FunctionRevival(reference, context);
  await revival.loadModules();
  return revival.build();
}

/** A function's source with its captured variables around it, compiled but perhaps not evaluated. */
interface Compiled {
  readonly source: FunctionSource;
  readonly fill: (values: Record<string, unknown>) => void;
  readonly evaluate: () => Function;
}

/**
 * Functions may refer to each other in circles. So all of them are made first, with empty variables, which are filled
 * afterwards. Classes, whose definition runs code, follow in the order in which they need each other.
 */
class FunctionRevival {
  readonly #reference: FunctionByValue;
  readonly #context: RevivalContext;
  readonly #compiled: (Compiled | undefined)[];
  /** By index; a hole is a class that has not been defined. */
  readonly #functions: (Function | undefined)[] = [];
  readonly #imported = new Map<Captured, unknown>();
  readonly #defining = new Set<number>();
  #values: readonly unknown[] | undefined;

  constructor(reference: FunctionByValue, context: RevivalContext) {
    this.#reference = reference;
    this.#context = context;
    this.#compiled = reference.functions.map((entry) =>
      "source" in entry ? compile(entry, this.#urlOf(entry)) : undefined,
    );
  }

  async loadModules(): Promise<void> {
    const loads: Promise<void>[] = [];
    for (const [index, entry] of this.#reference.functions.entries()) {
      if (!("source" in entry)) loads.push(this.#loadNamed(index, entry));
      else for (const captured of Object.values(entry.captured)) loads.push(this.#import(captured, entry));
    }
    await Promise.all(loads);
  }

  build(): Function {
    for (const [index, compiled] of this.#compiled.entries()) {
      if (compiled?.source.form === "function") this.#functions[index] = compiled.evaluate();
    }
    const decoder = new Decoder({
      extensions: [
        functionExtension(noIndex, (index) => this.#function(index)),
        carriedExtension(() => false, [...(this.#reference.carried ?? [])]),
      ],
    });
    this.#values = decoder.decode(this.#reference.values, []) as readonly unknown[];
    for (const compiled of this.#compiled) if (compiled !== undefined) this.#fill(compiled);
    for (const index of this.#compiled.keys()) this.#function(index);
    return this.#function(0);
  }

  #function(index: number): Function {
    const found = this.#functions[index];
    if (found !== undefined) return found;
    const compiled = this.#compiled[index];
    if (compiled === undefined)
      throw new FunctionNotFoundError(`function ${index} was announced and never came`);
    return this.#defineClass(index, compiled);
  }

  #defineClass(index: number, compiled: Compiled): Function {
    const { name, eager, captured } = compiled.source;
    if (this.#defining.has(index)) {
      throw new FunctionNotFoundError(`class ${name} needs itself while it is being defined`);
    }
    this.#defining.add(index);
    for (const used of eager) this.#prepare(captured[used], new Set([index]));
    this.#fill(compiled);
    const defined = compiled.evaluate();
    this.#functions[index] = defined;
    this.#defining.delete(index);
    // Whoever captured it can have it now.
    for (const other of this.#compiled)
      if (other !== undefined && this.#uses(other, index)) this.#fill(other);
    return defined;
  }

  /** Code of a class that runs at its definition may call a function, and that one use another class. */
  #prepare(captured: Captured | undefined, seen: Set<number>): void {
    if (captured?.kind !== "function" || seen.has(captured.index)) return;
    seen.add(captured.index);
    const compiled = this.#compiled[captured.index];
    if (compiled === undefined) return;
    if (compiled.source.form === "class") this.#function(captured.index);
    else {
      for (const inner of Object.values(compiled.source.captured)) this.#prepare(inner, seen);
      this.#fill(compiled);
    }
  }

  #uses({ source }: Compiled, index: number): boolean {
    return Object.values(source.captured).some(
      (captured) => captured.kind === "function" && captured.index === index,
    );
  }

  #fill({ source, fill }: Compiled): void {
    const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const [name, captured] of Object.entries(source.captured)) {
      values[name] = this.#valueOf(captured, source);
    }
    fill(values);
  }

  #valueOf(captured: Captured, source: FunctionSource): unknown {
    switch (captured.kind) {
      case "function":
        return this.#functions[captured.index];
      case "value":
        return this.#values?.[captured.index];
      case "import":
        return this.#imported.get(captured);
      case "commonjs":
        return createRequire(this.#urlOf(source))(this.#context.place.fileOf(captured.module));
      case "require":
        return createRequire(this.#urlOf(source));
      case "import.meta":
        return importMeta(this.#urlOf(source));
    }
  }

  async #loadNamed(index: number, entry: FunctionByName): Promise<void> {
    this.#functions[index] = await this.#context.load(entry);
  }

  async #import(captured: Captured, source: FunctionSource): Promise<void> {
    if (captured.kind === "import") this.#imported.set(captured, await this.#importBinding(captured, source));
  }

  async #importBinding(binding: ImportedBinding, source: FunctionSource): Promise<unknown> {
    const { specifier, attributes, export: name } = binding;
    let namespace: object;
    try {
      const here = this.#context.place.specifierIn(source.place.module, specifier);
      namespace = await importFrom(this.#urlOf(source), here, attributes);
    } catch (cause) {
      const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
      throw new FunctionNotFoundError(
        `${describe(source)} needs ${specifier}, which could not be loaded on this worker: ${reason}`,
        { cause },
      );
    }
    if (name === "*") return namespace;
    if (name in namespace) return Reflect.get(namespace, name) as unknown;
    throw new FunctionNotFoundError(
      `${describe(source)} needs ${name} of ${specifier}, which on this worker has no such export. Is the worker ` +
        `built from the same version of the project?`,
    );
  }

  #urlOf({ place }: FunctionSource): string {
    return pathToFileURL(this.#context.place.fileOf(place.module)).href;
  }
}

/**
 * The text of a function becomes code here, and nowhere else: it comes from the manager, which has proved that it may
 * run anything here anyway. Its own variables are declared around it and no other name is; line and column are those
 * of its file, as a stack trace shows them.
 */
function compile(source: FunctionSource, url: string): Compiled {
  const captured = Object.keys(source.captured);
  const declaration = `let ${[REVIVED_SCOPE, ...captured].join(", ")}; `;
  // V8 keeps only variables that a function mentions.
  const assignment = `${REVIVED_SCOPE}; ({ ${captured.join(", ")} } = arguments[0]);`;
  const end = source.source.indexOf("\n");
  const head = source.source.slice(0, end);
  const text =
    `${source.isStrict ? '"use strict"; ' : ""}(function () { ${declaration}return [function () { ${assignment} }, ` +
    `() => ({ ${head}\n${" ".repeat(Math.min(source.place.column - 1, MAX_INDENT))}${source.source.slice(end + 1)}\n` +
    `})[${JSON.stringify(source.name)}]]; })()`;
  const [fill, evaluate] = evaluateAt(text, url, source.place.line - 1) as [
    Compiled["fill"],
    Compiled["evaluate"],
  ];
  return { source, fill, evaluate };
}

function importMeta(url: string): object {
  const filename = fileURLToPath(url);
  return { url, filename, dirname: dirname(filename) };
}

function describe({ name, place }: FunctionSource): string {
  return `function ${name || "(anonymous)"} (${place.module}:${place.line})`;
}

function noIndex(): number {
  throw new TypeError("a revival only reads");
}
