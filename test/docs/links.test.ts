import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { documents, ROOT } from "./documents.js";

/** Without blocks and spans of code, in which brackets mean other things. */
function withoutCode(text: string): string {
  return text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, "").replaceAll(/`[^`\n]*`/g, "code");
}

/** The anchors that GitHub makes of the headings. */
function anchors(text: string): string[] {
  return [...text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, "").matchAll(/^#+ (.+)$/gm)].map(
    ({ 1: title = "" }) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
  );
}

function whatIsWrong(document: string, text: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? document : join(dirname(document), path);
  if (!existsSync(join(ROOT, target))) return `${document}: ${link}: there is no ${target}`;
  if (anchor === undefined || statSync(join(ROOT, target)).isDirectory()) return undefined;
  const linked = path === "" ? text : readFileSync(join(ROOT, target), "utf8");
  return anchors(linked).includes(anchor) ? undefined : `${document}: ${link}: ${target} has no such heading`;
}

void test("every relative link of the documents leads to a file, and to a heading of it", () => {
  const wrong = documents().flatMap(({ path, text }) =>
    [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(({ 1: link = "" }) => link)
      .filter((link) => !/^[a-z]+:/.test(link))
      .flatMap((link) => whatIsWrong(path, text, link) ?? []),
  );
  assert.deepEqual(wrong, []);
});
