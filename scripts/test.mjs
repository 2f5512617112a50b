// Runs the compiled tests (build/test/**/*.test.js) with Node's own runner; arguments narrow by path:
// `node scripts/test.mjs protocol pmap` runs the files whose path holds one of the words.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const words = process.argv.slice(2);
const tests = readdirSync(join(root, "build", "test"), { recursive: true })
  .map((name) => join(root, "build", "test", String(name)))
  .filter((path) => path.endsWith(".test.js"))
  .filter((path) => words.length === 0 || words.some((word) => relative(root, path).includes(word)))
  .toSorted();
if (tests.length === 0) {
  console.error(`test: no test file matches ${words.join(", ") || "build/test"}`);
  process.exit(1);
}
// Many files wait more than they compute; Node's own choice leaves one core idle, so on two it runs one file at a time.
const concurrency = Math.max(2, availableParallelism() - 1);
// The limit is for hangs only, and holds for whole files too; it is far above what the slowest of them needs.
const options = ["--test-reporter=spec", "--test-timeout=300000", `--test-concurrency=${concurrency}`];
const child = spawn(process.execPath, ["--test", ...options, ...tests], { cwd: root, stdio: "inherit" });
// Ctrl-C in a terminal reaches the runner by itself; who ends this program alone means the runner too.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
