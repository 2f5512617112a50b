import assert from "node:assert/strict";
import { test } from "node:test";
import { launchLine, progressLine, shareDone, shortId, workerTable } from "../../demo/screen-text.js";
import { Screen } from "../../demo/screen.js";
import { Written } from "./written.js";

const taskArn = "arn:aws:ecs:us-east-1:123456789012:task/demo/0123456789abcdef0123456789abcdef";
const containerInstanceArn =
  "arn:aws:ecs:us-east-1:123456789012:container-instance/demo/fedcba98765432100123456789abcdef";

void test("a launch line tells when, what, how many have come so far, and who", () => {
  const event = { step: "reported", atMs: 1234, worker: taskArn, detail: "127.0.0.1:4000" } as const;
  assert.equal(launchLine(event, 3, 4), "  1.23 s  reported in  3 of 4  01234567  127.0.0.1:4000");
});

void test("an id is shortened to its last part, and only an ECS id to eight digits", () => {
  assert.equal(shortId(taskArn), "01234567");
  assert.equal(shortId("local-4711"), "local-4711");
});

void test("the table of the workers lines up, and has dashes where there is no task", () => {
  const table = workerTable([
    { pid: 2, taskArn, containerInstanceArn, host: "127.0.0.1", port: 40001 },
    { pid: 13, taskArn: null, containerInstanceArn: null, host: "::1", port: 7 },
  ]);
  assert.deepEqual(table.split("\n"), [
    "pid  task      instance  address",
    "───  ────────  ────────  ───────────────",
    "2    01234567  fedcba98  127.0.0.1:40001",
    "13   -         -         [::1]:7",
  ]);
});

void test("progress by starts estimates the time left from the rate, progress by time from the clock", () => {
  const byStarts = { done: 16, work: { starts: 64 }, elapsedSeconds: 4, bestKm: 119_712.6 };
  assert.equal(progressLine(byStarts), "16 of 64 starts  4.0 a second  12 s left  best 119,713 km");
  assert.equal(shareDone(byStarts), 0.25);
  const byTime = { done: 9, work: { seconds: 10 }, elapsedSeconds: 7.5, bestKm: 119_712.6 };
  assert.equal(progressLine(byTime), "9 starts  1.2 a second  3 s left  best 119,713 km");
  assert.equal(shareDone(byTime), 0.75);
  assert.equal(shareDone({ ...byTime, elapsedSeconds: 11 }), 1);
});

void test("before the first result neither time left nor best length is made up", () => {
  const none = { done: 0, work: { starts: 64 }, elapsedSeconds: 0, bestKm: undefined };
  assert.equal(progressLine(none), "0 of 64 starts  0.0 a second  time left unknown  no tour yet");
});

void test("without a terminal there is a line for every tenth of the work and one at its end", () => {
  const stream = new Written();
  const screen = new Screen(stream, 4);
  for (let done = 0; done <= 100; done++) {
    screen.progress({ done, work: { starts: 100 }, elapsedSeconds: done / 100, bestKm: 1 });
    screen.progress({ done, work: { starts: 100 }, elapsedSeconds: done / 100, bestKm: 1 });
  }
  screen.close();
  const lines = stream.text.trimEnd().split("\n");
  assert.ok(lines.length >= 10 && lines.length <= 11, stream.text);
  assert.match(lines.at(-1)!, /^100 of 100 starts/);
});

void test("slow work without a terminal still gives a line every ten seconds", () => {
  const stream = new Written();
  const screen = new Screen(stream, 1);
  for (let second = 0; second <= 30; second++) {
    screen.progress({ done: second, work: { starts: 100_000 }, elapsedSeconds: second, bestKm: 1 });
  }
  assert.equal(stream.text.trimEnd().split("\n").length, 3);
});

void test("each step of the launch is counted by itself", () => {
  const stream = new Written();
  const screen = new Screen(stream, 2);
  screen.launch({ step: "launched", atMs: 1, worker: "a" });
  screen.launch({ step: "launched", atMs: 2, worker: "b" });
  screen.launch({ step: "joined", atMs: 3, worker: "b" });
  assert.match(stream.text, /launched +1 of 2 +a\n.*launched +2 of 2 +b\n.*joined +1 of 2 +b\n/);
});
