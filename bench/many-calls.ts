import { Piscina } from "piscina";
import { FixedClusterPool, FixedThreadPool } from "poolifier";
import { Cluster, LocalManager } from "rollcall";
import type { Bench, Closers, Contender, Readings } from "./bench.js";
import { mainThreadCpuMicros, processCpuMicros } from "./cpu-time.js";
import { fixture } from "./fixture-process.js";
import { nothing } from "./fixtures/work.js";

const WORKERS = 2;
const IN_FLIGHT = 1_000;

/** Calls per second when the caller never waits for a single one. */
export const manyCalls: Bench = {
  name: "many-calls",
  title: `Calls that do nothing, ${IN_FLIGHT.toLocaleString("en")} in flight, ${WORKERS} workers`,
  notes:
    "As many async loops as calls in flight, each awaiting one call after the other. Piscina also with the number of " +
    "tasks per worker that was fastest in a trial. Process CPU is process.cpuUsage() of the caller; for pools of " +
    "threads it would hold the workers too, so there the main thread alone is told.",
  rounds: 7,
  figures: [
    { key: "rate", label: "calls/s", unit: "/s", isCompared: true },
    { key: "cpu", label: "process CPU per call", unit: "µs", isCompared: false },
    { key: "mainCpu", label: "main thread CPU per call", unit: "µs", isCompared: true },
  ],
  async open({ isQuick }, closers) {
    const calls = isQuick ? 2_000 : 100_000;
    const cluster = new Cluster({ output: "ignore" });
    closers.add(() => cluster.close());
    await cluster.addProcs(new LocalManager(WORKERS));
    const [first, second] = cluster.workers() as [number, number];
    let turn = 0;

    const threads = new FixedThreadPool(WORKERS, fixture("poolifier-thread.js"));
    closers.add(() => threads.destroy());
    const processes = new FixedClusterPool(WORKERS, fixture("poolifier-cluster.cjs"));
    closers.add(() => processes.destroy());
    const one = piscina(1, closers);
    const fastest = await fastestPiscina(isQuick ? [64] : [16, 64, 256, 500], calls / 10, closers);

    return [
      timed("Rollcall", calls, "processes", () => cluster.remoteCallFetch(nothing, "any")),
      timed("Rollcall, pid given", calls, "processes", () =>
        cluster.remoteCallFetch(nothing, turn++ % WORKERS === 0 ? first : second),
      ),
      timed("piscina", calls, "threads", () => one.run(undefined)),
      timed(`piscina, ${fastest.tasks} tasks per worker`, calls, "threads", () =>
        fastest.pool.run(undefined),
      ),
      timed("poolifier, threads", calls, "threads", () => threads.execute()),
      timed("poolifier, cluster", calls, "processes", () => processes.execute()),
    ];
  },
};

function timed(
  name: string,
  calls: number,
  workersAre: "processes" | "threads",
  call: () => Promise<unknown>,
): Contender {
  async function measure(): Promise<Readings> {
    const [start, cpu, mainCpu] = [performance.now(), processCpuMicros(), mainThreadCpuMicros()];
    await keepInFlight(IN_FLIGHT, calls, call);
    const [end, cpuEnd, mainCpuEnd] = [performance.now(), processCpuMicros(), mainThreadCpuMicros()];
    return {
      rate: calls / ((end - start) / 1_000),
      ...(workersAre === "processes" && { cpu: (cpuEnd - cpu) / calls }),
      ...(mainCpu !== undefined && mainCpuEnd !== undefined && { mainCpu: (mainCpuEnd - mainCpu) / calls }),
    };
  }
  return { name, measure, warmUp: () => keepInFlight(IN_FLIGHT, calls, call) };
}

async function keepInFlight(inFlight: number, calls: number, call: () => Promise<unknown>): Promise<void> {
  let left = calls;
  async function lane(): Promise<void> {
    while (left-- > 0) await call();
  }
  await Promise.all(Array.from({ length: inFlight }, lane));
}

function piscina(tasksPerWorker: number, closers: Closers): Piscina {
  const pool = new Piscina({
    filename: fixture("work.js"),
    name: nothing.name,
    minThreads: WORKERS,
    maxThreads: WORKERS,
    concurrentTasksPerWorker: tasksPerWorker,
  });
  closers.add(() => pool.destroy());
  return pool;
}

/** Tries several settings and keeps the pool with the best one. */
async function fastestPiscina(
  settings: readonly number[],
  calls: number,
  closers: Closers,
): Promise<{ pool: Piscina; tasks: number }> {
  let best: { pool: Piscina; tasks: number; ms: number } | undefined;
  for (const tasks of settings) {
    const pool = piscina(tasks, closers);
    await keepInFlight(IN_FLIGHT, calls, () => pool.run(undefined));
    const start = performance.now();
    await keepInFlight(IN_FLIGHT, calls, () => pool.run(undefined));
    const ms = performance.now() - start;
    const slower = best !== undefined && best.ms <= ms ? pool : best?.pool;
    if (best === undefined || ms < best.ms) best = { pool, tasks, ms };
    await slower?.destroy();
  }
  return best!;
}
