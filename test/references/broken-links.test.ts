import assert from "node:assert/strict";
import { test } from "node:test";
import { nothingHeld, settled } from "../cluster/memory-cluster.js";
import { newSeed, seeded } from "../fixtures/random.js";
import { hold, letGo, look, passTo, takeFrom } from "./fixtures/holding.js";
import { referenceCluster, untilWaiting } from "./reference-cluster.js";

void test("what an owner is told while its connections break is told again, and counts once", async (context) => {
  const random = seeded(newSeed(context));
  const { cluster, cut } = await referenceCluster(context, 3);
  for (let key = 1; key <= 40; key++) {
    {
      using channel = await cluster.channel<number>({ pid: 2 });
      await channel.put(key);
      await cluster.remoteCallFetch(hold, 3, key, channel);
    }
    const passing = cluster.remoteCallFetch(passTo, 3, key, 4);
    for (let turn = random(6); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
    cut(2, 3);
    await passing;
    const released = cluster.remoteCallFetch(letGo, 3, key);
    for (let turn = random(6); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
    cut(2, 3);
    await released;
    assert.equal(await cluster.remoteCallFetch(look, 4, key), key);
    await cluster.remoteCallFetch(letGo, 4, key);
  }
  await nothingHeld(cluster);
});

void test("a take whose connection breaks ends, and does not go on taking", async (context) => {
  const { cluster, cut } = await referenceCluster(context, 2);
  using channel = await cluster.channel<number>({ pid: 2 });
  const taking = cluster.remoteCallFetch(takeFrom, 3, channel);
  await untilWaiting(cluster, 2);
  cut(2, 3);
  assert.equal(await taking, "LinkLostError");
  await settled();
  assert.equal((await cluster.heldReferences(2))[0]!.waiting, 0);
  await channel.put(5);
  assert.equal(await channel.take(), 5);
});
