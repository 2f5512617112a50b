// Checks the JSON object that the demo prints: the fields that others rely on, and that workers share instances.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";

const result = JSON.parse(readFileSync(process.argv[2], "utf8"));
assert.equal(result.workers.length, 4);
for (const { pid, taskArn, containerInstanceArn, host, port } of result.workers) {
  assert.ok(Number.isInteger(pid) && pid >= 2);
  assert.match(taskArn, /^arn:aws:ecs:.*:task\//);
  assert.match(containerInstanceArn, /^arn:aws:ecs:.*:container-instance\//);
  assert.ok(typeof host === "string" && host !== "");
  assert.ok(port > 0);
}
const distinct = (key) => new Set(result.workers.map((worker) => worker[key])).size;
assert.equal(distinct("pid"), 4);
assert.equal(distinct("taskArn"), 4);
assert.equal(distinct("port"), 4);
assert.equal(distinct("containerInstanceArn"), 2);
assert.ok(result.tourKm > 100_000 && result.tourKm < 125_000, `a tour of ${result.tourKm} km`);
assert.ok(result.starts >= 1 && result.seconds > 0);
assert.ok(statSync(result.picture).size > 10_000);
console.log(`a tour of ${result.tourKm} km from ${result.starts} starts in ${result.seconds} s`);
