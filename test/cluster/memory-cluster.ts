import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { ClusterOptions } from "#dist/cluster/cluster-options.js";
import type { ClusterEvents } from "#dist/cluster/cluster-events.js";
import { Cluster } from "#dist/index.js";
import { MemoryManager, MemoryNetwork, type MemoryOptions } from "#dist/testing/index.js";
import { hooks } from "./fixtures/work.js";
import { WireCalls } from "./wire-calls.js";

const SETTLES_MS = 2_000;

export interface MemoryCluster {
  readonly network: MemoryNetwork;
  readonly cluster: Cluster;
  readonly manager: (options?: Omit<MemoryOptions, "network">) => MemoryManager;
}

/**
 * A cluster whose workers live in this process. After the test all references must have been let go and no call may be
 * open; then it is closed, and nothing may be left.
 */
export function memoryCluster(context: TestContext, options: ClusterOptions = {}): MemoryCluster {
  const network = new MemoryNetwork();
  const timers = activeTimers();
  const calls = new WireCalls(network);
  const cluster = new Cluster({ transport: network, leaveGraceMs: 1_000, ...options });
  const managers: MemoryManager[] = [];
  context.after(async () => {
    // Of one that has been closed nobody can be asked.
    if (cluster.nworkers() > 0) {
      await nothingHeld(cluster);
      // Who lets go of what may just have been told, and a call whose result nobody waits for may still load its module.
      await eventually(() => calls.open === 0);
      assert.equal(calls.open, 0, "calls without an answer");
    }
    calls.check();
    await cluster.close();
    await settled();
    hooks.visit = (item) => item;
    assert.equal(network.openConnections, 0, "open connections");
    assert.equal(network.openListeners, 0, "open listeners");
    // One that ends by itself in a moment, of an operation that was cut short, keeps nobody alive.
    await eventually(() => activeTimers() <= timers);
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

/** Fails unless no process has anything to do with references, once what is under way has arrived. */
export async function nothingHeld(cluster: Cluster): Promise<void> {
  await settled();
  const counts = await cluster.heldReferences();
  assert.deepEqual(
    counts,
    counts.map(({ pid }) => ({ pid, stored: 0, held: 0, waiting: 0 })),
  );
}

/** Resolves when it is so, or at the latest when what is under way should have ended. */
async function eventually(isSo: () => boolean): Promise<void> {
  const end = performance.now() + SETTLES_MS;
  while (!isSo() && performance.now() < end) await settled();
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
