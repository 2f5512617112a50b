// What must compile, and what must not. Compiled by the build, never run.
import { LocalManager, type Cluster, type Labels, type LocalDetails, type WorkerInfo } from "rollcall";
import { ECSManager, type ECSTaskDetails } from "rollcall/ecs";
import { expectType, type Equal } from "./assertions.js";

declare const cluster: Cluster;

async function launches(): Promise<void> {
  const local = await cluster.addProcs(new LocalManager(2));
  expectType<Equal<(typeof local.joined)[number], WorkerInfo<LocalDetails>>>();

  const ecs = await cluster.addProcs(
    new ECSManager({ taskDefinition: "worker", workers: { min: 2, max: 4 } }),
  );
  expectType<Equal<(typeof ecs.joined)[number]["launched"]["details"], ECSTaskDetails>>();

  for await (const worker of cluster.addProcs(new LocalManager())) {
    expectType<Equal<typeof worker.launched.details.osPid, number | undefined>>();
  }
}
void launches;

cluster.on("exited", ({ pid, reason }) => {
  expectType<Equal<typeof pid, number>>();
  expectType<Equal<typeof reason.exitCode, number | undefined>>();
});

// @ts-expect-error an event that does not exist
cluster.on("vanished", () => {});
// @ts-expect-error an option that does not exist
void new LocalManager({ count: 2 });
void new ECSManager({
  taskDefinition: "worker",
  workers: 2,
  rendezvous: { port: { from: 7000, to: 7009 } },
  network: { mode: "reverse" },
});
void new ECSManager({ taskDefinition: "worker", workers: 2, workersPerTask: "auto" });
// @ts-expect-error a word that means nothing for the workers of a task
void new ECSManager({ taskDefinition: "worker", workers: 2, workersPerTask: "all" });
// @ts-expect-error a network mode that does not exist
void new ECSManager({ taskDefinition: "worker", workers: 2, network: { mode: "nat" } });
// @ts-expect-error half a range of ports
void new ECSManager({ taskDefinition: "worker", workers: 2, network: { ports: { from: 7000 } } });
// @ts-expect-error the task definition is missing
void new ECSManager({ workers: 2 });
// @ts-expect-error a launch type that ECS does not have
void new ECSManager({ taskDefinition: "worker", workers: 2, launchType: "MAINFRAME" });
// @ts-expect-error not a cluster manager
void cluster.addProcs({ workers: 2 });

declare function openCamera(pid: number): Promise<{ close(): void } | undefined>;
void cluster.addProcs(new LocalManager(2), {
  initialize: async ({ pid, labels }) => {
    expectType<Equal<typeof labels, Labels>>();
    const camera = await openCamera(pid);
    if (camera === undefined) return undefined;
    return () => camera.close();
  },
});
void cluster.addProcs(new LocalManager(2), { initialize: () => {} });
void cluster.addProcs(new LocalManager(2), { initialize: async () => {} });
// @ts-expect-error what it gives is not a function
void cluster.addProcs(new LocalManager(2), { initialize: () => 3 });
// @ts-expect-error it is called with the worker alone
void cluster.addProcs(new LocalManager(2), { initialize: (_worker: WorkerInfo, _name: string) => {} });
