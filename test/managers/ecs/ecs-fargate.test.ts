/** Fargate and capacity providers, as the real SDK brings them to the manager. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PutClusterCapacityProvidersCommand } from "@aws-sdk/client-ecs";
import type { ECSManagerOptions } from "#dist/managers/ecs/index.js";
import type { LocalECSOptions } from "#dist/local-ecs/index.js";
import { Launching, Platform } from "./launching.js";

const skip = process.platform === "linux" ? false : "only Linux has loopback addresses enough";
const never = new AbortController().signal;

const SUBNETS = { networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } } };
const ON_FARGATE: Partial<ECSManagerOptions> = { ...SUBNETS, launchType: "FARGATE" };
const MIXED: Partial<ECSManagerOptions> = {
  ...SUBNETS,
  capacityProviderStrategy: [
    { capacityProvider: "FARGATE", weight: 0, base: 1 },
    { capacityProvider: "FARGATE_SPOT", weight: 1 },
  ],
};

async function startWith(capacityProviders: string[], options: LocalECSOptions = {}): Promise<Platform> {
  const platform = await Platform.start({ instances: 0, ...options });
  await platform.client.send(
    new PutClusterCapacityProvidersCommand({
      cluster: "default",
      capacityProviders,
      defaultCapacityProviderStrategy: [],
    }),
  );
  await platform.register({}, { networkMode: "awsvpc", cpu: "256", memory: "512" });
  return platform;
}

/** What the whole launch fails with. */
async function failureOf(platform: Platform, options: Partial<ECSManagerOptions>): Promise<string> {
  const launching = new Launching(platform.manager(options));
  try {
    await launching.take("started", 1);
  } catch (error) {
    return (error as Error).message;
  }
  return assert.fail("the launch went on");
}

void test("workers on Fargate are tasks without an instance", { skip }, async () => {
  await using platform = await startWith([]);
  const manager = platform.manager({ ...ON_FARGATE, workers: 2, platformVersion: "1.4.0" });
  const launching = new Launching(manager);
  const started = await launching.take("started", 2);
  assert.equal((await launching.take("placed", 2)).length, 2);
  for (const { worker } of started) {
    const { launchType, containerInstanceArn, capacityProviderName, availabilityZone } = worker.details;
    assert.deepEqual(
      [launchType, containerInstanceArn, capacityProviderName, availabilityZone],
      ["FARGATE", undefined, undefined, "us-east-1a"],
    );
  }
  await launching.end();
  await manager.kill(
    started.map(({ worker }) => worker.id),
    0,
    never,
  );
  assert.deepEqual(platform.notStopped(), []);
});

void test("a strategy shares workers out, and each says whose it is", { skip }, async () => {
  await using platform = await startWith(["FARGATE", "FARGATE_SPOT"]);
  const manager = platform.manager({ ...MIXED, workers: 3 });
  const launching = new Launching(manager);
  const started = await launching.take("started", 3);
  const names = started.map(({ worker }) => worker.details.capacityProviderName ?? "none");
  assert.equal(names.toSorted((a, b) => (a < b ? -1 : 1)).join(), "FARGATE,FARGATE_SPOT,FARGATE_SPOT");
  await launching.end();
  await manager.kill(
    started.map(({ worker }) => worker.id),
    0,
    never,
  );
});

void test("a Spot interruption is told as such, with what to do", { skip }, async () => {
  await using platform = await startWith(["FARGATE_SPOT"]);
  const launching = new Launching(
    platform.manager({
      ...SUBNETS,
      capacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }],
    }),
  );
  const [started] = await launching.take("started", 1);
  platform.local.interruptSpot(started?.worker.id ?? "");
  const [exited] = await launching.take("exited", 1);
  await launching.end();
  assert.equal(exited?.reason.cause, "Spot interruption");
  assert.match(exited.reason.message, /SpotInterruption: "?Your Spot Task was interrupted/);
  assert.match(exited.reason.advice ?? "", /Spot capacity was taken back/);
});

void test("where Fargate has no room the manager asks again", { skip }, async () => {
  await using platform = await startWith([]);
  platform.local.faults.add({ kind: "no-capacity", times: 2 });
  const manager = platform.manager({ ...ON_FARGATE, workers: 2 });
  const launching = new Launching(manager);
  const started = await launching.take("started", 2);
  await launching.end();
  await manager.kill(
    started.map(({ worker }) => worker.id),
    0,
    never,
  );
});

