import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { captureOutput } from "#dist/worker/output-capture.js";

function captured(): { stdout: NodeJS.WriteStream; lines: string[]; written: () => string } {
  const stdout = new PassThrough();
  const lines: string[] = [];
  const streams = { stdout, stderr: new PassThrough() } as unknown as Parameters<typeof captureOutput>[0];
  captureOutput(streams, (stream, line) => lines.push(`${stream}: ${line}`));
  const written = (): string => {
    let text = "";
    // One read may give one of several pieces.
    for (let piece: Buffer | null; (piece = stdout.read() as Buffer | null) !== null;)
      text += piece.toString();
    return text;
  };
  return { stdout: streams.stdout, lines, written };
}

void test("whole lines are passed on, and written where they belong", () => {
  const { stdout, lines, written } = captured();
  stdout.write("one\ntw");
  stdout.write("o\n");
  assert.deepEqual(lines, ["stdout: one", "stdout: two"]);
  assert.equal(written(), "one\ntwo\n");
});

void test("a character that is split over two writes arrives whole", () => {
  const { stdout, lines } = captured();
  const bytes = Buffer.from("Zürich\n");
  stdout.write(bytes.subarray(0, 2));
  stdout.write(bytes.subarray(2));
  assert.deepEqual(lines, ["stdout: Zürich"]);
});
