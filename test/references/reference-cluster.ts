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
}

/** A cluster of workers in memory. */
export async function referenceCluster(
  context: TestContext,
  workers: number,
  options: ClusterOptions = {},
): Promise<ReferenceCluster> {
  const { cluster, manager, network } = memoryCluster(context, options);
  const memory = manager({ workers });
  await cluster.addProcs(memory);
  const hostOf = (pid: number): string => (cluster.workerInfo(pid).launched.details as MemoryDetails).host;
  const cut = (one: number, other: number): void => network.cut(undefined, [hostOf(one), hostOf(other)]);
  return { cluster, memory, cut };
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
