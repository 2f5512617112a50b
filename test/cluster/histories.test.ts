import { test, type TestContext } from "node:test";
import { newSeed, seeded } from "../fixtures/random.js";
import { begun } from "./histories/acting.js";
import { follow } from "./histories/changes.js";
import { History } from "./histories/history.js";
import { Model } from "./histories/model.js";
import { memoryCluster, nothingHeld } from "./memory-cluster.js";

/** Of all rounds together. */
const STEPS = Number(process.env["ROLLCALL_STEPS"] ?? 100_000);

/** On a busy machine a turn of the event loop is long here, and a join takes many. */
const UNHURRIED = { launchMs: 120_000, reportMs: 60_000, joinMs: 60_000 };

/** From the fewest workers to the most. */
const rounds = [
  { workers: 3, share: 0.2, hasCuts: false },
  { workers: 8, share: 0.25, hasCuts: false },
  { workers: 20, share: 0.2, hasCuts: false },
  { workers: 50, share: 0.15, hasCuts: false },
  { workers: 10, share: 0.2, hasCuts: true },
];

async function live(
  context: TestContext,
  seed: number,
  { workers, share, hasCuts }: (typeof rounds)[number],
): Promise<void> {
  begun.clear();
  const random = seeded(seed);
  const { cluster, network, manager } = memoryCluster(context, { drainMs: 500 });
  const memory = manager({ workers, timeouts: UNHURRIED });
  const model = new Model(random);
  const changing = { cluster, network, memory, model, random, maxWorkers: workers, hasCuts };
  follow(changing);
  if (hasCuts) {
    for (let n = 0; n < workers; n++)
      network.refuse(`worker-${1 + random(workers)}`, `worker-${1 + random(workers)}`);
  }
  await cluster.addProcs(memory);
  const history = new History(changing);
  try {
    await history.run(STEPS * share);
    await history.letGoOfAll();
  } finally {
    model.end();
  }
  if (hasCuts) {
    // What was on a connection that broke counts as received until its receiver ends.
    await cluster.rmProcs(cluster.workers());
  }
  await nothingHeld(cluster);
}

for (const round of rounds) {
  const { workers, hasCuts } = round;
  const links = hasCuts ? " whose connections break" : "";
  void test(`whatever is done on ${workers} workers${links}, all comes out right, and nothing is left`, async (context) => {
    await live(context, newSeed(context), round);
  });
}
