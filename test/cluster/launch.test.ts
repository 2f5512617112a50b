import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import type {
  ClusterManager,
  LaunchOutcome,
  LaunchRequest,
  WorkerReport,
} from "#dist/cluster/cluster-manager.js";
import type { LaunchError } from "#dist/errors.js";
import type { Cluster } from "#dist/index.js";
import {
  MemoryManager,
  type MemoryDetails,
  type MemoryNetwork,
  type WorkerFate,
} from "#dist/testing/index.js";
import { newCodec } from "#dist/protocol/codec.js";
import { ConnectionPurpose, NONCE_SIZE } from "#dist/protocol/handshake.js";
import { MessageType } from "#dist/protocol/message.js";
import { ControlChannel } from "#dist/rpc/control-channel.js";
import { dialHandshake } from "#dist/rpc/handshake-exchange.js";
import { deferred } from "#dist/util/deferred.js";
import { readWorkerEnvironment } from "#dist/worker/worker-environment.js";
import { Worker } from "#dist/worker/worker.js";
import { gate as setUpGate, noteLate } from "./fixtures/set-up.js";
import { double, whoAmI, whoAmIAfterAwait } from "./fixtures/work.js";
import { launchedId, memoryCluster, once, settled } from "./memory-cluster.js";

const never = new Promise<void>(() => {});

void test("a launch of 50 workers makes 50 members, each with a pid and an address of its own", async (context) => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on("warning", onWarning);
  context.after(() => process.off("warning", onWarning));
  const { cluster, manager } = memoryCluster(context);
  const { joined, failures, wanted } = await cluster.addProcs(manager({ workers: 50 }));
  assert.deepEqual(failures, []);
  assert.deepEqual(wanted, { min: 50, max: 50 });
  const expected = Array.from({ length: 50 }, (_, index) => index + 2);
  assert.deepEqual(
    joined.map(({ pid }) => pid).toSorted((a, b) => a - b),
    expected,
  );
  assert.deepEqual(cluster.workers(), expected);
  assert.equal(cluster.nprocs(), 51);
  assert.equal(new Set(joined.map(({ host, port }) => `${host}:${port}`)).size, 50);
  const pids = await Promise.all(expected.map((pid) => cluster.remoteCallFetch(whoAmI, pid)));
  assert.deepEqual(pids, expected, "each knows which process it is");
  assert.deepEqual(
    await Promise.all(expected.map((pid) => cluster.remoteCallFetch(whoAmIAfterAwait, pid))),
    expected,
  );
  assert.equal(await cluster.remoteCallFetch(whoAmI, 1), 1);
  assert.deepEqual(warnings, []);
});

void test("the stages of each worker are told in order", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const stories = new Map<string, string[]>();
  const note = (name: string, id: string): void => void stories.set(id, [...(stories.get(id) ?? []), name]);
  for (const name of ["launched", "placed", "started", "reported"] as const)
    cluster.on(name, ({ worker }) => note(name, worker.id));
  for (const name of ["joined", "leaving", "exited"] as const)
    cluster.on(name, ({ worker }) => note(name, worker.launched.id));
  await cluster.addProcs(manager({ workers: 3 }));
  await cluster.rmProcs(cluster.workers());
  assert.equal(stories.size, 3);
  for (const story of stories.values())
    assert.deepEqual(story, ["launched", "placed", "started", "reported", "joined", "leaving", "exited"]);
});

void test("pids are never used again", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager({ workers: 2 }));
  await cluster.rmProcs([2, 3]);
  await cluster.addProcs(manager({ workers: 2 }));
  assert.deepEqual(cluster.workers(), [4, 5]);
  assert.throws(() => cluster.workerInfo(2), { name: "ProcessExitedError", pid: 2 });
  assert.throws(() => cluster.workerInfo(9), { name: "NoSuchProcessError", pid: 9 });
});

