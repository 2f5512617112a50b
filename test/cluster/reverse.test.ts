import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { LaunchRequest, LaunchOutcome } from "#dist/cluster/cluster-manager.js";
import type { LaunchError } from "#dist/errors.js";
import { Cluster } from "#dist/index.js";
import { WorkerVariable } from "#dist/protocol/worker-variables.js";
import { MemoryManager, MemoryNetwork, type MemoryDetails } from "#dist/testing/index.js";
import type { Connection, DialOptions } from "#dist/transport/transport.js";
import { double, whoAmI } from "./fixtures/work.js";
import { once, settled } from "./memory-cluster.js";

/** A network in which nobody reaches a worker, as behind a security group that lets nothing in. */
class ClosedNetwork extends MemoryNetwork {
  /** Hosts that were dialled. */
  readonly dialled: string[] = [];
  /** How often the manager may be dialled. */
  managerDials = Infinity;

  override dial(options: DialOptions): Promise<Connection> {
    this.dialled.push(options.host);
    const isOpen = options.host === "manager" && this.managerDials-- > 0;
    if (isOpen) return super.dial(options);
    return Promise.reject(
      Object.assign(new Error(`connect EHOSTUNREACH ${options.host}`), { code: "EHOSTUNREACH" }),
    );
  }
}

/** Its workers are told to open every connection themselves. */
class ReverseManager extends MemoryManager {
  override launch(request: LaunchRequest): AsyncGenerator<LaunchOutcome<MemoryDetails>> {
    const workerEnvironment = (uses: number): Readonly<Record<string, string>> => ({
      ...request.workerEnvironment(uses),
      [WorkerVariable.networkMode]: "reverse",
    });
    return super.launch({ ...request, workerEnvironment });
  }
}

function clusterOn(context: TestContext, network: MemoryNetwork): Cluster {
  const cluster = new Cluster({ transport: network, leaveGraceMs: 1_000 });
  context.after(async () => {
    await cluster.close();
    await settled();
    assert.equal(network.openConnections, 0, "open connections");
    assert.equal(network.openListeners, 0, "open listeners");
  });
  return cluster;
}

void test("workers that the manager cannot dial open the data connection themselves", async (context) => {
  const network = new ClosedNetwork();
  const cluster = clusterOn(context, network);
  const { joined } = await cluster.addProcs(new MemoryManager({ network, workers: 20 }));
  for (const { reachedBy, port } of joined) assert.deepEqual([reachedBy, port], ["reverse", 0]);
  const pids = joined.map(({ pid }) => pid);
  assert.deepEqual(await Promise.all(pids.map((pid) => cluster.remoteCallFetch(whoAmI, pid))), pids);
  assert.deepEqual(await cluster.pmap(double, [1, 2, 3]), [2, 4, 6]);
  for (let n = 1; n <= 20; n++) assert.ok(network.dialled.includes(`worker-${n}`), "the manager tried first");
});

void test("workers that the manager can dial say that it did", async (context) => {
  const network = new MemoryNetwork();
  const { joined } = await clusterOn(context, network).addProcs(new MemoryManager({ network, workers: 1 }));
  assert.deepEqual(
    joined.map(({ reachedBy, host }) => [reachedBy, host]),
    [["dial", "worker-1"]],
  );
});

/** Nobody answers at a worker's own address; the one that the manager sees instead leads there. */
class TranslatingNetwork extends MemoryNetwork {
  readonly abandoned: string[] = [];

  override dial(options: DialOptions): Promise<Connection> {
    const { host, signal } = options;
    if (host === "manager") return super.dial({ ...options, from: "gateway" });
    if (host === "gateway") return super.dial({ ...options, host: "worker-1" });
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        this.abandoned.push(host);
        reject(signal.reason as Error);
      });
    });
  }
}

void test("an address that keeps silent does not hold up the next one, and is let go when that answers", async (context) => {
  const network = new TranslatingNetwork();
  const cluster = clusterOn(context, network);
  const { joined } = await cluster.addProcs(new MemoryManager({ network, workers: 1 }));
  assert.deepEqual([joined[0]?.reachedBy, joined[0]?.host], ["dial", "gateway"]);
  assert.deepEqual(network.abandoned, ["worker-1"]);
  assert.equal(await cluster.remoteCallFetch(double, 2, 4), 8);
});

void test("in reverse mode no worker listens, and none is dialled", async (context) => {
  const network = new ClosedNetwork();
  const cluster = clusterOn(context, network);
  const { joined } = await cluster.addProcs(new ReverseManager({ network, workers: 3 }));
  assert.deepEqual(
    joined.map(({ reachedBy, report }) => [reachedBy, report.hosts, report.port]),
    Array.from({ length: 3 }, () => ["reverse", [], 0]),
  );
  assert.equal(network.openListeners, 1, "that of the manager");
  assert.deepEqual(new Set(network.dialled), new Set(["manager"]));
  assert.equal(await cluster.remoteCallFetch(double, 3, 4), 8);
});

void test("the end of a connection that the worker opened is the end of the worker", async (context) => {
  const network = new ClosedNetwork();
  const cluster = clusterOn(context, network);
  const manager = new MemoryManager({ network, workers: 2 });
  const { joined } = await cluster.addProcs(manager);
  const exited = once(cluster, "exited");
  manager.crash(joined[0]!.launched.id);
  assert.equal((await exited).reason.kind, "signalled");
  assert.deepEqual(cluster.workers(), [joined[1]!.pid]);
});

void test("a worker that can neither be dialled nor dial back fails its join, with every way that was tried", async (context) => {
  const network = new ClosedNetwork();
  network.managerDials = 1;
  const cluster = clusterOn(context, network);
  const manager = new MemoryManager({ network, workers: 1, timeouts: { joinMs: 60_000, launchMs: 60_000 } });
  context.mock.timers.enable({ apis: ["setTimeout"] });
  cluster.on("reported", () => {
    // The worker's attempts to dial back wait between each other, and the manager for them.
    const ticking = setInterval(() => context.mock.timers.tick(1_000), 5);
    cluster.on("failed", () => clearInterval(ticking));
  });
  await assert.rejects(
    async () => cluster.addProcs(manager),
    (error: LaunchError) => {
      const message = error.failures[0]?.message ?? "";
      assert.match(message, /could not connect to it: tried worker-1:\d+ \(connect EHOSTUNREACH worker-1\)/);
      assert.match(message, /asked to connect by itself it did not within 10000 ms/);
      return true;
    },
  );
  context.mock.timers.reset();
});
