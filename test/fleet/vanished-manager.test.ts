import assert from "node:assert/strict";
import { test } from "node:test";
import { Fleet } from "./fleet.js";
import { whyNoFleet } from "./requirements.js";
import type { VanishedManagerResult } from "./vanished-manager-program.js";

void test(
  "workers of a manager whose host vanishes end by themselves, though their output is on its way for ever",
  { skip: whyNoFleet(), timeout: 120_000 },
  async () => {
    await using fleet = await Fleet.start({ name: "vanished" });
    const program = new URL("vanished-manager-program.js", import.meta.url);
    const { joined, instanceAddresses, tasks } = (await fleet.run(program)) as VanishedManagerResult;
    assert.equal(tasks.length, 4);
    for (const { exitCode, reason } of tasks) {
      assert.equal(exitCode, 1);
      assert.match(reason, /leaving \(manager-gone\): the manager was not reached within/);
    }
    // Behind a bridge, without a metadata file and with one hop for the answers of the instance's metadata service, workers
    // do not know their instance's address; the manager saw it.
    for (const { reachedBy, reportedHosts } of joined) {
      assert.equal(reachedBy, "dial");
      assert.deepEqual(reportedHosts, []);
    }
    assert.deepEqual(new Set(joined.map(({ host }) => host)), new Set(instanceAddresses));
    assert.deepEqual(await fleet.containers(), []);
  },
);
