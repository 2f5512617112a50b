import assert from "node:assert/strict";
import { test } from "node:test";
import type { ECSManagerOptions } from "#dist/managers/ecs/index.js";
import { launchOf, runTaskInput, taskOverride } from "#dist/managers/ecs/ecs-request.js";
import { ecsSettings } from "#dist/managers/ecs/ecs-settings.js";

/** The RunTask call that an `ECSManager` with these options makes. */
function requestOf(options: Partial<ECSManagerOptions>) {
  const settings = ecsSettings({ taskDefinition: "worker", workers: 3, ...options });
  const override = taskOverride(settings, "w", { ROLLCALL_JOIN: "t", ROLLCALL_LAUNCH_ID: "l1" });
  return runTaskInput(settings, {
    placementConstraints: settings.runTask.placementConstraints ?? [],
    taskDefinitionArn: "arn:worker:1",
    launchId: "l1",
    batch: 0,
    attempt: 0,
    count: 3,
    override,
  });
}

void test("what is set reaches RunTask as ECS takes it", () => {
  const volume = { name: "scratch", managedEBSVolume: { roleArn: "arn:role", sizeInGiB: 50 } };
  const strategy = [
    { capacityProvider: "FARGATE_SPOT", weight: 3 },
    { capacityProvider: "FARGATE", weight: 1 },
  ];
  const input = requestOf({
    ecsCluster: "prod",
    capacityProviderStrategy: strategy,
    volumeConfigurations: [volume],
    tags: { team: "blue" },
    enableExecuteCommand: true,
    runTask: { somethingNew: { a: 1 } },
    overrides: {
      cpu: "2048",
      memory: "4096",
      ephemeralStorage: { sizeInGiB: 40 },
      container: {
        environment: { MODE: "fast" },
        memory: 1024,
        resourceRequirements: [{ type: "GPU", value: "1" }],
      },
      otherContainers: { proxy: { command: ["proxy", "-v"], environment: { LEVEL: "debug" } } },
    },
  });
  const { overrides, ...rest } = Object.fromEntries(
    Object.entries(input).filter(([, value]) => value !== undefined),
  ) as unknown as typeof input;
  assert.deepEqual(rest, {
    somethingNew: { a: 1 },
    capacityProviderStrategy: strategy,
    volumeConfigurations: [volume],
    tags: [{ key: "team", value: "blue" }],
    enableExecuteCommand: true,
    cluster: "prod",
    taskDefinition: "arn:worker:1",
    count: 3,
    startedBy: "rollcall/l1",
    clientToken: "rollcall-l1-0-0",
  });
  assert.deepEqual(overrides, {
    cpu: "2048",
    memory: "4096",
    ephemeralStorage: { sizeInGiB: 40 },
    containerOverrides: [
      {
        memory: 1024,
        environment: [
          { name: "MODE", value: "fast" },
          { name: "ROLLCALL_JOIN", value: "t" },
          { name: "ROLLCALL_LAUNCH_ID", value: "l1" },
        ],
        resourceRequirements: [{ type: "GPU", value: "1" }],
        name: "w",
        command: ["node", "node_modules/rollcall/dist/worker/main.js"],
      },
      {
        environment: [{ name: "LEVEL", value: "debug" }],
        name: "proxy",
        command: ["proxy", "-v"],
      },
    ],
  });
});

void test("a task tells its launch by its override, and a task of others none", () => {
  assert.equal(launchOf({ overrides: requestOf({}).overrides }), "l1");
  assert.equal(launchOf({ startedBy: "rollcall/l1" }), undefined);
  const similar = { environment: [{ name: "LAUNCH_ID", value: "l1" }] };
  assert.equal(launchOf({ overrides: { containerOverrides: [similar] } }), undefined);
});
