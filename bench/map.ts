import { Piscina } from "piscina";
import { Cluster, LocalManager } from "rollcall";
import type { Bench, Closers, Contender } from "./bench.js";
import { FixtureProcess, fixture } from "./fixture-process.js";
import { burn } from "./fixtures/work.js";

const WORKERS = 2;

/** How much of the workers' time a map of short tasks really uses. */
export const map: Bench = {
  name: "map",
  title: `A map of tasks of 1 ms on ${WORKERS} workers`,
  notes:
    "The same fixed amount of computation for each task, 1 ms of one idle core. `ideal` is two bare processes that run " +
    "half of the tasks each in a loop: the ratio to it is the share of the ideal rate that is reached.",
  rounds: 3,
  figures: [{ key: "rate", label: "tasks/s", unit: "/s", isCompared: true }],
  async open({ isQuick }, closers) {
    const tasks = isQuick ? 200 : 10_000;
    const steps = stepsOfOneMs();
    const cluster = new Cluster({ output: "ignore" });
    closers.add(() => cluster.close());
    await cluster.addProcs(new LocalManager(WORKERS));
    const one = piscina(1, closers);
    const many = piscina(64, closers);
    const ideal = await Promise.all(
      Array.from({ length: WORKERS }, async () => {
        const loop = new FixtureProcess("bare-tasks.js", [], closers);
        await loop.next();
        return loop;
      }),
    );
    const items = (count: number): number[] => Array.from({ length: count }, () => steps);
    return [
      timed("Rollcall pmap", tasks, async (count) => cluster.pmap(burn, items(count))),
      timed("ideal", tasks, (count) =>
        Promise.all(ideal.map((loop) => loop.ask({ tasks: count / WORKERS, steps }))),
      ),
      timed("piscina", tasks, (count) => Promise.all(items(count).map((item) => one.run(item)))),
      timed("piscina, 64 tasks per worker", tasks, (count) =>
        Promise.all(items(count).map((item) => many.run(item))),
      ),
    ];
  },
};

function timed(name: string, tasks: number, run: (count: number) => Promise<unknown>): Contender {
  return {
    name,
    async measure() {
      const start = performance.now();
      await run(tasks);
      return { rate: tasks / ((performance.now() - start) / 1_000) };
    },
    warmUp: () => run(Math.min(tasks, 500)),
  };
}

/** How many steps of `burn` take a millisecond here and now. */
function stepsOfOneMs(): number {
  const trial = 100_000;
  let fastest = Infinity;
  for (let attempt = 0; attempt < 50; attempt++) {
    const start = performance.now();
    burn(trial);
    fastest = Math.min(fastest, performance.now() - start);
  }
  return Math.round(trial / fastest);
}

function piscina(tasksPerWorker: number, closers: Closers): Piscina {
  const pool = new Piscina({
    filename: fixture("work.js"),
    name: burn.name,
    minThreads: WORKERS,
    maxThreads: WORKERS,
    concurrentTasksPerWorker: tasksPerWorker,
  });
  closers.add(() => pool.destroy());
  return pool;
}
