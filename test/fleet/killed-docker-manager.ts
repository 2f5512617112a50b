/** A manager with workers in containers that does nothing more once they have joined. Its parent kills it. */
import { Cluster } from "#dist/index.js";
import { DockerManager } from "#dist/managers/docker/index.js";
import type { FleetDescription } from "./fleet.js";

const { image, instances } = JSON.parse(process.argv[2]!) as FleetDescription;
const { dockerSocket: socketPath } = instances[0]!;
const cluster = new Cluster({ output: "ignore", managerGraceMs: 500 });
const { joined } = await cluster.addProcs(
  new DockerManager({ socketPath, image, command: "image", workers: 3 }),
);
process.send?.(joined.map(({ launched }) => launched.details.containerId));
