import type * as Acorn from "acorn";
import type { SourceParser } from "../source-parser.js";

/**
 * The text with some of its specifiers replaced, in imports, exports, `import()` and `require`. Throws a `SyntaxError` if
 * it is no JavaScript.
 */
export function rewriteSpecifiers(
  parser: SourceParser,
  text: string,
  replacements: ReadonlyMap<string, string>,
): string {
  if (replacements.size === 0) return text;
  const literals: { readonly start: number; readonly end: number; readonly value: string }[] = [];
  const collect = (node: Acorn.AnyNode): void => {
    const source = specifierOf(node);
    if (source?.type === "Literal" && typeof source.value === "string") {
      literals.push({ start: source.start, end: source.end, value: source.value });
    }
    for (const child of Object.values(node) as unknown[]) {
      for (const item of Array.isArray(child) ? (child as unknown[]) : [child])
        if (isNode(item)) collect(item);
    }
  };
  for (const statement of parser.program(text)) collect(statement);
  let rewritten = text;
  for (const { start, end, value } of literals.toSorted((one, other) => other.start - one.start)) {
    const replacement = replacements.get(value);
    if (replacement === undefined) continue;
    rewritten = rewritten.slice(0, start) + JSON.stringify(replacement) + rewritten.slice(end);
  }
  return rewritten;
}

function specifierOf(node: Acorn.AnyNode): Acorn.AnyNode | null | undefined {
  if (node.type === "CallExpression") {
    return node.callee.type === "Identifier" && node.callee.name === "require"
      ? node.arguments[0]
      : undefined;
  }
  const isImporting =
    node.type === "ImportDeclaration" ||
    node.type === "ExportAllDeclaration" ||
    node.type === "ExportNamedDeclaration" ||
    node.type === "ImportExpression";
  return isImporting ? node.source : undefined;
}

function isNode(value: unknown): value is Acorn.AnyNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

const NEIGHBOUR = /(new URL\(\s*)(["'])([^"'\n]+)\2(\s*,\s*import\.meta\.url\s*\))/g;

/** Files that the text names by `new URL("./x", import.meta.url)`. */
export function neighboursIn(text: string): string[] {
  return [...text.matchAll(NEIGHBOUR)].map(([, , , specifier = ""]) => specifier);
}

export function rewriteNeighbours(text: string, replacements: ReadonlyMap<string, string>): string {
  return text.replaceAll(NEIGHBOUR, (whole, before: string, _quote, specifier: string, after: string) => {
    const replacement = replacements.get(specifier);
    return replacement === undefined ? whole : before + JSON.stringify(replacement) + after;
  });
}

/** `import(`./locales/${name}.js`)`: what stands before and after the one part that is computed. */
const TEMPLATE = /\bimport\(\s*`(\.{1,2}\/[^`$]*)\$\{[^`]*?\}([^`$]*\.[^`$./]+)`/g;

export interface ImportTemplate {
  readonly before: string;
  readonly after: string;
}

export function importTemplatesIn(text: string): ImportTemplate[] {
  return [...text.matchAll(TEMPLATE)].map(([, before = "", after = ""]) => ({ before, after }));
}
