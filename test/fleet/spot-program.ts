/** Runs on the manager's host: Spot takes an instance back under the workers there. */
import { Cluster, type ExitReason } from "#dist/index.js";
import { ECSManager } from "#dist/managers/ecs/index.js";
import { FleetEndpoint } from "./fleet-endpoint.js";
import { instanceMetadata } from "./work.js";

export interface SpotResult {
  /** As the worker on the instance read it. */
  readonly notice: string;
  readonly exit: ExitReason;
  readonly instanceStatuses: readonly string[];
}

const VICTIM = 2;
/** Long enough for the worker to read the notice. */
const NOTICE_MS = 2_000;

await using endpoint = await FleetEndpoint.start();
await endpoint.register();
let result: SpotResult;
{
  await using manager = new ECSManager({
    client: endpoint.client,
    taskDefinition: "worker",
    workers: 2,
    command: "image",
    // Its own notice would come first.
    watchSpot: false,
  });
  await using cluster = new Cluster();
  const { joined } = await cluster.addProcs(manager);
  const victim = joined.find(({ host }) => host === endpoint.fleet.instances[VICTIM - 1]?.address);
  if (victim === undefined) throw new Error("a worker of two is on each of the instances");
  const exited = new Promise<ExitReason>((resolve) =>
    cluster.on("exited", ({ pid, reason }) => {
      if (pid === victim.pid) resolve(reason);
    }),
  );
  endpoint.interruptSpot(VICTIM, { noticeMs: NOTICE_MS, drains: true });
  const notice = await cluster.remoteCallFetch(instanceMetadata, victim.pid, "spot/instance-action");
  const exit = await exited;
  result = { notice, exit, instanceStatuses: endpoint.local.instances.map(({ status }) => status) };
}
process.send?.(result);
process.disconnect?.();
