import type { Composition } from "./compositions.js";

/**
 * How another process of the same project gets a function: finds it by its name, builds it from its source, or puts it
 * together from others.
 */
export type FunctionReference =
  FunctionByName | FunctionByValue | ModuleReference | InitializeReference | ComposedFunction;

/** How a function itself is found or built. */
export type FoundReference = FunctionByName | FunctionByValue;

/** The code that a function needs. */
interface NeedsCode {
  /** The unit of code, by which a process that lacks it asks for it; undefined if every process has what is needed. */
  readonly code?: string;
}

/** An exported function of a module that both processes have. */
export interface FunctionByName extends NeedsCode {
  /**
   * Where it is exported: a POSIX path relative to the project root (`src/work.js`, `../shared/work.js`), with the
   * query and fragment the module was loaded with; a module of Node's own (`node:path`); or `global:`.
   */
  readonly module: string;
  /** The export: `resize`, `default`, or dotted for what lies inside an export (`Geometry.area`). */
  readonly export: string;
  /** What to call it in logs and messages. */
  readonly name: string;
}

/** The `module` of functions that are found from `globalThis`: `Math.sqrt`, `parseInt`. */
export const GLOBAL_MODULE = "global:";

/** A function that no module exports, with everything it needs. */
export interface FunctionByValue extends NeedsCode {
  readonly kind: "value";
  readonly name: string;
  /** The function itself, and then those that it uses, directly or through others. */
  readonly functions: readonly (FunctionByName | FunctionSource)[];
  /** An encoded array of the values that they use; a function inside one of them is its index in `functions`. */
  readonly values: Uint8Array;
  /** Objects inside the values that have a way of their own to travel (remote references); the values hold their index. */
  readonly carried?: readonly object[];
}

/** A module that is to be imported: as a function, one that does nothing once that is done. */
export interface ModuleReference extends NeedsCode {
  readonly kind: "module";
  readonly name: string;
  /** As `FunctionByName.module`. */
  readonly module: string;
}

/** A function whose result, if it is a function, is kept by the worker until it leaves, and called then. */
export interface InitializeReference {
  readonly kind: "initialize";
  readonly name: string;
  readonly function: FoundReference;
}

/** A function that is made of others in a way that every process knows. */
export interface ComposedFunction {
  readonly kind: "composed";
  readonly name: string;
  readonly composition: Composition;
  readonly functions: readonly FoundReference[];
}

/** The text of a function or class, and what its free variables hold. */
export interface FunctionSource {
  readonly form: "function" | "class";
  readonly name: string;
  /** A property of an object literal, under the key `name`, whose value is the function. */
  readonly source: string;
  /** Whether the text was strict code where it stood. */
  readonly isStrict: boolean;
  readonly place: SourcePlace;
  readonly captured: Readonly<Record<string, Captured>>;
  /** Variables that a class reads while it is being defined: its base, static fields. */
  readonly eager: readonly string[];
}

/** Where the text stood, for stack traces and for the imports inside it. Line and column count from 1. */
export interface SourcePlace {
  /** As `FunctionByName.module`; for a function of no file, a name in the project root. */
  readonly module: string;
  readonly line: number;
  readonly column: number;
}

/** What a captured variable holds. */
export type Captured =
  | { readonly kind: "function"; readonly index: number }
  | { readonly kind: "value"; readonly index: number }
  | ImportedBinding
  /** The whole of a CommonJS module: its `module.exports`. */
  | { readonly kind: "commonjs"; readonly module: string }
  /** `require`, or the `import.meta`, of the module that the function stands in. */
  | { readonly kind: "require" }
  | { readonly kind: "import.meta" };

/** A name that the function's module imports; imported again, from the same place, where the function is built. */
export interface ImportedBinding {
  readonly kind: "import";
  readonly specifier: string;
  /** `*` for the module's namespace. */
  readonly export: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export function isByValue(reference: FunctionReference): reference is FunctionByValue {
  return "kind" in reference && reference.kind === "value";
}

export function isComposed(reference: FunctionReference): reference is ComposedFunction {
  return "kind" in reference && reference.kind === "composed";
}
