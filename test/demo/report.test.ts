import assert from "node:assert/strict";
import { test } from "node:test";
import { reportText, type Report } from "../../demo/report.js";

const report: Report = {
  manager: "local",
  workers: [2, 3].map((pid) => ({
    pid,
    taskArn: null,
    containerInstanceArn: null,
    host: "127.0.0.1",
    port: 1,
  })),
  airports: 3061,
  seed: 9,
  starts: 64,
  repeatable: true,
  tourKm: 120_000.4,
  bestStart: 12,
  startTourKm: 150_000,
  seconds: 20,
  launchSeconds: 1,
  cpuSeconds: 39,
  speedUp: 1.95,
  cores: 2,
  picture: "/out/tour.svg",
  png: "/out/tour.png",
};

void test("the text names length, gain in length, gain in time with its basis, and the pictures", () => {
  const text = reportText(report);
  assert.match(text, /120,000 km through 3,061 airports/);
  assert.match(text, /150,000 km .*20\.0 % is saved/);
  assert.match(text, /64 starts in 20\.0 s, the best tour came from number 12/);
  assert.match(text, /1\.95 s of work done per second by 2 workers/);
  assert.match(text, /39\.0 s of processor time in 20\.0 s; 2 cores here/);
  assert.match(text, /--seed 9 --starts 64 gives this tour again, with any number of workers/);
  assert.match(text, /\/out\/tour\.svg\n.*\/out\/tour\.png$/);
});

void test("a search by time says that the number of starts depended on it, and how to get the tour again", () => {
  const text = reportText({ ...report, repeatable: false });
  assert.match(text, /number of starts depended on the time/);
  assert.match(text, /--seed 9 --starts 12 gives this tour again, or a shorter one/);
});

void test("one of a kind is not many", () => {
  const text = reportText({ ...report, starts: 1, cores: 1, workers: report.workers.slice(1) });
  assert.match(text, /1 start in/);
  assert.match(text, /by 1 worker;/);
  assert.match(text, /1 core here/);
});