void test("where Fargate has no room in time the failure advises other zones", { skip }, async () => {
  await using platform = await startWith([]);
  platform.local.faults.add({ kind: "no-capacity", times: Infinity });
  const launching = new Launching(platform.manager({ ...ON_FARGATE, timeouts: { capacityMs: 0 } }));
  const [failed] = await launching.take("failed", 1);
  await launching.end();
  assert.match(failed?.failure.cause ?? "", /^Capacity is unavailable at this time/);
  assert.match(failed?.failure.advice ?? "", /add subnets in other zones/);
});

void test("a worker for which a capacity provider has no room waits, and starts when another one has ended", async () => {
  await using platform = await Platform.start({ instances: [{ cpu: 128, capacityProvider: "group" }] });
  await platform.register();
  const manager = platform.manager({
    workers: 2,
    capacityProviderStrategy: [{ capacityProvider: "group", weight: 1 }],
  });
  const launching = new Launching(manager);
  const [first] = await launching.take("started", 1);
  assert.equal((await launching.take("launched", 2)).length, 2);
  assert.equal(launching.outcomes.filter(({ kind }) => kind === "placed").length, 1);
  await manager.kill([first?.worker.id ?? ""], 0, never);
  const [, second] = await launching.take("started", 2);
  await launching.end();
  await manager.kill([second?.worker.id ?? ""], 0, never);
});

void test("a capacity provider of instances that has no room in time ends the worker with the reason", async () => {
  await using platform = await Platform.start({
    instances: [{ cpu: 128, capacityProvider: "group" }],
    capacityWaitMs: 0,
  });
  await platform.register();
  const manager = platform.manager({
    workers: 2,
    capacityProviderStrategy: [{ capacityProvider: "group", weight: 1 }],
  });
  const launching = new Launching(manager);
  const [started] = await launching.take("started", 1);
  assert.equal(started?.worker.details.capacityProviderName, "group");
  const [exited] = await launching.take("exited", 1);
  assert.match(exited?.reason.message ?? "", /TaskFailedToStart: RESOURCE:CPU/);
  assert.match(exited?.reason.advice ?? "", /brought no instance with room/);
  await launching.end();
  await manager.kill([started.worker.id], 0, never);
});

for (const [title, options, definition, message] of [
  [
    "a capacity provider that the ECS cluster does not have",
    { ...SUBNETS, capacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }] },
    undefined,
    /not associated with the cluster.*; check the names in capacityProviderStrategy.*ECS cluster "default" \(aws ecs/,
  ],
  [
    "a strategy that mixes instances with Fargate",
    {
      ...SUBNETS,
      capacityProviderStrategy: [
        { capacityProvider: "FARGATE", weight: 1 },
        { capacityProvider: "group", weight: 1 },
      ],
    },
    undefined,
    /cannot contain a mix of .*; name in capacityProviderStrategy either FARGATE and FARGATE_SPOT, or/,
  ],
  [
    "a definition that is not for Fargate",
    ON_FARGATE,
    { cpu: "100" },
    /does not support launch_type FARGATE\.; register a revision of "worker" for Fargate \(npx rollcall taskdef/,
  ],
  [
    "a size that Fargate does not have",
    { ...ON_FARGATE, overrides: { cpu: "1024" } },
    undefined,
    /No Fargate configuration exists .*; Fargate has only some sizes: change overrides\.cpu/,
  ],
  [
    "a placement strategy on Fargate",
    { ...ON_FARGATE, placementStrategy: [{ type: "random" }] },
    undefined,
    /Placement strategies are not supported .*; Fargate has no instances to choose from/,
  ],
  [
    "a platform version on instances",
    { ...SUBNETS, platformVersion: "1.4.0" },
    undefined,
    /platform version must be null .*; platformVersion is for Fargate: leave it out/,
  ],
  [
    "a public address on instances",
    { networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"], assignPublicIp: "ENABLED" } } },
    undefined,
    /Assign public IP is not supported .*; assignPublicIp of networkConfiguration is for Fargate/,
  ],
  [
    "an unknown platform version",
    { ...ON_FARGATE, platformVersion: "9.9.9" },
    undefined,
    /PlatformUnknownException: .*; check platformVersion; LATEST is the default/,
  ],
] as const satisfies readonly (readonly [string, Partial<ECSManagerOptions>, object | undefined, RegExp])[]) {
  void test(`${title} is refused with what to do`, { skip }, async () => {
    await using platform = await startWith(["FARGATE", "group"], {
      instances: [{ capacityProvider: "group" }],
    });
    if (definition !== undefined) await platform.register({}, { networkMode: "awsvpc", ...definition });
    assert.match(await failureOf(platform, options), message);
    assert.deepEqual(platform.local.tasks(), []);
  });
}
