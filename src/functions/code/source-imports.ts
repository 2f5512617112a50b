/** `import x from "y"`, `import "y"`, `export ... from "y"`; not `import type`. */
const STATIC = /(?:^|[;}\s])(import|export)\b(?!\s*type\b[^,{]*?[\s{])([^"'();=]*?)(["'])([^"'\n]+)\3/g;
const CALLED = /\b(?:import|require)\s*\(\s*(["'])([^"'\n]+)\1\s*[,)]/g;
/** Only where a line begins with them: elsewhere it may be a string, as in "src/**\/*.ts". */
const COMMENT = /^[ \t]*(?:\/\*[^]*?\*\/|\/\/[^\n]*)/gm;

/**
 * The specifiers that a JavaScript or TypeScript text imports, without parsing it: a text in which one stands in a string
 * yields too many, which does no harm where only those that lead to a file count.
 */
export function importedSpecifiers(text: string): string[] {
  const code = text.replaceAll(COMMENT, "");
  const found = new Set<string>();
  for (const [, keyword, between = "", , specifier = ""] of code.matchAll(STATIC)) {
    if (keyword === "import" || between.includes("from")) found.add(specifier);
  }
  for (const [, , specifier = ""] of code.matchAll(CALLED)) found.add(specifier);
  return [...found];
}

/** What TypeScript and its loaders find for an extension that is not there. */
const WRITTEN_AS: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
  ".jsx": [".tsx"],
};
const LEFT_OUT = [".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json"];

/** Paths that a path in an import may mean, likeliest first. */
export function candidatePaths(path: string): string[] {
  const extension = /\.[^./\\]+$/.exec(path)?.[0] ?? "";
  const stem = path.slice(0, path.length - extension.length);
  return [
    path,
    ...(WRITTEN_AS[extension] ?? []).map((other) => stem + other),
    ...LEFT_OUT.map((other) => path + other),
    ...LEFT_OUT.map((other) => `${path.replace(/[/\\]$/, "")}/index${other}`),
  ];
}

/** The package that a bare specifier names: `lodash`, `@scope/name`; undefined for a path, a URL or `#name`. */
export function packageOf(specifier: string): string | undefined {
  if (/^(\.{0,2}\/|[a-z]+:|#|\.{1,2}$)/i.test(specifier)) return undefined;
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
}
