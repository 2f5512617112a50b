import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";

/** A folder with these files (path to text) and a package.json, which is removed after the test. */
export function temporaryProject(
  context: TestContext,
  files: Readonly<Record<string, string>>,
  packageJson: object = { name: "project", type: "module" },
): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "rollcall-functions-")));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, "package.json"), JSON.stringify(packageJson));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
