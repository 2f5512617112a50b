import { isBuiltin } from "node:module";
import {
  GLOBAL_MODULE,
  isComposed,
  type FunctionReference,
  type FunctionSource,
} from "../function-reference.js";

/** What a function imports from its project: whole modules, and specifiers in the places of functions by value. */
export interface CodeEntries {
  readonly modules: readonly string[];
  readonly specifiers: readonly SpecifierEntry[];
}

export interface SpecifierEntry {
  /** The module that it stands in. */
  readonly from: string;
  readonly specifier: string;
  /** It stands somewhere in the text of a function, which may never come to it. */
  readonly isOptional: boolean;
  readonly isRequired: boolean;
}

/** `import("./x.js")` and `require("./x.cjs")` in the text of a function; what is computed cannot be known. */
const LATE_IMPORT = /\b(import|require)\s*\(\s*(["'])([^"'\n]+)\2/g;

/** Undefined if it imports nothing but what every worker has. */
export function codeEntriesOf(reference: FunctionReference): CodeEntries | undefined {
  const modules = new Set<string>();
  const specifiers = new Map<string, SpecifierEntry>();
  const addModule = (module: string): void => {
    if (module !== GLOBAL_MODULE && !module.startsWith("node:")) modules.add(module.replace(/[?#].*$/, ""));
  };
  const addSpecifier = (entry: SpecifierEntry): void => {
    if (isOfEveryWorker(entry.specifier)) return;
    const key = JSON.stringify([entry.from, entry.specifier]);
    const known = specifiers.get(key);
    specifiers.set(key, known === undefined || known.isOptional ? entry : known);
  };
  const addSource = (source: FunctionSource): void => {
    const from = source.place.module;
    for (const captured of Object.values(source.captured)) {
      if (captured.kind === "commonjs") addModule(captured.module);
      else if (captured.kind === "import") {
        addSpecifier({ from, specifier: captured.specifier, isOptional: false, isRequired: false });
      }
    }
    for (const [, keyword, , specifier = ""] of source.source.matchAll(LATE_IMPORT)) {
      addSpecifier({ from, specifier, isOptional: true, isRequired: keyword === "require" });
    }
  };
  // Each of its functions says by itself what it needs.
  if (isComposed(reference)) return undefined;
  if (!("kind" in reference)) addModule(reference.module);
  else if (reference.kind === "module") addModule(reference.module);
  else if (reference.kind === "initialize") return codeEntriesOf(reference.function);
  else {
    for (const entry of reference.functions) {
      if ("source" in entry) addSource(entry);
      else addModule(entry.module);
    }
  }
  if (modules.size === 0 && specifiers.size === 0) return undefined;
  return { modules: [...modules], specifiers: [...specifiers.values()] };
}

/** Node's own modules, and Rollcall, of which every worker has its own. */
export function isOfEveryWorker(specifier: string): boolean {
  return isBuiltin(specifier) || /^rollcall(\/|$)/.test(specifier) || /^(node|data|https?):/.test(specifier);
}