void test("several launches run at the same time, each with its own workers", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const launches = await Promise.all([3, 4, 5].map((workers) => cluster.addProcs(manager({ workers }))));
  assert.deepEqual(
    launches.map(({ joined }) => joined.length),
    [3, 4, 5],
  );
  assert.equal(cluster.nworkers(), 12);
});

void test("workers are handed out as they join", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const gate = deferred<void>();
  const fate = (n: number): WorkerFate => (n === 3 ? { startAfter: gate.promise } : "runs");
  const launch = cluster.addProcs(manager({ workers: 3, fate }));
  const pids: number[] = [];
  for await (const { pid } of launch) {
    pids.push(pid);
    assert.equal(await cluster.remoteCallFetch(double, pid, 4), 8);
    if (pids.length === 2) gate.resolve();
  }
  assert.deepEqual(pids, [2, 3, 4]);
});

const mixed: readonly WorkerFate[] = ["runs", "refused", "exits early", "never reports", "runs"];

void test("between the minimum and the maximum a launch succeeds and says why the rest is missing", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({
    workers: { min: 2, max: 5 },
    fate: (n) => mixed[n - 1]!,
    timeouts: { reportMs: 500 },
  });
  const { joined, failures } = await cluster.addProcs(memory);
  assert.equal(joined.length, 2);
  assert.deepEqual(failures.map(({ count, cause }) => `${count} ${cause}`).toSorted(), [
    "1 exited",
    "1 never reported",
    "1 refused",
  ]);
  assert.match(failures.find(({ cause }) => cause === "never reported")!.message, /within 500 ms/);
  assert.equal(failures.find(({ cause }) => cause === "exited")!.exit?.exitCode, 1);
  await settled();
  assert.equal(memory.running.length, 2, "what never reported was stopped");
});

void test("below the minimum a launch fails with every cause, after everything it started was stopped", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({
    workers: { min: 3, max: 5 },
    fate: (n) => mixed[n - 1]!,
    timeouts: { reportMs: 500 },
  });
  await assert.rejects(
    async () => cluster.addProcs(memory),
    (error: LaunchError) => {
      assert.equal(error.name, "LaunchError");
      assert.deepEqual(error.wanted, { min: 3, max: 5 });
      assert.ok(error.failures.length >= 2);
      assert.match(error.message, /at least 3 of 5 were wanted/);
      return true;
    },
  );
  assert.deepEqual(memory.running, []);
  assert.deepEqual(cluster.workers(), []);
});

void test("a launch that is already hopeless does not wait for its time to be up", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const fate = (n: number): WorkerFate => (n === 1 ? "exits early" : "never starts");
  const memory = manager({ workers: 2, fate, timeouts: { launchMs: 1_000_000, reportMs: 1_000_000 } });
  await assert.rejects(async () => cluster.addProcs(memory), { name: "LaunchError" });
});

void test("when its time is up a launch goes on with what it has, and stops the rest", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({
    workers: { min: 1, max: 3 },
    fate: (n) => (n === 1 ? "runs" : "never starts"),
    timeouts: { launchMs: 500 },
  });
  const { joined, failures } = await cluster.addProcs(memory);
  assert.equal(joined.length, 1);
  assert.deepEqual(
    failures.map(({ count, cause }) => [count, cause]),
    [[2, "too late"]],
  );
  await settled();
  assert.equal(memory.running.length, 1);
});

void test("nobody comes and the time is up: the launch fails and says so", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers: 2, fate: () => "never starts", timeouts: { launchMs: 20 } });
  await assert.rejects(
    async () => cluster.addProcs(memory),
    /not a member when the time for the launch, 20 ms, was up/,
  );
});

