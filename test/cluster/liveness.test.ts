import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { Cluster } from "#dist/index.js";
import { MemoryManager, MemoryNetwork } from "#dist/testing/index.js";
import type { Connection, DialOptions } from "#dist/transport/transport.js";
import { double } from "./fixtures/work.js";
import { once, settled } from "./memory-cluster.js";

/** Keeps hold of the connections that workers open to the manager: their control channels. */
class WatchedNetwork extends MemoryNetwork {
  readonly controls: Connection[] = [];

  override async dial(options: DialOptions): Promise<Connection> {
    const connection = await super.dial(options);
    if (options.host === "manager") this.controls.push(connection);
    return connection;
  }
}

interface Watched {
  readonly cluster: Cluster;
  readonly manager: MemoryManager;
  readonly network: WatchedNetwork;
}

async function watched(context: TestContext, lostMs: number): Promise<Watched> {
  const network = new WatchedNetwork();
  const heartbeat = { intervalMs: 5, suspectMs: 20, lostMs };
  const cluster = new Cluster({ transport: network, heartbeat, managerGraceMs: 10, leaveGraceMs: 100 });
  // The heartbeat alone does not keep a program alive, nor does a network in memory.
  const alive = setInterval(() => {}, 1_000);
  context.after(async () => {
    clearInterval(alive);
    await cluster.close();
    await settled();
    assert.equal(network.openConnections, 0);
  });
  const manager = new MemoryManager({ network, workers: 1 });
  await cluster.addProcs(manager);
  return { cluster, manager, network };
}

void test("a worker that is silent is suspected, still takes calls, and is trusted again when it answers", async (context) => {
  const { cluster, network } = await watched(context, 1_000_000);
  network.controls[0]!.pause();
  const { pid } = await once(cluster, "suspect");
  assert.equal(pid, 2);
  assert.equal(await cluster.remoteCallFetch(double, 2, 4), 8);
  assert.deepEqual(cluster.workers(), [2]);
  const recovered = once(cluster, "recovered");
  network.controls[0]!.resume();
  assert.equal((await recovered).pid, 2);
});

void test("a worker that stays silent is given up, its calls fail, and its process is ended", async (context) => {
  const { cluster, manager, network } = await watched(context, 60);
  network.controls[0]!.pause();
  const exited = once(cluster, "exited");
  const { reason } = await exited;
  assert.equal(reason.kind, "unresponsive");
  await assert.rejects(cluster.remoteCallFetch(double, 2, 1), { name: "ProcessExitedError", pid: 2 });
  while (manager.running.length > 0) await settled();
});
