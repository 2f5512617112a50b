import assert from "node:assert/strict";
import { test } from "node:test";
import { otherContainerEnded, stopCause } from "#dist/managers/ecs/ecs-stop-reasons.js";

/** What ECS says (stop code, stopped reason, container reason), what it means, and a word of the way out. */
const texts: readonly [said: readonly string[], cause: string, advice: RegExp][] = [
  [["OutOfMemoryError: Container killed due to memory usage"], "out of memory", /raise memory/],
  [
    ["CannotPullContainerError: toomanyrequests: You have reached your pull rate limit"],
    "image pulls limited",
    /mirror/,
  ],
  [
    ["CannotPullContainerError: write /var/lib/docker/tmp/x: no space left on device"],
    "disk full",
    /disk of the instance/,
  ],
  [
    ["CannotPullContainerError: no matching manifest for linux/arm64/v8 in the manifest list entries"],
    "wrong CPU architecture",
    /runtimePlatform/,
  ],
  [
    [
      "CannotPullContainerError: pull access denied for x, repository does not exist or may require 'docker login'",
    ],
    "image not found, or private",
    /execution role/,
  ],
  [["CannotPullContainerError: manifest for a/b:c not found: manifest unknown"], "image not found", /tag/],
  [["CannotPullImageManifestError: repository a/b not found"], "image not found", /tag/],
  [
    ["CannotPullECRContainerError: AccessDeniedException: User is not authorized"],
    "image pull refused",
    /right to pull/,
  ],
  [["CannotPullContainerAuthError: no basic auth credentials"], "image pull refused", /right to pull/],
  [["CannotPullContainerError: dial tcp 1.2.3.4:443: i/o timeout"], "registry unreachable", /no route/],
  [["CannotPullContainerError: connection refused"], "registry unreachable", /NAT/],
  [["CannotPullContainerError: context canceled"], "registry unreachable", /VPC endpoints/],
  [["CannotPullContainerError: something new"], "image pull failed", /check the image/],
  [
    ["ResourceInitializationError: failed to validate logger args: The specified log group does not exist."],
    "log set-up failed",
    /log group/,
  ],
  [
    [
      "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed",
    ],
    "secrets unavailable",
    /secretsmanager:GetSecretValue/,
  ],
  [
    ["ResourceNotFoundException: Secrets Manager can't find the specified secret."],
    "secrets unavailable",
    /secretsmanager:GetSecretValue/,
  ],
  [
    [
      "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: " +
        "unable to retrieve ecr registry auth: RequestError: Post https://api.ecr.us-east-1.amazonaws.com/: i/o timeout",
    ],
    "registry unreachable",
    /ECR/,
  ],
  [
    ["ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes"],
    "file system not mounted",
    /2049/,
  ],
  [["ResourceInitializationError: something new"], "resource set-up failed", /execution role/],
  [
    ["CannotStartContainerError: exec /usr/bin/node: exec format error"],
    "wrong CPU architecture",
    /runtimePlatform/,
  ],
  [
    ['CannotStartContainerError: exec: "nod": executable file not found in $PATH'],
    "command cannot be run",
    /check command/,
  ],
  [
    ["CannotStartContainerError: Bind for 0.0.0.0:80 failed: port is already allocated"],
    "port in use",
    /portMappings/,
  ],
  [['CannotStartContainerError: could not select device driver "nvidia"'], "GPU unavailable", /GPU/],
  [["CannotCreateContainerError: something new"], "container not started", /check command/],
  [["CannotCreateVolumeError: no such driver"], "volume failed", /volumes/],
  [
    ["DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s"],
    "container runtime too slow",
    /overloaded/,
  ],
  [["ContainerRuntimeTimeoutError: x"], "container runtime too slow", /overloaded/],
  [["ContainerRuntimeError: x"], "container runtime failed", /replace the instance/],
  [["CannotInspectContainerError: x"], "container runtime failed", /engine/],
  [["TaskDependencyError: x"], "container dependency failed", /dependsOn/],
  [["SpotInterruption", "Your Spot Task was interrupted."], "Spot interruption", /replacement/],
  [["TerminationNotice", "Your Spot Task was interrupted."], "Spot interruption", /replacement/],
  [
    ["EssentialContainerExited", "Host EC2 (instance i-0abc) terminated."],
    "instance gone",
    /start a replacement/,
  ],
  [
    ["ECS is performing maintenance on the underlying infrastructure hosting the task"],
    "platform maintenance",
    /replacement/,
  ],
  [["Task stopped during instance draining"], "instance draining", /replacement/],
  [["TaskFailedToStart", "TaskFailedToStart: EMPTY CAPACITY PROVIDER"], "no instances", /Auto Scaling group/],
  [["TaskFailedToStart", "TaskFailedToStart: NO ACTIVE INSTANCES"], "no instances", /managed scaling/],
  [["TaskFailedToStart", "TaskFailedToStart: RESOURCE:CPU"], "no capacity", /Auto Scaling group/],
  [
    ["TaskFailedToStart", "TaskFailedToStart: MemberOf placement constraint unsatisfied"],
    "placement constraint",
    /loosen/,
  ],
  [["TaskFailedToStart", "TaskFailedToStart: ATTRIBUTE"], "missing attribute", /requiresAttributes/],
  [["TaskFailedToStart", "TaskFailedToStart: AGENT"], "agent disconnected", /ECS agent/],
  [["Unable to attach network interface to unused device index"], "network interface not ready", /try again/],
  [
    ["Unexpected EC2 error while attempting to create network interface: InsufficientFreeAddressesInSubnet"],
    "subnet is full",
    /free addresses/,
  ],
  [
    ["Timeout waiting for network interface provisioning to complete."],
    "network interface failed",
    /try again/,
  ],
  [["Timeout waiting for EphemeralStorage provisioning to complete."], "storage not ready", /try again/],
  [["TaskStateError: x"], "infrastructure fault", /replacement/],
  [["InfrastructureHealth"], "infrastructure fault", /replacement/],
  [["Task failed container health checks"], "health check failed", /remove it/],
  [["UserInitiated", "Rollcall: the worker was removed"], "stopped by Rollcall", /wrote before/],
  [["UserInitiated", "Task stopped by user"], "stopped by somebody", /CloudTrail/],
  [["ServiceSchedulerInitiated", "Scaling activity"], "stopped by a service", /no service/],
];

