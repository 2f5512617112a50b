import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContainerInstance } from "@aws-sdk/client-ecs";
import { watchDraining } from "#dist/managers/ecs/ecs-draining.js";

const CLUSTER = "arn:aws:ecs:eu-central-1:123456789012:container-instance/c";

/** Watches workers `w<n>@<instance>`; `answer` is ECS's, asked for these instances. */
async function watched(
  workers: readonly string[],
  answer: (arns: readonly string[], nth: number) => readonly ContainerInstance[],
  until: number,
) {
  const over = new AbortController();
  const left: string[] = [];
  const failures: string[] = [];
  const asked: number[] = [];
  // The watch itself keeps nothing alive.
  const alive = setInterval(() => {}, 1_000);
  await watchDraining({
    ecs: {
      describeContainerInstances: (arns) => {
        asked.push(arns.length);
        if (asked.length === until) over.abort();
        return Promise.resolve().then(() => answer(arns, asked.length));
      },
    },
    instanceOf: (id) => {
      const [, instance] = id.split("@");
      return instance === "" ? undefined : `${CLUSTER}/${instance}`;
    },
    intervalMs: 1,
    watch: {
      members: () => workers,
      leave: (id, { reason }) => left.push(`${id}: ${reason}`),
      failed: (error) => failures.push(error.message),
    },
    explain: (error) => new Error(`explained: ${(error as Error).message}`),
    signal: over.signal,
  });
  clearInterval(alive);
  return { left, failures, asked };
}

void test("the workers on an instance that drains are named, and no others", async () => {
  const { left, asked } = await watched(
    ["a@1", "b@2", "c@1", "on Fargate@"],
    (arns) =>
      arns.map((containerInstanceArn) => ({
        containerInstanceArn,
        ec2InstanceId: "i-0a",
        status: containerInstanceArn.endsWith("/1") ? "DRAINING" : "ACTIVE",
      })),
    1,
  );
  const reason = "its container instance 1 (i-0a) is DRAINING";
  assert.deepEqual(left, [`a@1: ${reason}`, `c@1: ${reason}`]);
  assert.deepEqual(asked, [2]);
});

void test("a hundred instances are asked about in one call", async () => {
  const workers = Array.from({ length: 230 }, (_, n) => `w@${n}`);
  const { asked } = await watched(workers, () => [], 3);
  assert.deepEqual(asked, [100, 100, 30]);
});

void test("a refusal ends the watch and is told, an outage is asked again", async () => {
  const refusal = Object.assign(new Error("not authorized"), { name: "AccessDeniedException" });
  const outage = Object.assign(new Error("try later"), { name: "ServerException" });
  const { failures, asked } = await watched(
    ["a@1"],
    (_, nth) => {
      throw nth < 3 ? outage : refusal;
    },
    10,
  );
  assert.deepEqual(failures, ["explained: not authorized"]);
  assert.equal(asked.length, 3);
});