void test("a launch that is aborted rejects with the reason and leaves no worker", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const controller = new AbortController();
  const fate = (n: number): WorkerFate => (n < 3 ? "runs" : "never starts");
  const memory = manager({ workers: 4, fate });
  let joined = 0;
  cluster.on("joined", () => {
    if (++joined === 2) controller.abort(new Error("changed my mind"));
  });
  await assert.rejects(
    async () => cluster.addProcs(memory, { signal: controller.signal }),
    /changed my mind/,
  );
  assert.deepEqual(cluster.workers(), []);
  assert.deepEqual(memory.running, []);
  const aborted = manager();
  await assert.rejects(
    async () => cluster.addProcs(aborted, { signal: AbortSignal.abort(new Error("early")) }),
    /early/,
  );
  assert.deepEqual(aborted.running, []);
});

/** Tells of its workers only when it is allowed to: the platform's answer comes after the workers' reports. */
class LateAnswers extends MemoryManager {
  answer: Promise<void> = never;

  override async *launch(request: LaunchRequest): AsyncGenerator<LaunchOutcome<MemoryDetails>> {
    const outcomes = super.launch(request);
    const first = await outcomes.next();
    await this.answer;
    if (first.done !== true) yield first.value;
    yield* outcomes;
  }
}

void test("workers that report before the platform's answer to their launch join when that is here", async (context) => {
  const { cluster, network } = memoryCluster(context);
  const late = new LateAnswers({ network, workers: 3 });
  const gate = deferred<void>();
  late.answer = gate.promise;
  const launch = cluster.addProcs(late);
  await settled();
  assert.equal(cluster.nworkers(), 0);
  gate.resolve();
  assert.equal((await launch).joined.length, 3);
});

/** Hands out what its workers' environment would be, for a worker that is run by hand. */
class Spying extends MemoryManager {
  environment: Readonly<Record<string, string>> = {};

  override async *launch(request: LaunchRequest): AsyncGenerator<LaunchOutcome<MemoryDetails>> {
    this.environment = request.workerEnvironment(1);
    yield* super.launch(request);
  }
}

void test("a worker that comes when its launch is over is told so, and leaves in good order", async (context) => {
  const { cluster, network } = memoryCluster(context);
  const spying = new Spying({ network, workers: 1 });
  await cluster.addProcs(spying);
  const left = deferred<string>();
  const refused = once(cluster, "refused");
  const worker = new Worker({
    environment: readWorkerEnvironment(spying.environment),
    transport: network,
    load: () => never as Promise<never>,
    describe: () => never as Promise<never>,
    instanceAddress: () => Promise.resolve(undefined),
    joined: () => assert.fail("it joined"),
    cleanUp: () => Promise.resolve(),
    left: (cause) => left.resolve(cause),
  });
  await worker.start();
  assert.equal(await left.promise, "launch-over");
  assert.match((await refused).error.message, /launch is over/);
  assert.equal(cluster.nworkers(), 1);
});

void test("a stranger with a wrong token is refused, and the cluster does not mind", async (context) => {
  const { cluster, network } = memoryCluster(context);
  const gate = deferred<void>();
  const spying = new Spying({ network, workers: 1, fate: () => ({ startAfter: gate.promise }) });
  const launch = cluster.addProcs(spying);
  await settled();
  const environment = readWorkerEnvironment(spying.environment);
  for (const wrong of [{ tokenId: "unknown" }, { tokenSecret: new Uint8Array(32) }]) {
    const left = deferred<string>();
    const worker = new Worker({
      environment: { ...environment, ...wrong },
      transport: network,
      load: () => never as Promise<never>,
      describe: () => never as Promise<never>,
      instanceAddress: () => Promise.resolve(undefined),
      joined: () => assert.fail("it joined"),
      cleanUp: () => Promise.resolve(),
      left: (cause) => left.resolve(cause),
    });
    await worker.start();
    assert.equal(await left.promise, "refused");
  }
  gate.resolve();
  assert.equal((await launch).joined.length, 1);
});

void test("a worker that dies after it joined fails its own calls with the reason, and is gone", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({ workers: 2 });
  await cluster.addProcs(memory);
  const exited = once(cluster, "exited");
  memory.crash(launchedId(cluster, 2), { kind: "exited", message: "out of memory", exitCode: 134 });
  const { pid, reason } = await exited;
  assert.deepEqual([pid, reason.exitCode], [2, 134]);
  await assert.rejects(cluster.remoteCallFetch(double, 2, 1), {
    name: "ProcessExitedError",
    message: "worker 2 is gone: out of memory",
  });
  assert.equal(await cluster.remoteCallFetch(double, 3, 1), 2);
});

