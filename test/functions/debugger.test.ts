import assert from "node:assert/strict";
import { test } from "node:test";
import { fixture, runNode } from "./run-program.js";

void test("a program that runs under --inspect finds its functions", async () => {
  const [found] = await runNode(["--inspect=127.0.0.1:0", fixture("main-with-function.js")]);
  assert.equal(found?.export, "resize");
});

void test("a debugger that is attached keeps its breakpoints through a search", async () => {
  const [found, stop] = await runNode([fixture("debugged.js")]);
  assert.equal(found?.export, "resize");
  assert.equal(stop?.name, "stopped in resize");
});

void test("where Node denies the inspector, the error says so and how to allow it", async () => {
  const flag = process.allowedNodeEnvironmentFlags.has("--permission")
    ? "--permission"
    : "--experimental-permission";
  const [refused] = await runNode([flag, "--allow-fs-read=*", fixture("main-with-function.js")]);
  assert.equal(refused?.code, "ERR_FUNCTION_NOT_FOUND");
  assert.match(
    refused?.message ?? "",
    /^function resize cannot be looked up: V8's inspector.* not available here \(.*\)/,
  );
});
