import assert from "node:assert/strict";
import { test } from "node:test";
import { runTaskFailure } from "#dist/managers/ecs/ecs-failures.js";

void test("each instance that was looked at is named once, and three at most", () => {
  const failures = [1, 1, 2, 3, 4, 5].map((id) => ({ reason: "RESOURCE:MEMORY", arn: `instance/${id}` }));
  const failure = runTaskFailure(6, failures, "prod");
  assert.equal(failure.count, 6);
  assert.equal(failure.cause, "RESOURCE:MEMORY");
  assert.equal(
    failure.message,
    "ECS cluster prod: RESOURCE:MEMORY (instance/1); RESOURCE:MEMORY (instance/2); " +
      "RESOURCE:MEMORY (instance/3); and 2 more",
  );
  assert.match(failure.advice ?? "", /add instances/);
});

void test("a reason nobody wrote down is passed on unchanged, without advice", () => {
  const failure = runTaskFailure(1, [{ reason: "NEW THING", detail: "because" }], "prod");
  assert.equal(failure.message, "ECS cluster prod: NEW THING (because)");
  assert.equal(failure.advice, undefined);
});

void test("fewer tasks without a reason are said to be that", () => {
  assert.match(runTaskFailure(2, [], "prod").message, /gave no reason/);
});
