import { isClass, surroundingsOf, type Definition, type Surroundings } from "./free-variables.js";
import type { SourceParser } from "./source-parser.js";

/** The text of a function, taken apart. */
export interface FunctionText {
  readonly form: "function" | "class";
  /** A property of an object literal, under the key `name`, whose value is the function. */
  readonly source: string;
  /** Where in the function's own text V8 sees its location: at its parameters, or those of a constructor. */
  readonly anchor: { readonly line: number; readonly column: number };
  readonly surroundings: Surroundings;
  /** The variable that stands for `import.meta` in `source`. */
  readonly importMetaName: string | undefined;
}

/** Takes the text of `fn` apart, under the name it is to have. Throws a `SyntaxError` if it is no JavaScript. */
export function readFunctionText(parser: SourceParser, fn: Function, isStrict: boolean): FunctionText {
  const text = Function.prototype.toString.call(fn);
  const key = propertyKey(functionName(fn));
  const written = parseExpression(parser, text, isStrict) ?? parseMethod(parser, text, isStrict);
  const surroundings = surroundingsOf(written.definition);
  const importMetaName = surroundings.importMetas.length === 0 ? undefined : unusedName(text);
  let source = text;
  for (const { start, end } of surroundings.importMetas.toReversed()) {
    source = source.slice(0, start - written.offset) + importMetaName + source.slice(end - written.offset);
  }
  const { keyword, body } = written;
  source = body === undefined ? `${key}:\n${source}` : `${keyword}${key}\n${source.slice(body)}`;
  return {
    form: isClass(written.definition) ? "class" : "function",
    source,
    anchor: body === undefined ? anchorOf(text, written) : { line: 0, column: 0 },
    surroundings,
    importMetaName,
  };
}

/** In lines, and columns of the last of them, from the beginning of the text that is sent. */
function anchorOf(text: string, { definition, offset }: Written): { line: number; column: number } {
  const lines = text.slice(0, anchorIndex(text, definition, offset)).split("\n");
  return { line: lines.length - 1, column: lines.length === 1 ? (lines[0]?.length ?? 0) : 0 };
}

function anchorIndex(text: string, definition: Definition, offset: number): number {
  if (isClass(definition)) {
    const constructor = definition.body.body.find(
      (element) => element.type === "MethodDefinition" && element.kind === "constructor",
    );
    return constructor?.type === "MethodDefinition" ? constructor.value.start - offset : 0;
  }
  if (definition.type === "ArrowFunctionExpression") return 0;
  return text.indexOf("(", definition.id ? definition.id.end - offset : 0);
}

/** Its `name`, unless that is something else, as in a class with a static method `name`. */
export function functionName(fn: Function): string {
  const name: unknown = Object.getOwnPropertyDescriptor(fn, "name")?.value;
  return typeof name === "string" ? name : "";
}

/** Not computed: V8 would give that name to a class even if it has a static method `name`. */
function propertyKey(name: string): string {
  return name === "__proto__" ? '["__proto__"]' : JSON.stringify(name);
}

interface Written {
  readonly definition: Definition;
  /** What its positions are ahead of those in the function's text. */
  readonly offset: number;
  /** Of a method: what stands before its name, and where its parameters begin. */
  readonly keyword?: string;
  readonly body?: number;
}

function parseExpression(parser: SourceParser, text: string, isStrict: boolean): Written | undefined {
  let parsed;
  try {
    parsed = parser.expression(text, isStrict);
  } catch {
    return undefined;
  }
  const { node, offset } = parsed;
  const isDefinition =
    node.type === "FunctionExpression" ||
    node.type === "ArrowFunctionExpression" ||
    node.type === "ClassExpression";
  return isDefinition ? { definition: node, offset } : undefined;
}

/** `area() { ... }`, as methods and accessors are written in classes and object literals. */
function parseMethod(parser: SourceParser, text: string, isStrict: boolean): Written {
  const { node, offset } = parser.expression(`{${text}}`, isStrict);
  const property = node.type === "ObjectExpression" ? node.properties[0] : undefined;
  if (property?.type !== "Property" || property.value.type !== "FunctionExpression") {
    throw new SyntaxError("neither a function nor a class nor a method");
  }
  const { value } = property;
  const keyword = `${value.async ? "async " : ""}${value.generator ? "*" : ""}`;
  return { definition: value, offset: offset + 1, keyword, body: value.start - offset - 1 };
}

/** As long as `import.meta`, so that what follows stays in its column. */
function unusedName(text: string): string {
  let name = "import_meta";
  while (text.includes(name)) name += "_";
  return name;
}
