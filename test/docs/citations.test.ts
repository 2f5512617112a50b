import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { document, ROOT } from "./documents.js";

const GUIDE = document("docs/coming-from-julia.md");

/** All texts of a source in which a title may stand, what is put into them as an ellipsis. */
function titles(source: string): Set<string> {
  const texts = [...source.matchAll(/(["`])((?:\\.|(?!\1)[^\\\n])*)\1/g)].map(({ 2: text = "" }) => text);
  return new Set(texts.map((text) => text.replaceAll(/(\$\{[^{}]*\})+/g, "…").replaceAll('\\"', '"')));
}

void test("every test that the guide for those who know Julia cites is there, under that title", () => {
  const cited = [...GUIDE.text.matchAll(/`(test\/[\w/-]+)` “([^”]+)”/g)];
  const wrong = cited.flatMap(({ 1: name = "", 2: title = "" }) => {
    const file = join(ROOT, `${name}.test.ts`);
    if (!existsSync(file)) return [`there is no ${name}.test.ts`];
    return titles(readFileSync(file, "utf8")).has(title) ? [] : [`${name}: ${title}`];
  });
  assert.deepEqual(wrong, []);
  assert.ok(cited.length > 100);
  assert.equal(
    [...GUIDE.text.matchAll(/“/g)].length,
    cited.length,
    "titles in quotes of which no test file is named before them",
  );
});
