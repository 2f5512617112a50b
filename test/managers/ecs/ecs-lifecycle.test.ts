import assert from "node:assert/strict";
import { test } from "node:test";
import type { Task } from "@aws-sdk/client-ecs";
import { taskDetails, taskExit, taskPhase } from "#dist/managers/ecs/ecs-lifecycle.js";
import type { TaskPhase } from "#dist/managers/ecs/ecs-lifecycle.js";

const taskArn = "arn:aws:ecs:eu-central-1:123456789012:task/c/0123";
const placed = { containerInstanceArn: "arn:aws:ecs:eu-central-1:123456789012:container-instance/c/1" };

const phases: readonly [string, Task, TaskPhase][] = [
  ["PROVISIONING", { lastStatus: "PROVISIONING" }, "accepted"],
  ["PENDING without an instance", { lastStatus: "PENDING" }, "accepted"],
  ["PENDING on an instance", { lastStatus: "PENDING", ...placed }, "placed"],
  ["PENDING on Fargate", { lastStatus: "PENDING", launchType: "FARGATE" }, "placed"],
  ["ACTIVATING", { lastStatus: "ACTIVATING" }, "placed"],
  ["RUNNING", { lastStatus: "RUNNING", ...placed }, "started"],
  [
    "STOPPING while the worker runs",
    { lastStatus: "STOPPING", desiredStatus: "STOPPED", ...placed },
    "placed",
  ],
  [
    "STOPPING after the worker ended",
    { lastStatus: "STOPPING", desiredStatus: "STOPPED", containers: [{ name: "w", lastStatus: "STOPPED" }] },
    "ended",
  ],
  [
    "RUNNING while its container restarts",
    { lastStatus: "RUNNING", desiredStatus: "RUNNING", containers: [{ name: "w", lastStatus: "STOPPED" }] },
    "started",
  ],
  ["DEPROVISIONING", { lastStatus: "DEPROVISIONING" }, "ended"],
  ["STOPPED", { lastStatus: "STOPPED" }, "ended"],
  ["DELETED", { lastStatus: "DELETED" }, "ended"],
  ["a status nobody knows", { lastStatus: "HIBERNATING", ...placed }, "placed"],
  ["no status", {}, "accepted"],
];

for (const [title, task, phase] of phases) {
  void test(`${title} means ${phase}`, () => {
    assert.equal(taskPhase(task, "w"), phase);
  });
}

const worker = { containerName: "w", logs: { group: "/g", streamPrefix: "p" } };
const essential = {
  stopCode: "EssentialContainerExited",
  stoppedReason: "Essential container in task exited",
} as const;
const exits: readonly [
  string,
  Task,
  { kind: string; cause: string; exitCode?: number; signal?: string },
  RegExp,
][] = [
  [
    "an exit code",
    { ...essential, containers: [{ name: "w", exitCode: 3 }] },
    { kind: "exited", cause: "exit code 3", exitCode: 3 },
    /^ECS task 0123 stopped, EssentialContainerExited: "Essential container in task exited", exit code 3$/,
  ],
  [
    "a kill for memory",
    {
      ...essential,
      containers: [
        { name: "w", exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" },
      ],
    },
    { kind: "signalled", cause: "out of memory", exitCode: 137, signal: "SIGKILL" },
    /container: "OutOfMemoryError: Container killed due to memory usage"$/,
  ],
  [
    "SIGTERM",
    { ...essential, containers: [{ name: "w", exitCode: 143 }] },
    { kind: "signalled", cause: "ended by SIGTERM", exitCode: 143, signal: "SIGTERM" },
    /exit code 143$/,
  ],
  [
    "somebody's StopTask, whatever the exit code",
    { stopCode: "UserInitiated", stoppedReason: "bye", containers: [{ name: "w", exitCode: 143 }] },
    { kind: "stopped", cause: "stopped by somebody", exitCode: 143 },
    /UserInitiated: "bye", exit code 143/,
  ],
  [
    "an image that is not there",
    {
      stopCode: "TaskFailedToStart",
      stoppedReason: "Task failed to start",
      containers: [{ name: "w", reason: "CannotPullContainerError: manifest unknown: not found" }],
    },
    { kind: "stopped", cause: "image not found" },
    /container: "CannotPullContainerError: manifest unknown: not found"$/,
  ],
  [
    "another essential container, which ended first",
    {
      ...essential,
      containers: [
        { name: "w", exitCode: 143 },
        { name: "proxy", exitCode: 1 },
      ],
    },
    { kind: "signalled", cause: "another container ended", exitCode: 143, signal: "SIGTERM" },
    /exit code 143$/,
  ],
  [
    "a kill for memory beside another container's end",
    {
      ...essential,
      containers: [
        { name: "w", exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" },
        { name: "proxy", exitCode: 1 },
      ],
    },
    { kind: "signalled", cause: "out of memory", exitCode: 137, signal: "SIGKILL" },
    /OutOfMemoryError/,
  ],
  [
    "a Spot interruption, which names the instance",
    {
      ...placed,
      stopCode: "SpotInterruption",
      stoppedReason: "Host EC2 (instance i-0a) terminated.",
      containers: [{ name: "w", exitCode: 137 }],
    },
    { kind: "stopped", cause: "Spot interruption", exitCode: 137 },
    /SpotInterruption: "Host EC2 \(instance i-0a\) terminated.", exit code 137 \(it was on container instance 1\)$/,
  ],
  [
    "a Fargate Spot interruption",
    { stopCode: "TerminationNotice", stoppedReason: "Your Spot Task was interrupted." },
    { kind: "stopped", cause: "Spot interruption" },
    /TerminationNotice: "Your Spot Task was interrupted\."$/,
  ],
  [
    "an instance that is gone, which it names",
    { ...placed, stoppedReason: "Host EC2 (instance i-0a) stopped.", containers: [{ name: "w" }] },
    { kind: "stopped", cause: "instance gone" },
    /\(instance i-0a\) stopped\." \(it was on container instance 1\)$/,
  ],
  ["no reason at all", {}, { kind: "stopped", cause: "stopped" }, /^ECS task 0123 stopped$/],
];

for (const [title, task, expected, message] of exits) {
  void test(`the end by ${title} is told as it is`, () => {
    const { message: text, advice, ...facts } = taskExit({ taskArn, ...task }, worker);
    assert.deepEqual(facts, expected);
    assert.match(text, message);
    assert.notEqual(advice, undefined);
  });
}

void test("a program whose output goes nowhere is told with the way to see it", () => {
  const task = { taskArn, ...essential, containers: [{ name: "w", exitCode: 1 }] };
  assert.match(taskExit(task, { containerName: "w" }).advice ?? "", /log driver awslogs/);
  assert.doesNotMatch(taskExit(task, worker).advice ?? "", /log driver/);
  assert.doesNotMatch(taskExit({ taskArn }, { containerName: "w" }).advice ?? "", /log driver/);
});

void test("another container's exit code is not the worker's", () => {
  const exit = taskExit({ taskArn, ...essential, containers: [{ name: "sidecar", exitCode: 1 }] }, worker);
  assert.equal(exit.exitCode, undefined);
  assert.match(exit.advice ?? "", /"sidecar" ended with exit code 1/);
});

void test("details hold what ECS gives and nothing else", () => {
  assert.deepEqual(
    taskDetails({ lastStatus: "RUNNING", launchType: "EC2", group: "g", ...placed }, taskArn),
    {
      taskArn,
      lastStatus: "RUNNING",
      launchType: "EC2",
      ...placed,
    },
  );
});
