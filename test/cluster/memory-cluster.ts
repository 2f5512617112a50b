import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { ClusterOptions } from "#dist/cluster/cluster-options.js";
import type { ClusterEvents } from "#dist/cluster/cluster-events.js";
import { Cluster } from "#dist/index.js";
import { MemoryManager, MemoryNetwork, type MemoryOptions } from "#dist/testing/index.js";
import { hooks } from "./fixtures/work.js";

export interface MemoryCluster {
  readonly network: MemoryNetwork;
  readonly cluster: Cluster;
  readonly manager: (options?: Omit<MemoryOptions, "network">) => MemoryManager;
}

/** A cluster whose workers live in this process. It is closed after the test, and nothing may be left then. */
export function memoryCluster(context: TestContext, options: ClusterOptions = {}): MemoryCluster {
  const network = new MemoryNetwork();
  const timers = activeTimers();
  const cluster = new Cluster({ transport: network, leaveGraceMs: 1_000, ...options });
  const managers: MemoryManager[] = [];
  context.after(async () => {
    await cluster.close();
    await settled();
    hooks.visit = (item) => item;
    assert.equal(network.openConnections, 0, "open connections");
    assert.equal(network.openListeners, 0, "open listeners");
    assert.equal(activeTimers(), timers, "timers that keep the process alive");
    for (const manager of managers) assert.deepEqual(manager.running, [], "running workers");
  });
  return {
    network,
    cluster,
    manager: (more = {}) => {
      const manager = new MemoryManager({ network, ...more });
      managers.push(manager);
      return manager;
    },
  };
}

function activeTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

/** Lets what the memory network has under way arrive. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves with the next such event. */
export function once<Name extends keyof ClusterEvents>(
  cluster: Cluster,
  name: Name,
): Promise<ClusterEvents[Name][0]> {
  return new Promise((resolve) => {
    const listener = (...[event]: ClusterEvents[Name]): void => {
      cluster.off(name, listener);
      resolve(event);
    };
    cluster.on(name, listener);
  });
}

/** The id by which the manager of a worker knows it. */
export function launchedId(cluster: Cluster, pid: number): string {
  return cluster.workerInfo(pid).launched.id;
}
