/** Runs on the manager's host: workers as tasks on Fargate, by launch type and by a strategy, of which Spot takes one back. */
import { PutClusterCapacityProvidersCommand, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { Cluster, type ExitReason } from "#dist/index.js";
import { ECSManager, type ECSManagerOptions } from "#dist/managers/ecs/index.js";
import { FleetEndpoint } from "./fleet-endpoint.js";
import { environment, instanceMetadata, ownAddresses, slowSquare } from "./work.js";

export interface FargateWorker {
  /** Where, and how, the manager reached it. */
  readonly host: string;
  readonly reachedBy: "dial" | "reverse";
  readonly ownAddresses: readonly string[];
  readonly launchType: string | undefined;
  readonly containerInstanceArn: string | undefined;
  readonly capacityProviderName: string | undefined;
  readonly executionEnvironment: string | undefined;
}

export interface FargateJob {
  readonly workers: readonly FargateWorker[];
  readonly squares: readonly number[];
  /** When the cluster was closed. */
  readonly alive: readonly string[];
}

export interface FargateResult {
  readonly byLaunchType: FargateJob & {
    /** What came of the question for the metadata of an instance. */
    readonly instanceMetadata: string;
  };
  readonly byStrategy: FargateJob & {
    readonly leavingReason: string;
    readonly exit: ExitReason;
    /** The capacity provider of the worker that came instead. */
    readonly replacement: string | undefined;
  };
}

const WORKERS = 4;
const ITEMS = 200;
const BEFORE_INTERRUPTION = 20;

await using endpoint = await FleetEndpoint.start();
const { local, client, fleet } = endpoint;

function manager(options: Partial<ECSManagerOptions>): ECSManager {
  return new ECSManager({
    client,
    taskDefinition: "worker",
    workers: WORKERS,
    command: "image",
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-0fleet"] } },
    ...options,
  });
}

async function lookAt(cluster: Cluster, pids: readonly number[]): Promise<FargateWorker[]> {
  return await Promise.all(
    pids.map(async (pid) => {
      const { host, reachedBy, launched } = cluster.workerInfo(pid);
      const details = launched.details as Partial<FargateWorker>;
      return {
        host,
        reachedBy,
        ownAddresses: await cluster.remoteCallFetch(ownAddresses, pid),
        launchType: details.launchType,
        containerInstanceArn: details.containerInstanceArn,
        capacityProviderName: details.capacityProviderName,
        executionEnvironment: (await cluster.remoteCallFetch(environment, pid))["AWS_EXECUTION_ENV"],
      };
    }),
  );
}

function alive(): string[] {
  return local
    .tasks()
    .filter(({ lastStatus }) => lastStatus !== "STOPPED")
    .map(({ taskArn }) => taskArn);
}

async function byLaunchType(): Promise<FargateResult["byLaunchType"]> {
  let seen: Omit<FargateResult["byLaunchType"], "alive">;
  {
    await using onFargate = manager({ launchType: "FARGATE" });
    await using cluster = new Cluster();
    await cluster.addProcs(onFargate);
    const question = cluster.remoteCallFetch(instanceMetadata, 2, "instance-id");
    seen = {
      workers: await lookAt(cluster, cluster.workers()),
      instanceMetadata: await question.catch((error: unknown) => String(error)),
      squares: await cluster.pmap(
        slowSquare,
        Array.from({ length: ITEMS }, (_, index) => index),
      ),
    };
  }
  return { ...seen, alive: alive() };
}

async function byStrategy(): Promise<FargateResult["byStrategy"]> {
  let seen: Omit<FargateResult["byStrategy"], "alive">;
  {
    await using onBoth = manager({
      capacityProviderStrategy: [
        { capacityProvider: "FARGATE", weight: 0, base: 1 },
        { capacityProvider: "FARGATE_SPOT", weight: 1 },
      ],
    });
    await using cluster = new Cluster({ output: "ignore" });
    const { joined } = await cluster.addProcs(onBoth, { replace: true });
    const workers = await lookAt(cluster, cluster.workers());
    const victim = joined.find(({ launched }) => launched.details.capacityProviderName === "FARGATE_SPOT");
    const leaving = new Promise<string>((resolve) => cluster.on("leaving", ({ reason }) => resolve(reason)));
    const exited = new Promise<ExitReason>((resolve) =>
      cluster.on("exited", ({ reason }) => resolve(reason)),
    );
    const replaced = new Promise<number>((resolve) => cluster.on("joined", ({ pid }) => resolve(pid)));
    const over = new AbortController();
    void Promise.all([leaving, exited, replaced]).then(() => over.abort());
    // More and more, until the worker has gone and another one has come.
    const items = function* (): Generator<number> {
      for (let item = 0; !over.signal.aborted; item++) yield item;
    };
    const squares: number[] = [];
    for await (const square of cluster.pmap(slowSquare, items(), { maxDeaths: 1 })) {
      if (squares.push(square) === BEFORE_INTERRUPTION) local.interruptSpot(victim?.launched.id ?? "");
    }
    const [replacement] = await lookAt(cluster, [await replaced]);
    seen = {
      workers,
      squares,
      leavingReason: await leaving,
      exit: await exited,
      replacement: replacement?.capacityProviderName,
    };
  }
  return { ...seen, alive: alive() };
}

await client.send(
  new PutClusterCapacityProvidersCommand({
    cluster: "default",
    capacityProviders: ["FARGATE", "FARGATE_SPOT"],
    defaultCapacityProviderStrategy: [],
  }),
);
await client.send(
  new RegisterTaskDefinitionCommand({
    family: "worker",
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    cpu: "256",
    memory: "512",
    containerDefinitions: [{ name: "worker", image: fleet.image }],
  }),
);
const result: FargateResult = { byLaunchType: await byLaunchType(), byStrategy: await byStrategy() };
process.send?.(result);
process.disconnect?.();
