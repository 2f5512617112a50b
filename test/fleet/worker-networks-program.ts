/** Runs on the manager's host: the same job over workers in each network mode, and where no worker can be dialled. */
import { Cluster } from "#dist/index.js";
import { ECSManager, type ECSNetworkOptions } from "#dist/managers/ecs/index.js";
import { FleetEndpoint } from "./fleet-endpoint.js";
import { loadRules } from "./requirements.js";
import { callPeers, type PeersCalled } from "./peer-work.js";
import { ownAddresses, square } from "./work.js";

export interface NetworkWorker {
  readonly pid: number;
  /** Where, and how, the manager reached it. */
  readonly host: string;
  readonly port: number;
  readonly reachedBy: "dial" | "reverse";
  /** Under which addresses it said that it can be reached. */
  readonly reported: { readonly hosts: readonly string[]; readonly port: number };
  readonly instanceAddress: string | undefined;
  readonly ownAddresses: readonly string[];
  /** After all workers have called all others. */
  readonly peers: PeersCalled;
}

export interface NetworkJob {
  readonly workers: readonly NetworkWorker[];
  readonly squares: readonly number[];
  /** When the cluster was closed. */
  readonly alive: readonly string[];
}

export interface WorkerNetworksResult {
  readonly host: NetworkJob;
  /** The container metadata file has all that is needed. */
  readonly bridge: NetworkJob;
  /** The instance metadata service has the address, and the task metadata endpoint the port. */
  readonly bridgeWithoutFiles: NetworkJob;
  readonly awsvpc: NetworkJob;
  readonly reverse: NetworkJob;
  /** Network mode host, where the instances let no connection in. */
  readonly closed: NetworkJob;
  /** Network mode host, with a range of ports. */
  readonly range: NetworkJob;
}

const WORKERS = 8;
const CONTAINER_PORT = 7000;
const PORTS = { from: 7100, to: 7115 };

async function job(
  endpoint: FleetEndpoint,
  network: ECSNetworkOptions = {},
  isAwsvpc = false,
): Promise<NetworkJob> {
  const workers: NetworkWorker[] = [];
  let squares: readonly number[];
  {
    await using manager = new ECSManager({
      client: endpoint.client,
      taskDefinition: "worker",
      workers: WORKERS,
      command: "image",
      network,
      ...(isAwsvpc ? { networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-0fleet"] } } } : {}),
    });
    await using cluster = new Cluster();
    const { joined } = await cluster.addProcs(manager);
    await Promise.all(joined.map(({ pid }) => cluster.remoteCallFetch(callPeers, pid)));
    for (const { pid, host, port, reachedBy, report, launched } of joined) {
      workers.push({
        pid,
        host,
        port,
        reachedBy,
        reported: { hosts: report.hosts, port: report.port },
        instanceAddress: endpoint.addressOf(launched.details.containerInstanceArn),
        ownAddresses: await cluster.remoteCallFetch(ownAddresses, pid),
        peers: await cluster.remoteCallFetch(callPeers, pid),
      });
    }
    squares = await cluster.pmap(
      square,
      Array.from({ length: 200 }, (_, index) => index),
    );
  }
  const alive = endpoint.local
    .tasks()
    .filter(({ lastStatus }) => lastStatus !== "STOPPED")
    .map(({ taskArn }) => taskArn);
  return { workers, squares, alive };
}

const mapped = { portMappings: [{ containerPort: CONTAINER_PORT, hostPort: 0 }] };
let bridgeWithoutFiles: NetworkJob;
{
  await using endpoint = await FleetEndpoint.start({ containerMetadataFiles: false });
  await endpoint.register(mapped, "bridge");
  bridgeWithoutFiles = await job(endpoint);
}
await using endpoint = await FleetEndpoint.start();
await endpoint.register(mapped, "bridge");
const bridge = await job(endpoint);
await endpoint.register({}, "awsvpc");
const awsvpc = await job(endpoint, {}, true);
// Without a port mapping nothing leads to these.
await endpoint.register({}, "bridge");
const reverse = await job(endpoint, { mode: "reverse" });
await endpoint.register();
const host = await job(endpoint);
const range = await job(endpoint, { ports: PORTS });
for (const { namespace } of endpoint.fleet.instances) {
  loadRules(
    namespace,
    `table inet closed {
      chain input {
        type filter hook input priority 0
        ip saddr ${endpoint.fleet.managerAddress} tcp flags & (syn | ack) == syn drop
      }
    }`,
  );
}
const closed = await job(endpoint);
for (const { namespace } of endpoint.fleet.instances) loadRules(namespace, "delete table inet closed");

process.send?.({
  host,
  bridge,
  bridgeWithoutFiles,
  awsvpc,
  reverse,
  closed,
  range,
} satisfies WorkerNetworksResult);
process.disconnect?.();
