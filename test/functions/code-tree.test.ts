import assert from "node:assert/strict";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { test, type TestContext } from "node:test";
import { CodeTree } from "#dist/functions/code/code-tree.js";

const MODULE = import.meta.resolve("#dist/functions/code/code-tree.js");

/** Makes a folder as a worker does, says where, and lives until it is told otherwise. */
const WORKER = `
  const { CodeTree } = await import(${JSON.stringify(MODULE)});
  const tree = new CodeTree();
  await tree.write("app/a.js", Buffer.from("1"));
  process.stdout.write(tree.folder);
  process.stdin.resume();
`;

/** Lets this process and those that it starts have a folder of temporary files of their own. */
function ownTemporaryFolder(context: TestContext): string {
  const before = process.env["TMPDIR"];
  const folder = mkdtempSync(join(tmpdir(), "rollcall-test-"));
  process.env["TMPDIR"] = folder;
  context.after(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(folder, { recursive: true });
  });
  return folder;
}

async function worker(context: TestContext): Promise<{
  readonly folder: string;
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
}> {
  const args = ["--input-type=module", "--eval", WORKER];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  context.after(() => child.kill("SIGKILL"));
  const [folder] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  return { folder, child };
}

void test("a folder of code outlives its process only until another process of the machine makes one", async (context) => {
  const temporary = ownTemporaryFolder(context);
  const killed = await worker(context);
  const living = await worker(context);
  killed.child.kill("SIGKILL");
  await once(killed.child, "exit");
  const strange = [join(temporary, "rollcall-code-other-1-abc"), join(temporary, "rollcall-code-abc")];
  for (const folder of strange) mkdirSync(folder);
  assert.ok(existsSync(killed.folder));

  const tree = new CodeTree();
  const own = tree.folder;
  assert.ok(existsSync(own));
  assert.ok(!existsSync(killed.folder));
  for (const folder of [living.folder, ...strange]) assert.ok(existsSync(folder), folder);
  tree.remove();
  assert.ok(!existsSync(own));
  living.child.stdin.end();
  await once(living.child, "exit");
});
