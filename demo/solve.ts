import { fileURLToPath } from "node:url";
import { ECSClient, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { Cluster, LocalManager, type ClusterEvents, type ClusterManager, type WorkerInfo } from "rollcall";
import { ECSManager, type ECSTaskDetails } from "rollcall/ecs";
import { startLocalECS } from "rollcall/local-ecs";
import type { DemoOptions } from "./options.js";
import { improveTour, type TourResult, type TourStart } from "./search.js";

/** A worker that has joined. */
export interface DemoWorker {
  readonly pid: number;
  /** Null where workers are no ECS tasks. */
  readonly taskArn: string | null;
  readonly containerInstanceArn: string | null;
  readonly host: string;
  readonly port: number;
}

export type LaunchStep = "launched" | "placed" | "started" | "reported" | "joined";

/** A step that one worker of the launch has made. */
export interface LaunchEvent {
  readonly step: LaunchStep;
  /** Milliseconds since the launch began. */
  readonly atMs: number;
  /** The platform's id of the worker, e.g. its task ARN. */
  readonly worker: string;
  /** What is worth knowing of this step: an instance, an address. */
  readonly detail?: string;
}

/** The workers, and all that runs for them; disposing of it ends every one. */
export interface Solver extends AsyncDisposable {
  readonly workers: readonly DemoWorker[];
  /** Works on the starts on all workers; results come as they finish. */
  run(starts: Iterable<TourStart>, signal: AbortSignal): AsyncIterable<TourResult>;
}

type SolverOptions = Pick<DemoOptions, "manager" | "workers">;

/** Launches the workers. Nothing is left running if it throws; rejects with the signal's reason when that aborts. */
export type OpenSolver = (
  options: SolverOptions,
  onLaunch: (event: LaunchEvent) => void,
  signal: AbortSignal,
) => Promise<Solver>;

/** Makes what starts the workers. What it opens for that is put into `resources`, and disposed of after the workers. */
export type OpenManager = (options: SolverOptions, resources: AsyncDisposable[]) => Promise<ClusterManager>;

/** With workers on this machine: tasks of an ECS endpoint in this process, or plain child processes. */
export const openSolver: OpenSolver = (options, onLaunch, signal) =>
  openSolverOn(managerHere, options, onLaunch, signal);

/** The same with the workers of any manager. */
export async function openSolverOn(
  openManager: OpenManager,
  options: SolverOptions,
  onLaunch: (event: LaunchEvent) => void,
  signal: AbortSignal,
): Promise<Solver> {
  signal.throwIfAborted();
  // The SDK announces the end of its support for Node 20 in the middle of the launch; the demo is not the place.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const resources: AsyncDisposable[] = [];
  try {
    const manager = await openManager(options, resources);
    const cluster = new Cluster();
    resources.push(cluster);
    tellSteps(cluster, onLaunch);
    const { joined } = await cluster.addProcs<unknown>(manager, { signal });
    return {
      workers: joined.map(demoWorker),
      run: (starts, runSignal) => cluster.pmap(improveTour, starts, { order: "finished", signal: runSignal }),
      [Symbol.asyncDispose]: () => disposeAll(resources),
    };
  } catch (error) {
    await disposeAll(resources);
    throw error;
  }
}

const projectRoot = fileURLToPath(new URL("../..", import.meta.url));
/** How many container instances the workers share. */
export const instances = 2;
/** What a worker's task takes of its instance: CPU units, MiB. */
export const taskSize = { cpu: 1024, memory: 512 } as const;

/** What each instance has: room for its share of the workers. */
export function instanceSize(workers: number): { readonly cpu: number; readonly memory: number } {
  const share = Math.ceil(workers / instances);
  return { cpu: share * taskSize.cpu, memory: share * taskSize.memory };
}

const managerHere: OpenManager = async ({ manager, workers }, resources) =>
  manager === "ecs" ? ecsManager(workers, resources) : new LocalManager({ workers });

/** An ECS endpoint in this process with its container instances, and a task definition whose tasks are workers. */
async function ecsManager(workers: number, resources: AsyncDisposable[]): Promise<ECSManager> {
  const ecs = await startLocalECS({
    instances: Array.from({ length: instances }, () => instanceSize(workers)),
    workingDirectory: projectRoot,
  });
  resources.push(ecs);
  const client = new ECSClient(ecs.clientConfig);
  await client.send(
    new RegisterTaskDefinitionCommand({
      family: "tour-worker",
      networkMode: "host",
      containerDefinitions: [
        {
          name: "worker",
          image: "tour-worker",
          ...taskSize,
          command: ["node", "dist/worker/main.js"],
        },
      ],
    }),
  );
  return new ECSManager({
    client,
    taskDefinition: "tour-worker",
    workers,
    command: ["node", "dist/worker/main.js"],
  });
}

/** Last opened, first closed: the workers leave before their ECS does. */
async function disposeAll(resources: readonly AsyncDisposable[]): Promise<void> {
  for (const resource of resources.toReversed()) await resource[Symbol.asyncDispose]();
}

function tellSteps(cluster: Cluster, onLaunch: (event: LaunchEvent) => void): void {
  let began = Date.now();
  cluster.on("starting", ({ at }) => (began = at));
  const tell =
    (step: LaunchStep) =>
    ({ at, worker }: ClusterEvents["placed"][0]): void =>
      onLaunch({ step, atMs: at - began, worker: worker.id });
  cluster.on("launched", tell("launched"));
  cluster.on("placed", tell("placed"));
  cluster.on("started", tell("started"));
  cluster.on("reported", tell("reported"));
  cluster.on("joined", ({ at, worker }) =>
    onLaunch({
      step: "joined",
      atMs: at - began,
      worker: worker.launched.id,
      detail: `${worker.host}:${worker.port}`,
    }),
  );
}

function demoWorker(worker: WorkerInfo): DemoWorker {
  const task: Partial<ECSTaskDetails> =
    worker.manager === "ecs" ? (worker.launched.details as ECSTaskDetails) : {};
  return {
    pid: worker.pid,
    taskArn: task.taskArn ?? null,
    containerInstanceArn: task.containerInstanceArn ?? null,
    host: worker.host,
    port: worker.port,
  };
}
