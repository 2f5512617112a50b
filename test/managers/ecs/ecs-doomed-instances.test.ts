import assert from "node:assert/strict";
import { test } from "node:test";
import { DoomedInstances } from "#dist/managers/ecs/ecs-doomed-instances.js";
import { afterFailure } from "#dist/managers/ecs/ecs-retry.js";

const memberOf = (expression: string) => ({ type: "memberOf", expression }) as const;

void test("without an instance that goes nothing is added", () => {
  const constraints = [{ type: "distinctInstance" }] as const;
  assert.deepEqual(new DoomedInstances().avoid(constraints, 0), { constraints, isAvoiding: false });
});

void test("instances that go are avoided, and a minute after their end no more", () => {
  const doomed = new DoomedInstances();
  doomed.add("i-0a", 120_000, 0);
  doomed.add("i-0b", undefined, 1_000);
  doomed.add("i-0b", 10_000, 2_000);
  const own = memberOf("attribute:ecs.os-type == linux");
  assert.deepEqual(doomed.avoid([own], 2_000), {
    constraints: [own, memberOf("ec2InstanceId !in [i-0b, i-0a]")],
    isAvoiding: true,
  });
  assert.deepEqual(doomed.avoid([], 180_000).constraints, [memberOf("ec2InstanceId !in [i-0b]")]);
  assert.deepEqual(doomed.avoid([], 241_000).constraints, []);
});

void test("what a worker gives for an instance and is none gets into no expression", () => {
  const doomed = new DoomedInstances();
  for (const wrong of ["", "i-", "i-0a] or task:group == x", "mi-0a", "I-0A"]) doomed.add(wrong, 1, 0);
  assert.deepEqual(doomed.avoid([], 0).constraints, []);
});

void test("more instances than an expression holds are left to chance, the newest last", () => {
  const doomed = new DoomedInstances();
  for (let n = 0; n < 200; n++) doomed.add(`i-${n.toString(16).padStart(17, "0")}`, 1_000, 0);
  const [{ expression = "" } = {}] = doomed.avoid([], 0).constraints;
  assert.ok(expression.length <= 2000 && expression.length > 1970, `${expression.length}`);
  assert.match(expression, /\[i-0+c7,/);
});

void test("ten constraints of the program's own leave no room for one more", () => {
  const doomed = new DoomedInstances();
  doomed.add("i-0a", undefined, 0);
  const ten = Array.from({ length: 10 }, () => memberOf("runningTasksCount < 4"));
  assert.deepEqual(doomed.avoid(ten, 0), { constraints: ten, isAvoiding: false });
});

void test("that no other instance is there yet is waited for like capacity", () => {
  const reason = "MemberOf placement constraint unsatisfied.";
  assert.deepEqual(afterFailure(reason), { retry: false });
  const verdict = afterFailure(reason, true);
  assert.ok(verdict.retry && verdict.patience === "capacity");
});