for (const [said, cause, advice] of texts) {
  void test(`"${said.join(": ")}" is: ${cause}`, () => {
    const found = stopCause(said, undefined);
    assert.equal(found.cause, cause);
    assert.match(found.advice, advice);
  });
}

const exited = ["EssentialContainerExited", "Essential container in task exited"];
const exitCodes: readonly [number, cause: string, advice: RegExp][] = [
  [0, "exit code 0", /start a Rollcall worker/],
  [1, "exit code 1", /security group/],
  [3, "exit code 3", /wrote last/],
  [125, "command cannot be run", /runtime/],
  [126, "command cannot be run", /permissions/],
  [127, "command cannot be run", /does not exist/],
  [130, "killed by SIGINT", /interrupted/],
  [134, "aborted", /max-old-space-size/],
  [137, "killed", /out of memory, or it did not end in time/],
  [139, "crashed", /native modules/],
  [143, "ended by SIGTERM", /asked it to end/],
];

for (const [exitCode, cause, advice] of exitCodes) {
  void test(`exit code ${exitCode} alone is: ${cause}`, () => {
    const found = stopCause(exited, exitCode);
    assert.equal(found.cause, cause);
    assert.match(found.advice, advice);
  });
}

void test("what ECS says counts more than the exit code", () => {
  assert.equal(stopCause(["OutOfMemoryError: Container killed"], 137).cause, "out of memory");
});

void test("an image named after spots is no Spot interruption", () => {
  const said = ["EssentialContainerExited", "Essential container in task exited", "spotless/worker"];
  assert.equal(stopCause(said, 1).cause, "exit code 1");
});

void test("a reason nobody wrote down is told under its stop code", () => {
  assert.equal(stopCause(["NewStopCode", "new words"], undefined).cause, "NewStopCode");
  assert.equal(stopCause([], undefined).cause, "stopped");
});

void test("the container that ended first is named", () => {
  assert.match(otherContainerEnded("proxy", 2).advice, /"proxy" ended with exit code 2/);
});
