import type * as Acorn from "acorn";

/**
 * Reads JavaScript. The parser is loaded with the first function that travels by value: a worker only builds such
 * functions, and never loads it.
 */
export class SourceParser {
  static #loading: Promise<SourceParser> | undefined;
  readonly #acorn: typeof Acorn;

  private constructor(acorn: typeof Acorn) {
    this.#acorn = acorn;
  }

  static load(): Promise<SourceParser> {
    return (this.#loading ??= import("acorn").then((acorn) => new SourceParser(acorn)));
  }

  /** An expression that stands where `this`, `super`, `arguments` and outer private names may mean something. */
  expression(text: string, isStrict: boolean): { readonly node: Acorn.Expression; readonly offset: number } {
    const before = "function surroundings() { return (";
    const program = this.#acorn.parse(`${before}${text}\n); }`, {
      ecmaVersion: "latest",
      sourceType: isStrict ? "module" : "script",
      allowSuperOutsideMethod: true,
      checkPrivateFields: false,
    });
    const [surroundings] = program.body;
    const statement = surroundings?.type === "FunctionDeclaration" ? surroundings.body.body[0] : undefined;
    if (program.body.length !== 1 || statement?.type !== "ReturnStatement" || !statement.argument) {
      throw new SyntaxError("not one expression");
    }
    return { node: statement.argument, offset: before.length };
  }

  /** The statements of a module. Throws a `SyntaxError`. */
  module(text: string): readonly (Acorn.Statement | Acorn.ModuleDeclaration)[] {
    return this.#acorn.parse(text, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true }).body;
  }

  /** The statements of a module, or of a script of the older kind. Throws a `SyntaxError`. */
  program(text: string): readonly (Acorn.Statement | Acorn.ModuleDeclaration)[] {
    try {
      return this.module(text);
    } catch {
      const options = { allowHashBang: true, allowReturnOutsideFunction: true } as const;
      return this.#acorn.parse(text, { ecmaVersion: "latest", sourceType: "script", ...options }).body;
    }
  }
}
