import assert from "node:assert/strict";
import { test } from "node:test";
import { JoinTokens } from "#dist/cluster/join-tokens.js";
import { parseToken } from "#dist/protocol/join-token.js";

const secret = new Uint8Array(32).fill(7);

void test("a token is issued as a text that holds its id and secret", () => {
  const token = parseToken(new JoinTokens().issue("launch", 1, "id", secret));
  assert.equal(token?.id, "id");
  assert.deepEqual(Uint8Array.from(token.secret), secret);
});

void test("a token lets in as many as it was issued for; to look at it uses nothing up", () => {
  const tokens = new JoinTokens();
  tokens.issue("launch", 2, "id", secret);
  for (let look = 0; look < 5; look++)
    assert.deepEqual(tokens.look("id"), { kind: "valid", launchId: "launch", secret });
  assert.deepEqual([tokens.use("id"), tokens.use("id"), tokens.use("id")], [true, true, false]);
  assert.deepEqual(tokens.look("id"), { kind: "over", secret });
});

void test("a token that was never issued is unknown", () => {
  const tokens = new JoinTokens();
  assert.deepEqual(tokens.look("id"), { kind: "unknown" });
  assert.equal(tokens.use("id"), false);
});

void test("the end of a launch ends its tokens, and no others", () => {
  const tokens = new JoinTokens();
  tokens.issue("one", 5, "a", secret);
  tokens.issue("one", 5, "b", secret);
  tokens.issue("two", 5, "c", secret);
  tokens.end("one");
  assert.deepEqual(
    ["a", "b", "c"].map((id) => tokens.look(id).kind),
    ["over", "over", "valid"],
  );
  assert.deepEqual(
    ["a", "c"].map((id) => tokens.use(id)),
    [false, true],
  );
});

void test("tokens that are over are remembered up to a limit, and those that are not are never forgotten", () => {
  const tokens = new JoinTokens();
  tokens.issue("open", 1, "open", secret);
  for (let n = 0; n < 10_000; n++) tokens.issue("ended", 1, `ended-${n}`, secret);
  tokens.end("ended");
  for (let n = 0; n < 100; n++) tokens.issue("later", 1, `later-${n}`, secret);
  tokens.end("later");
  assert.equal(tokens.look("open").kind, "valid");
  assert.equal(tokens.look("ended-0").kind, "unknown", "the oldest is forgotten");
  assert.equal(tokens.look("ended-9999").kind, "over");
  assert.equal(tokens.look("later-0").kind, "over");
});