void test("a cut of the whole network ends every worker, and the launch of others still works", async (context) => {
  const { cluster, manager, network } = memoryCluster(context, { managerGraceMs: 20 });
  const memory = manager({ workers: 3 });
  await cluster.addProcs(memory);
  const gone = new Promise<void>((resolve) => {
    let exits = 0;
    cluster.on("exited", () => void (++exits === 3 && resolve()));
  });
  network.cut();
  await gone;
  assert.deepEqual(cluster.workers(), []);
  await cluster.addProcs(manager({ workers: 1 }));
  assert.deepEqual(cluster.workers(), [5]);
});

void test("a cluster that was closed starts nothing any more, and may be closed again", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  await cluster.addProcs(manager());
  const launching = cluster.addProcs(manager({ fate: () => "never starts" }));
  await Promise.all([
    assert.rejects(async () => launching, { name: "ClusterClosedError" }),
    cluster.close(),
    cluster.close(),
  ]);
  assert.throws(() => cluster.addProcs(manager()), { name: "ClusterClosedError" });
  await assert.rejects(cluster.remoteCallFetch(double, 2, 1), { name: "ClusterClosedError" });
});

void test("options of the memory manager are checked", (context) => {
  const { network } = memoryCluster(context);
  const wrongs: readonly [unknown, RegExp][] = [
    [{}, /needs a network/],
    [{ network, worker: 3 }, /there is no option "worker"; it takes network, workers/],
    [{ network, workers: 0 }, /workers.*0/],
    [{ network, workers: { min: 3, max: 2 } }, /workers.*3.*2/],
    [{ network, timeouts: { launchMs: -1 } }, /timeouts.launchMs must be 1 to/],
    [{ network, timeouts: { launch: 1 } }, /there is no option "launch"/],
    [{ network, fate: "runs" }, /fate must be a function, not "runs"/],
  ];
  for (const [options, message] of wrongs) assert.throws(() => new MemoryManager(options as never), message);
  assert.throws(() => new MemoryManager({ network }).crash("nobody"), /no worker nobody is running/);
});

/** The same manager, whose platform says only after a worker's report that the worker runs. */
function toldLate(inner: MemoryManager, cluster: Cluster): ClusterManager<MemoryDetails> {
  return {
    name: inner.name,
    workers: inner.workers,
    timeouts: inner.timeouts,
    output: inner.output,
    rendezvousAddress: () => inner.rendezvousAddress(),
    identify: (report) => inner.identify(report),
    describe: (id) => inner.describe(id),
    exitReason: (id, signal) => inner.exitReason(id, signal),
    kill: (ids, graceMs, signal) => inner.kill(ids, graceMs, signal),
    async *launch(request) {
      for await (const outcome of inner.launch(request)) {
        if (outcome.kind === "started") await once(cluster, "reported");
        yield outcome;
      }
    },
  };
}

test("a worker of which the platform says late that it runs is not given up as silent", async (context) => {
  const { cluster, manager } = memoryCluster(context);
  const memory = manager({
    workers: { min: 1, max: 2 },
    timeouts: { launchMs: 400, reportMs: 100 },
    fate: (n) => (n === 1 ? "runs" : "never starts"),
  });
  const { joined } = await cluster.addProcs(toldLate(memory, cluster));
  assert.equal(joined.length, 1);
  assert.deepEqual(cluster.workers(), [joined[0]!.pid]);
});

