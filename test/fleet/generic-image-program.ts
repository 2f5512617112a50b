/** Runs on the manager's host: workers of an image that has nothing of this program. */
import { Cluster } from "#dist/index.js";
import { ECSManager } from "#dist/managers/ecs/index.js";
import { FleetEndpoint } from "./fleet-endpoint.js";

const FACTOR = 7;

await using endpoint = await FleetEndpoint.start();
await endpoint.register({ image: endpoint.fleet.genericImage });
let products: readonly number[];
{
  await using manager = new ECSManager({
    client: endpoint.client,
    taskDefinition: "worker",
    workers: 2,
    command: "image",
  });
  await using cluster = new Cluster();
  await cluster.addProcs(manager);
  products = await cluster.pmap((value: number) => value * FACTOR, [1, 2, 3]);
}
process.send?.(products);
process.disconnect?.();
