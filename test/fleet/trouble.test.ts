/** Maps go on while hosts of the fleet vanish and links are cut. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CutLinkResult } from "./cut-link-program.js";
import { Fleet } from "./fleet.js";
import type { KilledInstanceResult } from "./killed-instance-program.js";
import { whyNoFleet } from "./requirements.js";
import type { SpotMapResult } from "./spot-map-program.js";
import type { SpotResult } from "./spot-program.js";
import { square } from "./work.js";

const squares = (count: number): number[] => Array.from({ length: count }, (_, index) => square(index));

void describe("an instance that is gone in the middle of a map", { skip: whyNoFleet() }, () => {
  void test("costs no result, and the workers that went say which instance it was", async () => {
    await using fleet = await Fleet.start({ name: "killed" });
    const result = (await fleet.run(
      new URL("killed-instance-program.js", import.meta.url),
    )) as KilledInstanceResult;
    const [, victim] = fleet.description.instances;
    assert.deepEqual(result.results, squares(200));
    const lost = result.workersBefore.filter((address) => address === victim?.address);
    assert.ok(lost.length > 0);
    assert.equal(result.exits.length, lost.length);
    for (const { address, message } of result.exits) {
      assert.equal(address, victim?.address);
      assert.match(message, new RegExp(`Host EC2 \\(instance ${result.instanceId}\\) terminated`));
    }
  });
});

void describe("a link that is cut in the middle of a map", { skip: whyNoFleet() }, () => {
  void test("costs no result: a short cut no worker either, a long one those behind it", async () => {
    await using fleet = await Fleet.start({ name: "cut" });
    const { brief, lasting, taskStatuses } = (await fleet.run(
      new URL("cut-link-program.js", import.meta.url),
    )) as CutLinkResult;
    const [, victim] = fleet.description.instances;
    assert.deepEqual(brief.results, squares(120));
    assert.ok(brief.events.some(({ kind }) => kind === "recovered"));
    assert.ok(brief.events.every(({ kind, host }) => kind !== "exited" && host === victim?.address));
    assert.deepEqual(lasting.results, squares(120));
    const exits = lasting.events.filter(({ kind }) => kind === "exited");
    assert.equal(exits.length, 2);
    for (const { host, reason } of exits) {
      assert.equal(host, victim?.address);
      assert.match(reason ?? "", /did not answer/);
    }
    assert.deepEqual(taskStatuses, ["STOPPED", "STOPPED", "STOPPED", "STOPPED"]);
    assert.deepEqual(await fleet.containers(), []);
  });
});

void describe("an instance that Spot takes back", { skip: whyNoFleet() }, () => {
  void test("says so to the workers there, and the manager hears why they go", async () => {
    await using fleet = await Fleet.start({ name: "spot" });
    const { notice, exit, instanceStatuses } = (await fleet.run(
      new URL("spot-program.js", import.meta.url),
    )) as SpotResult;
    const { action, time } = JSON.parse(notice) as { action: string; time: string };
    assert.equal(action, "terminate");
    assert.ok(!Number.isNaN(Date.parse(time)));
    assert.match(exit.message, /SpotInterruption: "Host EC2 \(instance i-0+2\) terminated\."/);
    assert.match(exit.message, /it was on container instance [0-9a-f]{32}/);
    assert.deepEqual(instanceStatuses, ["ACTIVE", "INACTIVE"]);
    assert.deepEqual(await fleet.containers(), []);
  });

  void test("is left by its workers before it goes, and a map with items too long for that ends with all results", async () => {
    await using fleet = await Fleet.start({ name: "spotmap" });
    const result = (await fleet.run(new URL("spot-map-program.js", import.meta.url))) as SpotMapResult;
    const { results, before, replacements, notices, exits, victimAddress, instanceId } = result;
    assert.deepEqual(results, squares(results.length));
    assert.deepEqual(result.others, []);
    const there = before.filter((host) => host === victimAddress);
    assert.equal(there.length, 2);
    assert.deepEqual(
      notices.map(({ host }) => host),
      there,
    );
    for (const { reason, leftMs } of notices) {
      assert.match(
        reason,
        new RegExp(`^EC2 takes its Spot instance ${instanceId} back at .* \\(terminate\\)$`),
      );
      assert.ok(leftMs > 0 && leftMs <= 20_000, `${leftMs}`);
    }
    assert.deepEqual(
      exits.map(({ host }) => host),
      there,
    );
    for (const { reason } of exits) {
      assert.equal(reason.cause, "Spot interruption");
      assert.equal(reason.announced, true);
      assert.match(reason.message, new RegExp(`it leaves: EC2 takes its Spot instance ${instanceId} back`));
    }
    const [other] = fleet.description.instances;
    assert.deepEqual(replacements, [other?.address, other?.address]);
    assert.deepEqual(await fleet.containers(), []);
  });
});
