import assert from "node:assert/strict";
import { test } from "node:test";
import { formatToken, parseToken } from "#dist/protocol/join-token.js";

const secret = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);

void test("a token comes back as it was, and needs no quoting in any shell", () => {
  const text = formatToken("launch_1-a", secret);
  assert.match(text, /^[A-Za-z0-9_.-]+$/);
  const token = parseToken(text);
  assert.equal(token?.id, "launch_1-a");
  assert.deepEqual(Uint8Array.from(token.secret), secret);
});

const valid = formatToken("id", secret);
const wrongs: readonly string[] = [
  "",
  ".",
  "id",
  "id.",
  valid.slice(2),
  `${valid} `,
  `\n${valid}`,
  `${valid}=`,
  `i d.${valid.slice(3)}`,
  `id.${"A".repeat(21)}`,
  `${"i".repeat(65)}.${valid.slice(3)}`,
  `${valid}.more`,
];

for (const text of wrongs) {
  void test(`${JSON.stringify(text)} is no token`, () => {
    assert.equal(parseToken(text), undefined);
  });
}
