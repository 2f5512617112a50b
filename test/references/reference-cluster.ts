import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Cluster, ClusterOptions } from "#dist/index.js";
import type { MemoryDetails, MemoryManager } from "#dist/testing/index.js";
import { memoryCluster, settled } from "../cluster/memory-cluster.js";

export interface ReferenceCluster {
  readonly cluster: Cluster;
  readonly memory: MemoryManager;
  /** Breaks the connections between two workers; they make new ones when they need them. */
  readonly cut: (one: number, other: number) => void;
  /** Ends the cluster before the test does. */
  readonly end: () => Promise<void>;
}

/** A cluster of workers in memory, at whose end nothing may be left of any reference. */
export async function referenceCluster(
  context: TestContext,
  workers: number,
  options: ClusterOptions = {},
): Promise<ReferenceCluster> {
  let isEnded = false;
  let check: () => Promise<void> = () => Promise.resolve();
  // Hooks run in the order in which they were set, and this one needs the cluster that the next one closes.
  context.after(() => check());
  const { cluster, manager, network } = memoryCluster(context, options);
  const memory = manager({ workers });
  await cluster.addProcs(memory);
  check = async () => {
    if (!isEnded) await nothingHeld(cluster);
  };
  const end = async (): Promise<void> => {
    await check();
    isEnded = true;
    await cluster.close();
  };
  const hostOf = (pid: number): string => (cluster.workerInfo(pid).launched.details as MemoryDetails).host;
  const cut = (one: number, other: number): void => network.cut(undefined, [hostOf(one), hostOf(other)]);
  return { cluster, memory, cut, end };
}

/** Fails unless all tables are empty, once what is under way has arrived. */
export async function nothingHeld(cluster: Cluster): Promise<void> {
  await settled();
  const counts = await cluster.heldReferences();
  assert.deepEqual(
    counts,
    counts.map(({ pid }) => ({ pid, stored: 0, held: 0, waiting: 0 })),
  );
}

/** Resolves when a request waits in a process. */
export async function untilWaiting(cluster: Cluster, pid: number): Promise<void> {
  while ((await cluster.heldReferences(pid))[0]!.waiting === 0) await settled();
}

/** Runs the garbage collector, and lets those who are told of what it took have their turn. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  for (let round = 0; round < 3; round++) {
    await settled();
    gc();
  }
  await settled();
}
