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

const advised: readonly [reason: string, advice: RegExp][] = [
  ["RESOURCE:CPU", /add instances/],
  ["RESOURCE:MEMORY", /lower the sizes/],
  ["RESOURCE:PORTS", /remove its portMappings/],
  ["RESOURCE:PORTS_UDP", /remove its portMappings/],
  ["RESOURCE:ENI", /awsvpcTrunking/],
  ["RESOURCE:GPU", /add instances/],
  ["AGENT", /disconnected/],
  ["LOCATION", /add their subnets/],
  ["ATTRIBUTE", /requiresAttributes/],
  ["MemberOf placement constraint unsatisfied", /loosen/],
  [
    "Capacity is unavailable at this time. Please try again later or in a different availability zone",
    /subnets in other zones/,
  ],
  ["You've reached the limit on the number of vCPUs you can run concurrently", /vCPU quota/],
  ["The requested CPU/MEMORY configuration is above your limit", /smaller tasks/],
  ["MISSING", /region/],
  ["INACTIVE", /region/],
];
for (const [reason, advice] of advised) {
  void test(`${reason} comes with a way out`, () => {
    const failure = runTaskFailure(1, [{ reason }], "prod");
    assert.equal(failure.cause, reason);
    assert.match(failure.advice ?? "", advice);
  });
}
