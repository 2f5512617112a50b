import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ConnectionPurpose, PROTOCOL_VERSIONS, RejectCode } from "#dist/protocol/handshake.js";
import { CallFlag, MessageType, RelayFlag } from "#dist/protocol/message.js";
import { Answer } from "#dist/references/answers.js";
import { ReferenceKind } from "#dist/references/reference-extension.js";
import { FailureKind } from "#dist/rpc/failure.js";
import { findProjectRoot } from "#dist/functions/project-root.js";
import { fileURLToPath } from "node:url";

const root = findProjectRoot(fileURLToPath(import.meta.url));
const text = readFileSync(join(root, "docs", "protocol.md"), "utf8");

/** The first two columns of the table whose first heading this is: names and their numbers. */
function tableOf(heading: string): Record<string, number> {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => line.split("|")[1]?.trim() === heading);
  assert.notEqual(first, -1, `docs/protocol.md has a table of each "${heading}"`);
  const rows = lines.slice(first + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  const cells = rows.slice(0, end).map((line) => line.split("|").map((cell) => cell.trim()));
  return Object.fromEntries(cells.map(([, name, number]) => [name!.replaceAll("`", ""), Number(number)]));
}

const tables: readonly [heading: string, source: Record<string, number>][] = [
  ["message", MessageType],
  ["purpose", ConnectionPurpose],
  ["reject code", RejectCode],
  ["failure kind", FailureKind],
  ["flag of a call", CallFlag],
  ["kind of a reference", ReferenceKind],
  ["status", Answer],
  ["flag of a relayed message", RelayFlag],
];

for (const [heading, source] of tables) {
  void test(`the documented numbers of each ${heading} are those of the source, and each is given once`, () => {
    assert.deepEqual(tableOf(heading), { ...source });
    assert.equal(new Set(Object.values(source)).size, Object.keys(source).length);
  });
}

void test("the documented version is the newest that is spoken", () => {
  assert.match(text, new RegExp(`^Version ${PROTOCOL_VERSIONS.newest}\\.`, "m"));
});
