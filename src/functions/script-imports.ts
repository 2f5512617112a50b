import type * as Acorn from "acorn";
import type { ImportedBinding } from "./function-reference.js";
import type { SourceParser } from "./source-parser.js";

/** The names that a module imports, by what it calls them. Throws a `SyntaxError` if the text is no module. */
export function importsOf(parser: SourceParser, text: string): Map<string, ImportedBinding> {
  const imports = new Map<string, ImportedBinding>();
  for (const statement of parser.module(text)) {
    if (statement.type !== "ImportDeclaration") continue;
    const specifier = String(statement.source.value);
    const attributes = attributesOf(statement);
    for (const binding of statement.specifiers) {
      imports.set(binding.local.name, { kind: "import", specifier, export: exportOf(binding), attributes });
    }
  }
  return imports;
}

function exportOf(binding: Acorn.ImportDeclaration["specifiers"][number]): string {
  if (binding.type === "ImportNamespaceSpecifier") return "*";
  if (binding.type === "ImportDefaultSpecifier") return "default";
  return nameOf(binding.imported);
}

function attributesOf(statement: Acorn.ImportDeclaration): Record<string, string> {
  return Object.fromEntries(
    statement.attributes.map(({ key, value }) => [nameOf(key), String(value.value)] as const),
  );
}

function nameOf(node: Acorn.Identifier | Acorn.Literal): string {
  return node.type === "Identifier" ? node.name : String(node.value);
}

/** Whether a script of the older kind begins with "use strict"; a module is strict anyway. */
export function beginsStrict(text: string): boolean {
  return /^(?:#!.*\n)?(?:\s|\/\/.*|\/\*[^]*?\*\/)*(["'])use strict\1/.test(text);
}
