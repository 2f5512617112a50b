import assert from "node:assert/strict";
import { test } from "node:test";
import { newSeed, seeded } from "../fixtures/random.js";
import { deepMap } from "./fixtures/peers.js";
import { memoryCluster, settled } from "./memory-cluster.js";

test("whatever breaks between workers, maps within maps end, and no worker is lost", async (context) => {
  const random = seeded(newSeed(context));
  const { cluster, network, manager } = memoryCluster(context);
  const count = 8;
  await cluster.addProcs(manager({ workers: count }));
  const hosts = Array.from({ length: count }, (_, index) => `worker-${index + 1}`);
  const pair = (): [string, string] => {
    const one = random(count);
    return [hosts[one]!, hosts[(one + 1 + random(count - 1)) % count]!];
  };
  for (let n = 0; n < 10; n++) network.refuse(...pair());
  const mapped = cluster.pmap(
    deepMap,
    Array.from({ length: 24 }, () => 6),
    { concurrency: 3 },
  );
  const over = new AbortController();
  void mapped.finally(() => over.abort()).catch(() => {});
  while (!over.signal.aborted) {
    await settled();
    if (random(4) === 0) network.cut(undefined, pair());
  }
  assert.deepEqual(
    await mapped,
    Array.from({ length: 24 }, () => 6 * 15),
  );
  assert.equal(cluster.nworkers(), count);
});
