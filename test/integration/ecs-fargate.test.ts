/** Workers on Fargate, as processes with loopback addresses of their own. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { PutClusterCapacityProvidersCommand, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { Cluster, type ClusterEvents } from "#dist/index.js";
import type { ECSManagerOptions } from "#dist/managers/ecs/index.js";
import { ECSEndpoint } from "./ecs-endpoint.js";
import { busySquare, environmentOf, square } from "./fixtures/work.js";
import { nothingIsLeft } from "./leftovers.js";

afterEach(nothingIsLeft);

const skip = process.platform === "linux" ? false : "only Linux has loopback addresses enough";

const SUBNETS = { networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } } };
const ON_SPOT: Partial<ECSManagerOptions> = {
  ...SUBNETS,
  capacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }],
};

/** An endpoint without instances, with the definition `worker` for Fargate. */
async function startFargate(): Promise<ECSEndpoint> {
  const endpoint = await ECSEndpoint.start({ instances: 0 });
  await endpoint.client.send(
    new PutClusterCapacityProvidersCommand({
      cluster: "default",
      capacityProviders: ["FARGATE", "FARGATE_SPOT"],
      defaultCapacityProviderStrategy: [],
    }),
  );
  await endpoint.client.send(
    new RegisterTaskDefinitionCommand({
      family: "worker",
      networkMode: "awsvpc",
      requiresCompatibilities: ["FARGATE"],
      cpu: "256",
      memory: "512",
      containerDefinitions: [{ name: "worker", image: "node" }],
    }),
  );
  return endpoint;
}

test("workers on Fargate join from addresses of their own, and look for no instance", { skip }, async () => {
  await using endpoint = await startFargate();
  await using cluster = new Cluster();
  // Otherwise they listen where they reach the manager from, which for all processes of a machine is one address.
  const { joined } = await cluster.addProcs(
    endpoint.manager({ ...SUBNETS, launchType: "FARGATE", workers: 3, network: { bindHost: "0.0.0.0" } }),
  );
  assert.equal(new Set(joined.map(({ host }) => host)).size, 3);
  for (const { host, reachedBy, launched } of joined) {
    assert.match(host, /^127\.(?!0\.)/);
    assert.equal(reachedBy, "dial");
    assert.equal(launched.details.launchType, "FARGATE");
  }
  assert.equal(await cluster.remoteCallFetch(environmentOf, 2, "AWS_EXECUTION_ENV"), "AWS_ECS_FARGATE");
  const items = Array.from({ length: 30 }, (_, index) => index);
  assert.deepEqual(await cluster.pmap(square, items), items.map(square));
});

test("an interruption of Fargate Spot in the middle of a map costs no result", { skip }, async () => {
  await using endpoint = await startFargate();
  await using cluster = new Cluster({ output: "ignore", drainMs: 10_000 });
  const { joined } = await cluster.addProcs(endpoint.manager({ ...ON_SPOT, workers: 2 }), { replace: true });
  const first = <Name extends "leaving" | "exited" | "joined">(name: Name): Promise<ClusterEvents[Name][0]> =>
    new Promise((resolve) => cluster.on(name, (...[event]: ClusterEvents[Name]) => resolve(event)));
  const events = Promise.all([first("leaving"), first("exited"), first("joined")]);
  const over = new AbortController();
  void events.then(() => over.abort());
  function* items(): Generator<number> {
    for (let item = 0; !over.signal.aborted; item++) yield item;
  }
  const results: number[] = [];
  for await (const result of cluster.pmap(busySquare, items(), { maxDeaths: 1 })) {
    if (results.push(result) === 4) endpoint.local.interruptSpot(joined[0]!.launched.id);
  }
  assert.deepEqual(
    results,
    results.map((_, index) => square(index)),
  );
  const [{ reason, deadline, isAsked }, { reason: exit }, { worker }] = await events;
  assert.deepEqual([reason, deadline, isAsked], ["SIGTERM", undefined, false]);
  assert.deepEqual([exit.announced, exit.cause], [true, "Spot interruption"]);
  const details = worker.launched.details as { readonly capacityProviderName?: string };
  assert.equal(details.capacityProviderName, "FARGATE_SPOT");
});
