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

const essential = {
  stopCode: "EssentialContainerExited",
  stoppedReason: "Essential container in task exited",
} as const;
const exits: readonly [string, Task, { kind: string; exitCode?: number; signal?: string }, RegExp][] = [
  [
    "an exit code",
    { ...essential, containers: [{ name: "w", exitCode: 3 }] },
    { kind: "exited", exitCode: 3 },
    /^ECS task 0123 stopped, EssentialContainerExited: "Essential container in task exited", exit code 3$/,
  ],
  [
    "a command that is not there",
    { ...essential, containers: [{ name: "w", exitCode: 127 }] },
    { kind: "exited", exitCode: 127 },
    /exit code 127; the command does not exist in the container/,
  ],
  [
    "out of memory",
    {
      ...essential,
      containers: [
        { name: "w", exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" },
      ],
    },
    { kind: "signalled", exitCode: 137, signal: "SIGKILL" },
    /OutOfMemoryError.*raise memory/,
  ],
  [
    "a kill with no reason given",
    { ...essential, containers: [{ name: "w", exitCode: 137 }] },
    { kind: "signalled", exitCode: 137, signal: "SIGKILL" },
    /out of memory, or it did not end in time/,
  ],
  [
    "SIGTERM",
    { ...essential, containers: [{ name: "w", exitCode: 143 }] },
    { kind: "signalled", exitCode: 143, signal: "SIGTERM" },
    /exit code 143$/,
  ],
  [
    "somebody's StopTask, whatever the exit code",
    { stopCode: "UserInitiated", stoppedReason: "bye", containers: [{ name: "w", exitCode: 143 }] },
    { kind: "stopped", exitCode: 143 },
    /UserInitiated: "bye", exit code 143/,
  ],
  [
    "Spot by its own code",
    { stopCode: "SpotInterruption", stoppedReason: "Your Spot Task was interrupted.", containers: [] },
    { kind: "stopped" },
    /start a replacement/,
  ],
  [
    "Spot by a termination notice",
    { stopCode: "TerminationNotice", stoppedReason: "Your Spot Task was interrupted." },
    { kind: "stopped" },
    /start a replacement/,
  ],
  [
    "an instance that went away",
    { stopCode: "EssentialContainerExited", stoppedReason: "Host EC2 (instance i-0abc) terminated." },
    { kind: "stopped" },
    /capacity was taken back/,
  ],
  [
    "an image without a route to its registry",
    {
      stopCode: "TaskFailedToStart",
      stoppedReason: "CannotPullContainerError: dial tcp 1.2.3.4:443: i/o timeout",
    },
    { kind: "stopped" },
    /no route to the registry/,
  ],
  [
    "an image that is not there",
    {
      stopCode: "TaskFailedToStart",
      stoppedReason: "Task failed to start",
      containers: [{ name: "w", reason: "CannotPullContainerError: manifest unknown: not found" }],
    },
    { kind: "stopped" },
    /image's name, tag and CPU architecture/,
  ],
  [
    "a registry that forbids",
    {
      stopCode: "TaskFailedToStart",
      stoppedReason: "CannotPullECRContainerError: AccessDeniedException: not authorized",
    },
    { kind: "stopped" },
    /execution role/,
  ],
  [
    "a capacity provider without instances",
    { stopCode: "TaskFailedToStart", stoppedReason: "TaskFailedToStart: RESOURCE:CPU" },
    { kind: "stopped" },
    /Auto Scaling group/,
  ],
  ["no reason at all", {}, { kind: "stopped" }, /^ECS task 0123 stopped$/],
];

for (const [title, task, expected, message] of exits) {
  void test(`the end by ${title} is told as it is`, () => {
    const { message: text, ...facts } = taskExit({ taskArn, ...task }, "w");
    assert.deepEqual(facts, expected);
    assert.match(text, message);
  });
}

void test("another container's exit code is not the worker's", () => {
  const exit = taskExit({ taskArn, ...essential, containers: [{ name: "sidecar", exitCode: 1 }] }, "w");
  assert.equal(exit.exitCode, undefined);
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
