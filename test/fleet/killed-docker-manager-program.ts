/** Runs on the machine of an engine: a manager is killed, and another one comes, while a third has a worker. */
import Docker from "dockerode";
import { fork } from "node:child_process";
import { once } from "node:events";
import { Cluster } from "#dist/index.js";
import { DockerManager } from "#dist/managers/docker/index.js";
import type { FleetDescription } from "./fleet.js";
import { square } from "./work.js";

export interface KilledDockerManagerResult {
  readonly exitCodes: readonly number[];
  /** Of the dead manager's containers, before the next manager came. */
  readonly statesBefore: readonly string[];
  readonly leftAfter: number;
  /** What the worker of the manager that lives all the time answers in the end. */
  readonly answer: number;
}

const { image, instances } = JSON.parse(process.argv[2]!) as FleetDescription;
const { dockerSocket: socketPath } = instances[0]!;
const engine = new Docker({ socketPath });
const managerOfOne = (): DockerManager =>
  new DockerManager({ socketPath, image, command: "image", workers: 1 });

async function statesOf(ids: readonly string[]): Promise<string[]> {
  const containers = await engine.listContainers({ all: true });
  return containers.filter(({ Id }) => ids.includes(Id)).map(({ State }) => State);
}

let result: KilledDockerManagerResult;
{
  await using living = new Cluster();
  const { joined } = await living.addProcs(managerOfOne());

  const killed = fork(new URL("killed-docker-manager.js", import.meta.url), [process.argv[2]!], {
    execArgv: ["--no-warnings"],
  });
  const [ids] = (await once(killed, "message")) as [string[]];
  // It can notice nothing.
  await engine.getContainer(ids[0]!).pause();
  const noticing = ids
    .slice(1)
    .map((id) => engine.getContainer(id).wait() as Promise<{ StatusCode: number }>);
  killed.kill("SIGKILL");
  const exitCodes = (await Promise.all(noticing)).map(({ StatusCode }) => StatusCode);
  const statesBefore = await statesOf(ids);

  await using next = new Cluster();
  await next.addProcs(managerOfOne());
  const leftAfter = (await statesOf(ids)).length;
  const answer = await living.remoteCallFetch(square, joined[0]!.pid, 3);
  result = { exitCodes, statesBefore, leftAfter, answer };
}
process.send?.(result);
process.disconnect?.();
