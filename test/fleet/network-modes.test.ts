import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Fleet } from "./fleet.js";
import type { HostModeResult } from "./host-mode-program.js";
import { whyNoFleet } from "./requirements.js";
import { square } from "./work.js";

void describe(
  "eight workers of one image on two instances in network mode host",
  { skip: whyNoFleet() },
  () => {
    let fleet: Fleet;
    let result: HostModeResult;
    before(async () => {
      fleet = await Fleet.start({ name: "hostmode" });
      result = (await fleet.run(new URL("host-mode-program.js", import.meta.url))) as HostModeResult;
    });
    after(() => fleet?.[Symbol.asyncDispose]());

    void test("all join, both instances have some and one has at least three", () => {
      const { workers } = result;
      assert.equal(workers.length, 8);
      const counts = fleet.description.instances.map(
        ({ address }) => workers.filter(({ instanceAddress }) => instanceAddress === address).length,
      );
      assert.equal(
        counts.reduce((sum, count) => sum + count),
        8,
      );
      assert.ok(
        Math.min(...counts) >= 1 && Math.max(...counts) >= 3,
        `workers per instance: ${counts.join(", ")}`,
      );
    });

    void test("each has the address of its instance and a port that no other one there has", () => {
      for (const { host, instanceAddress, ownAddresses } of result.workers) {
        assert.equal(host, instanceAddress);
        assert.deepEqual(ownAddresses, [instanceAddress]);
      }
      // Two instances might give the same number; on one of them no two workers have the same.
      assert.equal(new Set(result.workers.map(({ host, port }) => `${host}:${port}`)).size, 8);
    });

    void test("each is the first process of a container of its own", () => {
      for (const { osPid } of result.workers) assert.equal(osPid, 1);
    });

    void test("each reads the metadata of its own instance", () => {
      for (const { localIpv4, instanceId, instanceAddress } of result.workers) {
        assert.equal(localIpv4, instanceAddress);
        const instance = fleet.description.instances.find(({ address }) => address === instanceAddress);
        assert.equal(instanceId, instance?.instanceId);
      }
    });

    void test("a map over them gives every result", () => {
      assert.deepEqual(
        result.squares,
        Array.from({ length: 200 }, (_, index) => square(index)),
      );
    });

    void test("afterwards all tasks are STOPPED and no container is left", async () => {
      assert.deepEqual(
        result.taskStatuses,
        Array.from({ length: 8 }, () => "STOPPED"),
      );
      assert.deepEqual(await fleet.containers(), []);
    });
  },
);
