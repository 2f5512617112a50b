/** Runs on the manager's host: the link to an instance is cut while maps run, for a moment and then for good. */
import { Cluster } from "#dist/index.js";
import { ECSManager } from "#dist/managers/ecs/index.js";
import { FleetEndpoint } from "./fleet-endpoint.js";
import { slowSquare } from "./work.js";

export interface CutLinkResult {
  /** The link came back before the workers behind it were given up. */
  readonly brief: MapUnderCut;
  readonly lasting: MapUnderCut;
  /** When the cluster was closed and the link whole again. */
  readonly taskStatuses: readonly string[];
}

export interface MapUnderCut {
  readonly results: readonly number[];
  readonly events: readonly {
    readonly kind: "suspect" | "recovered" | "exited";
    readonly host: string;
    readonly reason?: string;
  }[];
}

const ITEMS = 120;
const VICTIM = 2;
const heartbeat = { intervalMs: 100, suspectMs: 500, lostMs: 5_000 };

await using endpoint = await FleetEndpoint.start();
await endpoint.register();
const { trouble } = endpoint;
let brief: MapUnderCut;
let lasting: MapUnderCut;
{
  await using manager = new ECSManager({
    client: endpoint.client,
    taskDefinition: "worker",
    workers: 4,
    command: "image",
  });
  await using cluster = new Cluster({ heartbeat });
  let events: MapUnderCut["events"][number][] = [];
  cluster.on("suspect", ({ worker }) => events.push({ kind: "suspect", host: worker.host }));
  cluster.on("recovered", ({ worker }) => events.push({ kind: "recovered", host: worker.host }));
  cluster.on("exited", ({ worker, reason }) =>
    events.push({ kind: "exited", host: worker.host, reason: reason.message }),
  );
  await cluster.addProcs(manager);

  /** Cuts the link when the map is well under way. */
  async function map(): Promise<MapUnderCut> {
    events = [];
    const results: number[] = [];
    const items = Array.from({ length: ITEMS }, (_, index) => index);
    for await (const value of cluster.pmap(slowSquare, items)) {
      results.push(value);
      if (results.length === ITEMS / 10) trouble.cut("manager", VICTIM);
    }
    return { results, events: [...events] };
  }

  const heal = (): void => trouble.heal();
  cluster.on("suspect", heal);
  brief = await map();
  cluster.off("suspect", heal);
  lasting = await map();
  trouble.heal();
}
const taskStatuses = endpoint.local.tasks().map(({ lastStatus }) => lastStatus);
process.send?.({ brief, lasting, taskStatuses } satisfies CutLinkResult);
process.disconnect?.();
