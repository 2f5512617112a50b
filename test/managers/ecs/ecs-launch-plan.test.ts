import assert from "node:assert/strict";
import { test } from "node:test";
import { BatchPlan } from "#dist/managers/ecs/ecs-launch-plan.js";
import { clientToken, groupEnvironment, planCalls, tokenUses } from "#dist/managers/ecs/ecs-request.js";

const limits = { capacityMs: 1000, outageMs: 1000, briefAttempts: 3 };
const lost = { code: "ECONNRESET", message: "" };

void test("calls ask for ten tasks at most", () => {
  const tasks = (count: number) => planCalls(count, 1).map((call) => call.tasks);
  assert.deepEqual(tasks(1), [1]);
  assert.deepEqual(tasks(10), [10]);
  assert.deepEqual(tasks(23), [10, 10, 3]);
});

void test("several workers share a task, and the last task, if it is not full, has a call of its own", () => {
  const calls = (count: number, perTask: number | "auto") =>
    planCalls(count, perTask).map((call) => `${call.tasks}x${call.perTask}`);
  assert.deepEqual(calls(8, 4), ["2x4"]);
  assert.deepEqual(calls(45, 4), ["10x4", "1x4", "1x1"]);
  assert.deepEqual(calls(3, 4), ["1x3"]);
  assert.deepEqual(calls(12, "auto"), ["10xauto", "2xauto"]);
});

void test("a call's token is good for the workers of its tasks, which are told how many they are", () => {
  assert.equal(tokenUses({ tasks: 10, perTask: 4 }), 40);
  assert.equal(tokenUses({ tasks: 2, perTask: "auto" }), 2048);
  assert.deepEqual(groupEnvironment({ perTask: 4 }), { ROLLCALL_WORKERS: "4" });
  assert.deepEqual(groupEnvironment({ perTask: "auto" }), { ROLLCALL_WORKERS: "auto" });
  assert.deepEqual(groupEnvironment({ perTask: 1 }), {});
});

void test("tokens fit ECS and differ by batch and attempt", () => {
  const token = clientToken("abcdefghijkl", 999, 99_999);
  assert.match(token, /^[\x21-\x7e]{1,64}$/);
  assert.notEqual(clientToken("a", 1, 2), clientToken("a", 2, 1));
});

void test("an answer with everything ends the batch", () => {
  assert.deepEqual(new BatchPlan(0, 3).answered(3, [], 0, limits), { kind: "done" });
});

void test("what a partial answer lacks is asked for with a new token", () => {
  const plan = new BatchPlan(0, 10);
  const step = plan.answered(6, [{ reason: "RESOURCE:CPU" }], 0, limits);
  assert.equal(step.kind, "again");
  assert.deepEqual(plan.request, { attempt: 1, count: 4 });
  assert.equal(plan.answered(4, [], 10, limits).kind, "done");
});

void test("a request whose outcome is unknown is repeated with its token and count", () => {
  const plan = new BatchPlan(0, 10);
  assert.equal(plan.refused(lost, 0, limits).kind, "again");
  assert.deepEqual(plan.request, { attempt: 0, count: 10 });
  assert.equal(plan.isUncertain, true);
  assert.equal(plan.refused({ code: "ThrottlingException", message: "" }, 5, limits).kind, "again");
  assert.deepEqual(plan.request, { attempt: 0, count: 10 });
  assert.equal(plan.answered(10, [], 10, limits).kind, "done");
  assert.equal(plan.isUncertain, false);
});

void test("an endpoint that refused the connection has started nothing", () => {
  const plan = new BatchPlan(0, 1);
  plan.refused({ code: "ECONNREFUSED", message: "" }, 0, limits);
  assert.equal(plan.isUncertain, false);
});

void test("patience counts from the first refusal of a kind, and anew after progress", () => {
  const plan = new BatchPlan(0, 10);
  const cpu = [{ reason: "RESOURCE:CPU" }];
  assert.equal(plan.answered(0, cpu, 0, limits).kind, "again");
  assert.equal(plan.answered(0, cpu, 900, limits).kind, "again");
  assert.equal(plan.answered(1, cpu, 950, limits).kind, "again");
  assert.equal(plan.answered(0, cpu, 1900, limits).kind, "again");
  const step = plan.answered(0, cpu, 1950, limits);
  assert.deepEqual(step, { kind: "failed", failures: cpu, triedMs: 1000 });
  assert.equal(plan.remaining, 9);
});

void test("a reason that cannot pass decides over one that can", () => {
  const step = new BatchPlan(0, 2).answered(1, [{ reason: "AGENT" }, { reason: "ATTRIBUTE" }], 0, limits);
  assert.equal(step.kind, "failed");
});

void test("an empty answer without a reason is tried a few times", () => {
  const plan = new BatchPlan(0, 2);
  assert.equal(plan.answered(0, [], 0, limits).kind, "again");
  assert.equal(plan.answered(0, [], 0, limits).kind, "again");
  assert.equal(plan.answered(0, [], 0, limits).kind, "failed");
});

void test("an error that cannot pass refuses the batch", () => {
  const error = { code: "AccessDeniedException", message: "" };
  assert.deepEqual(new BatchPlan(0, 2).refused(error, 0, limits), { kind: "refused", triedMs: 0 });
});
