/** Runs on the manager's host: an instance is gone from one moment to the next while a map runs over both. */
import { Cluster } from "#dist/index.js";
import { ECSManager } from "#dist/managers/ecs/index.js";
import { FleetEndpoint } from "./fleet-endpoint.js";
import { slowSquare } from "./work.js";

export interface KilledInstanceResult {
  readonly results: readonly number[];
  /** Of the instance that was killed. */
  readonly instanceId: string;
  readonly workersBefore: readonly (string | undefined)[];
  /** Of each worker that went while the map ran. */
  readonly exits: readonly { readonly address: string | undefined; readonly message: string }[];
}

const ITEMS = 200;
const VICTIM = 2;

await using endpoint = await FleetEndpoint.start();
await endpoint.register();
let result: KilledInstanceResult;
{
  await using manager = new ECSManager({
    client: endpoint.client,
    taskDefinition: "worker",
    workers: 4,
    command: "image",
  });
  await using cluster = new Cluster({ heartbeat: { intervalMs: 200, suspectMs: 1_000, lostMs: 2_000 } });
  const exits: KilledInstanceResult["exits"][number][] = [];
  let isMapping = true;
  cluster.on("exited", ({ worker, reason }) => {
    if (isMapping) exits.push({ address: worker.host, message: reason.message });
  });
  const { joined } = await cluster.addProcs(manager);
  const map = cluster.pmap(
    slowSquare,
    Array.from({ length: ITEMS }, (_, index) => index),
  );
  const results: number[] = [];
  for await (const value of map) {
    results.push(value);
    if (results.length === ITEMS / 10) await endpoint.killInstance(VICTIM);
  }
  isMapping = false;
  result = {
    results,
    instanceId: endpoint.fleet.instances[VICTIM - 1]?.instanceId ?? "",
    workersBefore: joined.map(({ host }) => host),
    exits,
  };
}
process.send?.(result);
process.disconnect?.();
