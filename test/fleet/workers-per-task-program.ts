/** Runs on the manager's host: eight workers in two containers, in each network mode that they can share. */
import { StopTaskCommand } from "@aws-sdk/client-ecs";
import { Cluster, type ExitReason } from "#dist/index.js";
import { ECSManager, type ECSManagerOptions } from "#dist/managers/ecs/index.js";
import { FleetEndpoint } from "./fleet-endpoint.js";
import { endAtOnce, parentProcessId, processId, slowSquare, square } from "./work.js";

export interface SharedContainer {
  /** Ids as the cluster knows them, and tasks as ECS does. */
  readonly ids: readonly string[];
  readonly taskArns: readonly string[];
  readonly places: readonly string[];
  readonly osPids: readonly number[];
  readonly parents: readonly number[];
  readonly squares: readonly number[];
  /** One worker was killed. */
  readonly exit: ExitReason;
  readonly aliveAfterKill: number;
  readonly workersAfterKill: number;
  /** One task was stopped by others, while a map ran. */
  readonly squaresMeanwhile: readonly number[];
  readonly workersAfterStop: number;
  /** When the cluster was closed. */
  readonly aliveAtEnd: number;
}

export interface WorkersPerTaskResult {
  readonly host: SharedContainer;
  readonly awsvpc: SharedContainer;
  readonly reverse: SharedContainer;
  /** Workers that a task with the limit of one core, and one with that of two, brings with `auto`. */
  readonly auto: readonly number[];
}

const items = Array.from({ length: 200 }, (_, index) => index);

async function job(endpoint: FleetEndpoint, options: Partial<ECSManagerOptions>): Promise<SharedContainer> {
  const alive = () => endpoint.local.tasks().filter(({ lastStatus }) => lastStatus !== "STOPPED");
  let result: Omit<SharedContainer, "aliveAtEnd">;
  {
    await using manager = new ECSManager({
      client: endpoint.client,
      taskDefinition: "worker",
      workers: 8,
      workersPerTask: 4,
      command: "image",
      ...options,
    });
    await using cluster = new Cluster({ output: "ignore" });
    const { joined } = await cluster.addProcs(manager);
    const all = cluster.workers();
    const taskArns = alive().map(({ taskArn }) => taskArn);
    const osPids = await Promise.all(all.map((pid) => cluster.remoteCallFetch(processId, pid)));
    const parents = await Promise.all(all.map((pid) => cluster.remoteCallFetch(parentProcessId, pid)));
    const squares = await cluster.pmap(square, items);

    const exit = new Promise<ExitReason>((resolve) => cluster.on("exited", ({ reason }) => resolve(reason)));
    await cluster.remoteDo(endAtOnce, 2);
    const killed = { exit: await exit, aliveAfterKill: alive().length, workersAfterKill: cluster.nworkers() };

    const task = cluster.workerInfo(3).report.taskArn;
    let isStopped = false;
    const squaresMeanwhile = await cluster.pmap(slowSquare, items, {
      onProgress: ({ done }) => {
        if (done < 20 || isStopped) return;
        isStopped = true;
        void endpoint.client.send(new StopTaskCommand({ task, reason: "somebody's wish" }));
      },
    });
    const stayed = cluster.workers().filter((pid) => cluster.workerInfo(pid).report.taskArn !== task);
    result = {
      ids: joined.map(({ launched }) => launched.id),
      taskArns,
      places: joined.map(({ host, port }) => `${host}:${port}`),
      osPids,
      parents,
      squares,
      ...killed,
      squaresMeanwhile,
      workersAfterStop: stayed.length,
    };
  }
  return { ...result, aliveAtEnd: alive().length };
}

async function automatic(endpoint: FleetEndpoint, cpu: string): Promise<number> {
  await using manager = new ECSManager({
    client: endpoint.client,
    taskDefinition: "worker",
    workers: 1,
    workersPerTask: "auto",
    overrides: { cpu },
    command: "image",
  });
  await using cluster = new Cluster();
  return (await cluster.addProcs(manager)).joined.length;
}

const container = { memory: 1024 };
await using endpoint = await FleetEndpoint.start();
await endpoint.register(container, "awsvpc");
const awsvpc = await job(endpoint, {
  networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-0fleet"] } },
});
await endpoint.register(container, "bridge");
const reverse = await job(endpoint, { network: { mode: "reverse" } });
await endpoint.register(container);
const host = await job(endpoint, {});
const auto = [await automatic(endpoint, "1024"), await automatic(endpoint, "2048")];

process.send?.({ host, awsvpc, reverse, auto } satisfies WorkersPerTaskResult);
process.disconnect?.();
