import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Cluster, type ClusterEvents } from "#dist/index.js";
import { WorkerVariable } from "#dist/protocol/worker-variables.js";
import { InstanceMetadataService } from "../fixtures/instance-metadata-service.js";
import { ECSEndpoint } from "./ecs-endpoint.js";
import { beginsAndComputes, busySquare, environmentOf, square } from "./fixtures/work.js";
import { nothingIsLeft } from "./leftovers.js";

afterEach(nothingIsLeft);

const NOTICE_MS = 120_000;

function next<Name extends keyof ClusterEvents>(
  cluster: Cluster,
  name: Name,
  isMeant: (event: ClusterEvents[Name][0]) => boolean = () => true,
): Promise<ClusterEvents[Name][0]> {
  return new Promise((resolve) => {
    const listener = (...[event]: ClusterEvents[Name]): void => {
      if (!isMeant(event)) return;
      cluster.off(name, listener);
      resolve(event);
    };
    cluster.on(name, listener);
  });
}

/** As the instance metadata service has it. */
function notice(noticeMs: number): string {
  return JSON.stringify({ action: "terminate", time: new Date(Date.now() + noticeMs).toISOString() });
}

test("a Spot notice in the middle of a map costs no result, and the replacement is on another instance", async () => {
  await using metadata = await InstanceMetadataService.start();
  await using endpoint = await ECSEndpoint.start({ instances: 2 });
  await using manager = endpoint.manager({
    workers: 2,
    // Two workers on one instance, of which the other one stays: new tasks prefer that instance.
    placementStrategy: [{ type: "binpack", field: "cpu" }],
    overrides: { container: { environment: { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url } } },
  });
  await using cluster = new Cluster({ output: "ignore" });
  const { joined } = await cluster.addProcs(manager, { replace: true });
  const victim = joined[0]!.launched.details.containerInstanceArn;
  const { ec2InstanceId } = endpoint.local.instances.find(({ arn }) => arn === victim)!;
  metadata.documents.set("instance-life-cycle", "spot").set("instance-id", ec2InstanceId);
  metadata.documents.set("spot/instance-action", notice(NOTICE_MS));

  const leaving = next(cluster, "leaving").then((event) => {
    // The first that sees it is enough.
    metadata.documents.delete("spot/instance-action");
    return event;
  });
  const replaced = next(cluster, "joined");
  const exited = next(cluster, "exited");
  // More and more, until the worker has gone and another one has come.
  const over = new AbortController();
  void Promise.all([replaced, exited]).then(() => over.abort());
  function* items(): Generator<number> {
    for (let item = 0; !over.signal.aborted; item++) yield item;
  }
  const results: number[] = [];
  for await (const result of cluster.pmap(busySquare, items(), { maxDeaths: 1 })) results.push(result);

  assert.deepEqual(
    results,
    results.map((_, index) => square(index)),
  );
  const { isAsked, reason, deadline } = await leaving;
  assert.equal(isAsked, false);
  assert.match(
    reason,
    new RegExp(`^EC2 takes its Spot instance ${ec2InstanceId} back at .*\\(terminate\\)$`),
  );
  assert.ok(deadline! > Date.now() && deadline! <= Date.now() + NOTICE_MS);
  const { reason: exit } = await exited;
  assert.equal(exit.announced, true);
  assert.equal(exit.cause, "Spot interruption");
  assert.ok(exit.message.includes(reason), exit.message);
  const { worker } = await replaced;
  const details = worker.launched.details as { readonly containerInstanceArn?: string };
  assert.notEqual(details.containerInstanceArn, undefined);
  assert.notEqual(details.containerInstanceArn, victim);
});

test("a worker that computes without a pause when its instance goes is ended a moment before", async () => {
  await using metadata = await InstanceMetadataService.start();
  metadata.documents.set("spot/instance-action", notice(8_000));
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager({
    overrides: { container: { environment: { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url } } },
  });
  await using cluster = new Cluster({ output: "ignore" });
  await cluster.addProcs(manager);
  const leaving = next(cluster, "leaving");
  const call = cluster.remoteCallFetch(beginsAndComputes, 2, 60_000);
  call.catch(() => {});
  const { deadline } = await leaving;
  const { reason } = await next(cluster, "exited");
  assert.equal(reason.announced, true);
  assert.equal(reason.cause, "Spot interruption");
  assert.notEqual(deadline, undefined);
  await assert.rejects(call, /EC2 takes its Spot instance back/);
});

test("the watch can be switched off", async () => {
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager({ watchSpot: false });
  await using cluster = new Cluster();
  await cluster.addProcs(manager);
  assert.equal(await cluster.remoteCallFetch(environmentOf, 2, WorkerVariable.watchSpot), "no");
});

test("workers leave an instance that is drained when their calls have ended, and others come elsewhere", async () => {
  await using endpoint = await ECSEndpoint.start({ instances: 2 });
  await using manager = endpoint.manager({
    workers: 2,
    placementStrategy: [{ type: "binpack", field: "cpu" }],
    watchDraining: true,
    pollMs: 20,
  });
  await using cluster = new Cluster({ output: "ignore", drainMs: 0 });
  const { joined } = await cluster.addProcs(manager, { replace: true });
  const arns = joined.map(({ launched }) => launched.details.containerInstanceArn);
  assert.equal(new Set(arns).size, 1);
  const drained = endpoint.local.instances.find(({ arn }) => arn === arns[0])!;
  const leaving: ClusterEvents["leaving"][0][] = [];
  const exits: ClusterEvents["exited"][0][] = [];
  cluster.on("leaving", (event) => leaving.push(event));
  cluster.on("exited", (event) => exits.push(event));
  // Longer than it takes to see the state, and with no time to drain but what a drained instance has.
  const calls = [2, 3].map((pid) => cluster.remoteCallFetch(beginsAndComputes, pid, 1_500));
  const newcomers: ClusterEvents["joined"][0][] = [];
  const bothCame = new Promise<void>((resolve) =>
    cluster.on("joined", (event) => {
      if (newcomers.push(event) === 2) resolve();
    }),
  );
  const bothWent = new Promise<void>((resolve) =>
    cluster.on("exited", () => {
      if (exits.length === 2) resolve();
    }),
  );
  drained.setDraining(true);
  await Promise.all([...calls, bothCame, bothWent]);

  assert.deepEqual(
    leaving.map(({ pid }) => pid).toSorted((a, b) => a - b),
    [2, 3],
  );
  for (const { isAsked, reason } of leaving) {
    assert.equal(isAsked, false);
    assert.ok(reason.includes(drained.ec2InstanceId) && reason.endsWith("is DRAINING"), reason);
  }
  for (const { reason } of exits)
    assert.deepEqual([reason.cause, reason.announced], ["instance draining", true]);
  for (const { worker } of newcomers) {
    const { containerInstanceArn } = worker.launched.details as { readonly containerInstanceArn?: string };
    assert.notEqual(containerInstanceArn, drained.arn);
  }
});
