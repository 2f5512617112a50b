// Refuses a test run in which something was skipped, unless its reason holds the words given: a check that did not
// run has not passed. Reads the log of the test runner in either of its formats.
import { readFileSync } from "node:fs";

const [log, ...allowed] = process.argv.slice(2);
const skipped = readFileSync(log, "utf8")
  .split("\n")
  .filter((line) => /# SKIP|﹣/.test(line) && !/^\s*(#|ℹ) skipped/.test(line))
  .filter((line) => !allowed.some((words) => line.includes(words)));
if (skipped.length > 0) {
  console.error(`ci: these tests were skipped:\n${skipped.join("\n")}`);
  process.exit(1);
}
console.log("no test was skipped without leave");
