/** Runs on the manager's host: eight workers in network mode host, and what they say of themselves. */
import { ECSManager } from "#dist/managers/ecs/index.js";
import { Cluster } from "#dist/index.js";
import { FleetEndpoint } from "./fleet-endpoint.js";
import { instanceMetadata, ownAddresses, processId, square } from "./work.js";

export interface HostModeWorker {
  /** Where the manager reached it. */
  readonly host: string;
  readonly port: number;
  readonly instanceAddress: string | undefined;
  readonly localIpv4: string;
  readonly instanceId: string;
  readonly ownAddresses: readonly string[];
  readonly osPid: number;
}

export interface HostModeResult {
  readonly workers: readonly HostModeWorker[];
  readonly squares: readonly number[];
  /** When the cluster was closed, and nothing else. */
  readonly taskStatuses: readonly string[];
  readonly launchMs: number;
  readonly callMs: number;
}

const WORKERS = 8;

await using endpoint = await FleetEndpoint.start();
await endpoint.register();
const workers: HostModeWorker[] = [];
let squares: readonly number[];
let launchMs: number;
let callMs: number;
{
  await using manager = new ECSManager({
    client: endpoint.client,
    taskDefinition: "worker",
    workers: WORKERS,
    command: "image",
  });
  await using cluster = new Cluster();
  const began = performance.now();
  const { joined } = await cluster.addProcs(manager);
  launchMs = performance.now() - began;
  for (const { pid, host, port, launched } of joined) {
    workers.push({
      host,
      port,
      instanceAddress: endpoint.addressOf(launched.details.containerInstanceArn),
      localIpv4: await cluster.remoteCallFetch(instanceMetadata, pid, "local-ipv4"),
      instanceId: await cluster.remoteCallFetch(instanceMetadata, pid, "instance-id"),
      ownAddresses: await cluster.remoteCallFetch(ownAddresses, pid),
      osPid: await cluster.remoteCallFetch(processId, pid),
    });
  }
  squares = await cluster.pmap(
    square,
    Array.from({ length: 200 }, (_, index) => index),
  );
  const calls = 500;
  const first = performance.now();
  for (let call = 0; call < calls; call += 1) await cluster.remoteCallFetch(square, 2, call);
  callMs = (performance.now() - first) / calls;
}
const taskStatuses = endpoint.local.tasks().map(({ lastStatus }) => lastStatus);
process.send?.({ workers, squares, taskStatuses, launchMs, callMs } satisfies HostModeResult);
process.disconnect?.();
