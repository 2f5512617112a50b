import assert from "node:assert/strict";
import { test } from "node:test";
import { drainLimits, forceAfterMs } from "#dist/worker/drain-limits.js";
import { InstanceMetadata } from "#dist/worker/instance-metadata.js";
import { leavingForSpot, parseSpotNotice } from "#dist/worker/spot-notice.js";
import { watchSpot } from "#dist/worker/spot-watch.js";
import { InstanceMetadataService } from "../fixtures/instance-metadata-service.js";

const NOTICE = "spot/instance-action";
const AT = "2026-11-25T19:00:00Z";
const DOCUMENT = JSON.stringify({ action: "terminate", time: AT });
const LEAVING = {
  reason: "EC2 takes its Spot instance i-0a1b back at 2026-11-25T19:00:00.000Z (terminate)",
  cause: "Spot interruption",
  deadline: Date.parse(AT),
  instanceId: "i-0a1b",
};

function watch(service: InstanceMetadataService, signal: AbortSignal = new AbortController().signal) {
  return watchSpot({ metadata: new InstanceMetadata(service.url), signal, intervalMs: 1 });
}

/** Resolves when the service has been asked so often for the notice. */
async function untilAsked(service: InstanceMetadataService, times: number): Promise<void> {
  while (service.count(`meta-data/${NOTICE}`) < times) await new Promise((resolve) => setImmediate(resolve));
}

void test("a Spot notice is found when it comes, and says which instance goes and when", async () => {
  await using service = await InstanceMetadataService.start();
  service.documents.set("instance-id", "i-0a1b\n").set("instance-life-cycle", "spot");
  const found = watch(service);
  await untilAsked(service, 2);
  service.documents.set(NOTICE, DOCUMENT);
  assert.deepEqual(await found, LEAVING);
  assert.equal(service.count("api/token"), 1);
  assert.equal(service.count("meta-data/instance-life-cycle"), 1);
});

void test("a token that has come to its end is replaced", async () => {
  await using service = await InstanceMetadataService.start();
  service.documents.set("instance-id", "i-0a1b");
  const found = watch(service);
  await untilAsked(service, 1);
  service.expireTokens();
  service.documents.set(NOTICE, DOCUMENT);
  assert.deepEqual(await found, LEAVING);
  assert.equal(service.count("api/token"), 2);
});

void test("an instance that is not Spot is asked once", async () => {
  await using service = await InstanceMetadataService.start();
  service.documents.set("instance-life-cycle", "on-demand");
  assert.equal(await watch(service), undefined);
  assert.deepEqual(service.requests, ["PUT api/token", "GET meta-data/instance-life-cycle"]);
});

void test("a service that refuses is asked three times and then never again", async () => {
  await using service = await InstanceMetadataService.start();
  service.status = 403;
  assert.equal(await watch(service), undefined);
  assert.deepEqual(service.requests, ["PUT api/token", "PUT api/token", "PUT api/token"]);
});

void test("a service that has answered is asked again however often it fails meanwhile", async () => {
  await using service = await InstanceMetadataService.start();
  const found = watch(service);
  await untilAsked(service, 1);
  service.status = 503;
  await untilAsked(service, 6);
  service.status = undefined;
  service.documents.set(NOTICE, DOCUMENT);
  assert.equal((await found)?.deadline, Date.parse(AT));
});

void test("a watch that is of no more use ends", async () => {
  await using service = await InstanceMetadataService.start();
  const over = new AbortController();
  const found = watch(service, over.signal);
  await untilAsked(service, 1);
  over.abort();
  assert.equal(await found, undefined);
});

void test("a notice without a time that can be read is one all the same", () => {
  const notice = parseSpotNotice(`{"action":"stop","time":"soon"}`);
  assert.deepEqual(notice, { action: "stop", at: undefined });
  assert.deepEqual(leavingForSpot(notice, undefined), {
    reason: "EC2 takes its Spot instance back within minutes (stop)",
    cause: "Spot interruption",
  });
  for (const wrong of ["", "{}", "[]", "null", "<html>"]) assert.throws(() => parseSpotNotice(wrong), wrong);
});

void test("without a deadline calls have what the cluster allows, with one all the time until then but a few seconds", () => {
  assert.deepEqual(drainLimits(20_000, undefined), { callsMs: 20_000, cleanUpMs: 5_000 });
  assert.deepEqual(drainLimits(20_000, undefined, true), { callsMs: Infinity, cleanUpMs: 5_000 });
  assert.deepEqual(drainLimits(20_000, 120_000), { callsMs: 112_000, cleanUpMs: 4_800 });
  assert.deepEqual(drainLimits(0, 4_000), { callsMs: 2_000, cleanUpMs: 1_200 });
  assert.deepEqual(drainLimits(20_000, -1), { callsMs: 0, cleanUpMs: 0 });
});

void test("force comes after all that, and before the end of the machine", () => {
  for (const remaining of [0, 10, 1_000, 5_000, 9_000, 120_000]) {
    const { callsMs, cleanUpMs } = drainLimits(20_000, remaining);
    assert.ok(callsMs + cleanUpMs <= forceAfterMs(remaining), `${remaining}`);
    assert.ok(forceAfterMs(remaining) <= remaining, `${remaining}`);
  }
});
