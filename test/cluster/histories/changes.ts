import assert from "node:assert/strict";
import type { MemoryDetails, MemoryManager, MemoryNetwork } from "#dist/testing/index.js";
import { forgetProcess } from "../../references/fixtures/holding.js";
import { launchedId } from "../memory-cluster.js";
import { outcomeOf } from "./acting.js";
import type { Setting } from "./stories.js";

export interface Changing extends Setting {
  readonly memory: MemoryManager;
  readonly network: MemoryNetwork;
  readonly maxWorkers: number;
}

/** So many workers stay, whatever happens. */
const FEWEST = 2;

/** A change of who is there. Resolves when it has come to its end. */
export type Change = (changing: Changing) => Promise<void>;

export const join: Change = async ({ cluster, model, memory, maxWorkers, random }) => {
  const most = maxWorkers - model.workers.length;
  if (most < 1) return;
  const max = 1 + random(Math.min(most, 3));
  const { joined, failures } = await cluster.addProcs(memory, { workers: max });
  assert.deepEqual(failures, []);
  assert.equal(joined.length, max);
};

export const remove: Change = async (changing) => {
  const { cluster, model, random } = changing;
  const pid = touchOne(changing);
  if (pid === undefined) return;
  await cluster.rmProcs(pid, random(2) === 0 ? { graceMs: 0 } : {});
  assert.ok(!model.workers.includes(pid), `worker ${pid} is still there after its removal`);
};

export const kill: Change = async (changing) => {
  const pid = touchOne(changing);
  if (pid === undefined) return;
  const gone = ended(changing, pid);
  changing.memory.crash(launchedId(changing.cluster, pid));
  await gone;
};

export const drain: Change = async (changing) => {
  const pid = touchOne(changing);
  if (pid === undefined) return;
  const gone = ended(changing, pid);
  changing.memory.terminate(launchedId(changing.cluster, pid));
  await gone;
};

export const interrupt: Change = async ({ cluster, model }) => {
  const pid = model.pick(model.workers);
  const over = model.interrupting(pid);
  const outcome = await outcomeOf(cluster.interrupt(pid));
  over();
  model.judge(outcome, model.since, [pid]);
};

/** Breaks the connections between two workers; they make new ones when they need them. */
export const cut: Change = async ({ cluster, model, network }) => {
  const hosts = [model.pick(model.untouched), model.pick(model.untouched)].map(
    (pid) => (cluster.workerInfo(pid).launched.details as MemoryDetails).host,
  );
  if (hosts[0] === hosts[1]) return;
  model.cut();
  network.cut(undefined, [hosts[0]!, hosts[1]!]);
  // It counts for as long as somebody may not have noticed.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  model.cut();
};

/** One that will be gone, unless too few would be left. */
function touchOne({ model }: Changing): number | undefined {
  const { untouched } = model;
  if (untouched.length <= FEWEST) return undefined;
  const pid = model.pick(untouched);
  model.touch(pid);
  return pid;
}

/** Resolves when the cluster has heard of its end. */
function ended({ cluster }: Changing, pid: number): Promise<void> {
  return new Promise((resolve) => {
    const listener = (event: { readonly pid: number }): void => {
      if (event.pid !== pid) return;
      cluster.off("exited", listener);
      resolve();
    };
    cluster.on("exited", listener);
  });
}

/** Tells the model who comes and goes. */
export function follow({ cluster, model }: Setting): void {
  cluster.on("joined", ({ pid }) => model.joined(pid));
  cluster.on("exited", ({ pid }) => {
    model.exited(pid);
    forgetProcess(pid);
  });
}
