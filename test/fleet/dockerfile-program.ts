/** Runs on the machine of an engine: workers in the image that the Dockerfile of the package makes. */
import Docker from "dockerode";
import { Cluster, ProcessExitedError, type ExitReason } from "#dist/index.js";
import { DockerManager } from "#dist/managers/docker/index.js";
import type { TourStart } from "../../demo/search.js";
import { tourStart } from "../../demo/starts.js";
import type { FleetDescription } from "./fleet.js";
import { square } from "./work.js";

export interface DockerfileResult {
  readonly squared: number;
  /** By a function that the image does not have. */
  readonly start: TourStart;
  readonly process: {
    readonly pid: number;
    readonly user: number | undefined;
    readonly environment: unknown;
  };
  readonly stopped: ExitReason;
}

const { instances, image } = JSON.parse(process.argv[2]!) as FleetDescription;
const socketPath = instances[0]!.dockerSocket;
await using cluster = new Cluster({ output: "ignore" });
const manager = new DockerManager({ socketPath, image, command: "image", workers: 1 });
const { joined } = await cluster.addProcs(manager);
const { pid } = joined[0]!;
const squared = await cluster.remoteCallFetch(square, pid, 12);
const start = await cluster.remoteCallFetch(tourStart, pid, 1, 2);
const inside = await cluster.remoteCallFetch(
  () => ({ pid: process.pid, user: process.getuid?.(), environment: process.env["NODE_ENV"] }),
  pid,
);
const call = cluster.remoteCallFetch(() => new Promise<void>(() => {}), pid);
const { containerId } = joined[0]!.launched.details;
const [end] = await Promise.allSettled([
  call,
  new Docker({ socketPath }).getContainer(containerId).stop({ t: 60 }),
]);
const error: unknown = end.status === "rejected" ? end.reason : undefined;
if (!(error instanceof ProcessExitedError)) throw new Error("the call did not end with its worker");
process.send?.({ squared, start, process: inside, stopped: error.reason } satisfies DockerfileResult);
process.disconnect?.();