/** Reports in with the token of this environment, as whatever is in `report`. */
async function reportByHand(
  network: MemoryNetwork,
  environment: Readonly<Record<string, string>>,
  report: object,
): Promise<{ readonly channel: ControlChannel; readonly dismissed: Promise<void> }> {
  const { rendezvous, tokenId, tokenSecret } = readWorkerEnvironment(environment);
  const signal = AbortSignal.timeout(10_000);
  const peer = await dialHandshake(await network.dial({ ...rendezvous, signal }), {
    purpose: ConnectionPurpose.report,
    keyId: tokenId,
    secret: tokenSecret,
    nonce: randomBytes(NONCE_SIZE),
    maxMessageBytes: 100_000,
    signal,
  });
  const dismissed = deferred<void>();
  const channel = new ControlChannel(peer, newCodec(), {
    message: (type) => {
      if (type === MessageType.shutdown) dismissed.resolve();
    },
    closed: () => {},
  });
  channel.post(MessageType.report, report);
  return { channel, dismissed: dismissed.promise };
}

/** Its workers share the token of one environment, which is handed out before they start. */
class SharedToken extends MemoryManager {
  environment: Readonly<Record<string, string>> = {};
  start: Promise<void> = Promise.resolve();
  uses = 0;

  override async *launch(request: LaunchRequest): AsyncGenerator<LaunchOutcome<MemoryDetails>> {
    this.environment = request.workerEnvironment(this.uses);
    await this.start;
    yield* super.launch({ ...request, workerEnvironment: () => this.environment });
  }
}

void test("a worker that the platform started twice takes the place of no other, and is told to leave", async (context) => {
  const { cluster, network } = memoryCluster(context);
  const start = deferred<void>();
  const platform = new SharedToken({ network, workers: 2 });
  platform.uses = 2;
  platform.start = start.promise;
  const launch = cluster.addProcs(platform);
  await settled();
  const report = { hostname: "double", launchedId: "nobody", hosts: [], port: 0 };
  const doubles = [
    await reportByHand(network, platform.environment, report),
    await reportByHand(network, platform.environment, report),
  ];
  await settled();
  start.resolve();
  assert.equal((await launch).joined.length, 2);
  await Promise.all(doubles.map(({ dismissed }) => dismissed));
});

void test("who reports in the name of a worker that has reported is told to leave", async (context) => {
  const { cluster, network } = memoryCluster(context);
  await cluster.everywhere(noteLate, "joining");
  const join = deferred<void>();
  setUpGate.opened = join.promise;
  context.after(() => (setUpGate.opened = Promise.resolve()));
  const platform = new SharedToken({ network, workers: 1 });
  platform.uses = 5;
  const reported = once(cluster, "reported");
  const launch = cluster.addProcs(platform);
  const { worker } = await reported;
  const report = { hostname: "double", launchedId: worker.id, hosts: [], port: 0 };
  const second = await reportByHand(network, platform.environment, report);
  await second.dismissed;
  join.resolve();
  assert.equal((await launch).joined.length, 1);
  assert.deepEqual(cluster.workers(), [2]);
});

void test("a connection that reports twice is one worker", async (context) => {
  const { cluster, network } = memoryCluster(context);
  const gate = deferred<void>();
  const spying = new (class extends LateAnswers {
    readonly reports: WorkerReport[] = [];
    readonly environment = deferred<Readonly<Record<string, string>>>();

    override async *launch(request: LaunchRequest): AsyncGenerator<LaunchOutcome<MemoryDetails>> {
      this.environment.resolve(request.workerEnvironment(5));
      await this.answer;
      yield* super.launch(request);
    }

    override identify(report: WorkerReport): string | undefined {
      if (report.hostname === "twice") this.reports.push(report);
      return super.identify(report);
    }
  })({ network, workers: 1 });
  spying.answer = gate.promise;
  const launch = cluster.addProcs(spying);
  const report = { hostname: "twice", launchedId: "nobody", hosts: [], port: 0 };
  const { channel } = await reportByHand(network, await spying.environment.promise, report);
  channel.post(MessageType.report, report);
  await settled();
  assert.equal(spying.reports.length, 1);
  channel.abort();
  gate.resolve();
  await launch;
});
