// Brings a fresh clone to the point where the demo, the bench and the tests can run: installs what the
// lock file names (only when it changed since the last time) and builds. Writes to stderr only, so that a
// program that follows owns stdout.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function run(command, args) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", process.stderr, process.stderr],
    shell: process.platform === "win32",
  });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    console.error(
      `set-up: "${command} ${args.join(" ")}" failed (${result.signal ?? `exit ${result.status}`})`,
    );
    process.exit(result.status ?? 1);
  }
}

// npm writes this file at the end of every successful install.
const installed = join(root, "node_modules", ".package-lock.json");
const isCurrent =
  existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
if (!isCurrent) run("npm", ["ci", "--no-audit", "--no-fund"]);
run("npm", ["run", "--silent", "build"]);
