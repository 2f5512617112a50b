/** Runs on the machine of an engine: what a program does with a `DockerManager`. */
import Docker from "dockerode";
import { Cluster, ProcessExitedError } from "#dist/index.js";
import { DockerManager, type DockerManagerOptions } from "#dist/managers/docker/index.js";
import type { FleetDescription } from "./fleet.js";
import { fillMemory, ownAddresses, processId, square } from "./work.js";

export interface DockerManagerResult {
  readonly host: { readonly addresses: readonly (readonly string[])[]; readonly ports: readonly number[] };
  readonly bridge: { readonly addresses: readonly (readonly string[])[]; readonly osPids: readonly number[] };
  readonly squares: readonly (readonly number[])[];
  readonly lines: readonly string[];
  readonly outOfMemory: { readonly kind: string; readonly message: string };
  readonly killed: { readonly kind: string; readonly message: string };
  readonly noImage: string;
  /** Names of the containers that were there after each of the clusters was closed. */
  readonly left: readonly string[];
}

const { image, instances } = JSON.parse(process.argv[2]!) as FleetDescription;
const socketPath = instances[0]!.dockerSocket;
const engine = new Docker({ socketPath });
const inputs = Array.from({ length: 100 }, (_, index) => index);
const lines: string[] = [];
const left: string[] = [];

async function withWorkers<T>(
  more: Partial<DockerManagerOptions>,
  work: (cluster: Cluster, pids: readonly number[]) => Promise<T>,
): Promise<T> {
  const manager = new DockerManager({ socketPath, image, command: "image", workers: 2, ...more });
  const cluster = new Cluster({ output: ({ text }) => lines.push(text) });
  try {
    const { joined } = await cluster.addProcs(manager);
    return await work(
      cluster,
      joined.map(({ pid }) => pid),
    );
  } finally {
    await cluster.close();
    const containers = await engine.listContainers({ all: true });
    left.push(...containers.flatMap(({ Names }) => Names));
  }
}

async function endOf(call: Promise<unknown>): Promise<{ kind: string; message: string }> {
  try {
    await call;
  } catch (error) {
    if (error instanceof ProcessExitedError)
      return { kind: error.reason.kind, message: error.reason.message };
    throw error;
  }
  throw new Error("the call has ended well");
}

const onAll = <T>(cluster: Cluster, pids: readonly number[], fn: () => T): Promise<Awaited<T>[]> =>
  Promise.all(pids.map((pid) => cluster.remoteCallFetch(fn, pid)));

const squares: number[][] = [];
const host = await withWorkers({ workers: 4 }, async (cluster, pids) => {
  squares.push(await cluster.pmap(square, inputs));
  return {
    addresses: await onAll(cluster, pids, ownAddresses),
    ports: pids.map((pid) => cluster.workerInfo(pid).port),
  };
});
const bridge = await withWorkers({ network: "bridge" }, async (cluster, pids) => {
  squares.push(await cluster.pmap(square, inputs));
  await cluster.remoteCallFetch(() => console.log("a line from a container"), pids[0]!);
  return {
    addresses: await onAll(cluster, pids, ownAddresses),
    osPids: await onAll(cluster, pids, processId),
  };
});
const outOfMemory = await withWorkers({ workers: 1, memoryMiB: 128 }, (cluster, [pid]) =>
  endOf(cluster.remoteCallFetch(fillMemory, pid!)),
);
const killed = await withWorkers({ workers: 1 }, async (cluster, [pid]) => {
  const call = endOf(cluster.remoteCallFetch(() => new Promise<void>(() => {}), pid!));
  const { details } = cluster.workerInfo(pid!).launched as { details: { containerId: string } };
  await engine.getContainer(details.containerId).kill();
  return call;
});
let noImage = "";
try {
  await withWorkers({ image: "no-such-image:1" }, () => Promise.resolve());
} catch (error) {
  noImage = (error as Error).message;
}
process.send?.({
  host,
  bridge,
  squares,
  lines,
  outOfMemory,
  killed,
  noImage,
  left,
} satisfies DockerManagerResult);
process.disconnect?.();
