/** The documents for users, as the tests of this folder read them. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.resolve("#dist/index.js"))));

export interface Document {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export interface CodeBlock {
  /** Of the fence, counted from 1. */
  readonly line: number;
  /** Which it is to be in the reader's project, if it begins with a comment that says so. */
  readonly file: string | undefined;
  readonly code: string;
}

export function documents(): Document[] {
  const inDocs = readdirSync(join(ROOT, "docs"), { recursive: true }).map((name) =>
    join("docs", String(name)),
  );
  return ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...inDocs.filter((path) => path.endsWith(".md"))]
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

export function document(path: string): Document {
  const found = documents().find((one) => one.path === path);
  if (found === undefined) throw new Error(`there is no document ${path}`);
  return found;
}

/** The blocks of code in a language; those inside a list are taken out of their indentation. */
export function codeBlocks({ text }: Document, language: string): CodeBlock[] {
  const fences = text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\`$`, "gm"));
  return [...fences].map(({ index, 1: indentation = "", 2: code = "" }) => ({
    line: text.slice(0, index).split("\n").length,
    file: /^\/\/ ([\w/.-]+\.ts)\b/.exec(code)?.[1],
    code: code.replaceAll(new RegExp(`^${indentation}`, "gm"), ""),
  }));
}
