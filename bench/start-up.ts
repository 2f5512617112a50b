import { spawn } from "node:child_process";
import { once } from "node:events";
import { Cluster, LocalManager } from "rollcall";
import type { Bench, Contender } from "./bench.js";

const COUNTS = [2, 8];

/** How soon new workers can be called. */
export const startUp: Bench = {
  name: "start-up",
  title: "Starting workers",
  notes:
    "From addProcs until every worker has joined and can be called; against as many `node -e 0`, started together, from " +
    "the first start until the last has exited.",
  rounds: 9,
  figures: COUNTS.map((count) => ({
    key: `${count}`,
    label: `${count} workers`,
    unit: "ms",
    isCompared: true,
  })),
  open() {
    return Promise.resolve([timed("Rollcall", startWorkers), timed("bare node -e 0", startBare)]);
  },
};

/** `start` gives the milliseconds that it took to start so many. */
function timed(name: string, start: (count: number) => Promise<number>): Contender {
  return {
    name,
    async measure() {
      const readings: Record<string, number> = {};
      for (const count of COUNTS) readings[`${count}`] = await start(count);
      return readings;
    },
    warmUp: () => start(2),
  };
}

async function startWorkers(count: number): Promise<number> {
  await using cluster = new Cluster({ output: "ignore" });
  const start = performance.now();
  await cluster.addProcs(new LocalManager(count));
  return performance.now() - start;
}

async function startBare(count: number): Promise<number> {
  const start = performance.now();
  const exits = Array.from({ length: count }, () =>
    once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit"),
  );
  await Promise.all(exits);
  return performance.now() - start;
}
