import type { ImportedBinding } from "./function-reference.js";
import { scriptText } from "./function-inspector.js";
import { beginsStrict, importsOf } from "./script-imports.js";
import type { SourceParser } from "./source-parser.js";

/** What the script around a function says: whether its code is strict, and what it imports under which name. */
export interface ScriptContext {
  readonly isStrict: boolean;
  readonly imports: ReadonlyMap<string, ImportedBinding>;
}

const none: ReadonlyMap<string, ImportedBinding> = new Map();

/** Reads each script once. */
export class ScriptContexts {
  readonly #known = new Map<string, ScriptContext>();

  of(parser: SourceParser, scriptId: string, isModule: boolean): ScriptContext {
    let context = this.#known.get(scriptId);
    if (context === undefined) {
      const text = scriptText(scriptId) ?? "";
      context = isModule
        ? { isStrict: true, imports: moduleImports(parser, text) }
        : { isStrict: beginsStrict(text), imports: none };
      this.#known.set(scriptId, context);
    }
    return context;
  }
}

/** A text that the parser cannot read is newer than it: what it imports then goes by value or by name. */
function moduleImports(parser: SourceParser, text: string): ReadonlyMap<string, ImportedBinding> {
  try {
    return importsOf(parser, text);
  } catch {
    return none;
  }
}
