import { Faults } from "#dist/local-ecs/faults.js";
import assert from "node:assert/strict";
import test from "node:test";
import { PureEndpoint } from "./pure-endpoint.js";

void test("a fault hits its operation as often as asked, and nothing else", () => {
  const faults = new Faults();
  faults.add({ kind: "throttle", operation: "RunTask", times: 2 });
  assert.equal(faults.takeForRequest("StopTask"), undefined);
  assert.deepEqual(
    [1, 2, 3].map(() => faults.takeForRequest("RunTask")),
    ["throttle", "throttle", undefined],
  );
});

void test("a fault for ever lasts until it is cleared", () => {
  const faults = new Faults();
  faults.add({ kind: "fail", times: Infinity });
  for (let call = 0; call < 100; call += 1) assert.equal(faults.takeForRequest("ListTasks"), "fail");
  faults.clear();
  assert.equal(faults.takeForRequest("ListTasks"), undefined);
});

void test("nonsense is refused with its value", () => {
  const faults = new Faults();
  assert.throws(() => faults.add({ kind: "throttle", times: 0 }), /times must be .* it is 0/);
  assert.throws(() => faults.add({ kind: "delay-start", delayMs: -1 }), /delayMs must be .* it is -1/);
});

void test("a throttled request does nothing, a lost answer has done its work", () => {
  const endpoint = new PureEndpoint();
  endpoint.register();
  endpoint.faults.add({ kind: "throttle", operation: "RunTask" });
  assert.equal(endpoint.refused("RunTask", { taskDefinition: "work" }), "ThrottlingException: Rate exceeded");
  assert.equal(endpoint.state.tasks.size, 0);
  endpoint.faults.add({ kind: "lose-answer", operation: "RunTask" });
  const request = { taskDefinition: "work", clientToken: "one" };
  const { status } = endpoint.send("RunTask", request);
  assert.deepEqual([status, endpoint.state.tasks.size], [500, 1]);
  assert.equal(endpoint.run(request).tasks[0]?.taskArn, [...endpoint.state.tasks.values()][0]?.arn);
});

void test("lacking capacity is reported for as many tasks as asked, beside those that are placed", () => {
  const endpoint = new PureEndpoint();
  endpoint.register();
  endpoint.faults.add({ kind: "no-capacity", reason: "AGENT", times: 2 });
  const { tasks, failures } = endpoint.run({ count: 3 });
  assert.deepEqual([tasks.length, failures.map(({ reason }) => reason)], [1, ["AGENT", "AGENT"]]);
});

void test("a task that is started twice runs beside one that the answer does not name", () => {
  const endpoint = new PureEndpoint();
  endpoint.register();
  endpoint.faults.add({ kind: "start-twice" });
  const { tasks, failures } = endpoint.run({ count: 2, startedBy: "me" });
  assert.deepEqual([tasks.length, failures], [2, []]);
  const started = endpoint.ok("ListTasks", { startedBy: "me" })["taskArns"] as string[];
  assert.equal(started.length, 3);
});

void test("a task can be MISSING for a look, as a young one is", () => {
  const endpoint = new PureEndpoint();
  endpoint.register();
  const [task] = endpoint.run().tasks;
  endpoint.faults.add({ kind: "missing", times: 2 });
  const looks = [1, 2, 3].map(() => endpoint.ok("DescribeTasks", { tasks: [task?.taskArn] })) as {
    tasks: unknown[];
    failures: { reason: string }[];
  }[];
  assert.deepEqual(
    looks.map(({ tasks, failures }) => [tasks.length, failures[0]?.reason]),
    [
      [0, "MISSING"],
      [0, "MISSING"],
      [1, undefined],
    ],
  );
});
