/** Runs on the manager's host: Spot takes an instance back while a map of items runs over it that are too long for the notice. */
import { Cluster, type ExitReason } from "#dist/index.js";
import { ECSManager } from "#dist/managers/ecs/index.js";
import { FleetEndpoint } from "./fleet-endpoint.js";
import { slowSquareUnlessAt } from "./work.js";

export interface SpotMapResult {
  readonly results: readonly number[];
  /** Of the instance that Spot takes back. */
  readonly instanceId: string;
  readonly victimAddress: string;
  readonly before: readonly string[];
  /** Of the workers that came while the map ran. */
  readonly replacements: readonly string[];
  readonly notices: readonly { readonly host: string; readonly reason: string; readonly leftMs: number }[];
  readonly exits: readonly { readonly host: string; readonly reason: ExitReason }[];
  readonly others: readonly string[];
}

const VICTIM = 2;
/** Shorter than EC2's two minutes, and longer than workers take to look. */
const NOTICE_MS = 20_000;
const ON_VICTIM = 2;

await using endpoint = await FleetEndpoint.start();
await endpoint.register();
let result: SpotMapResult;
{
  await using manager = new ECSManager({
    client: endpoint.client,
    taskDefinition: "worker",
    workers: 2 * ON_VICTIM,
    command: "image",
  });
  await using cluster = new Cluster();
  const notices: SpotMapResult["notices"][number][] = [];
  const exits: SpotMapResult["exits"][number][] = [];
  const replacements: string[] = [];
  const others: string[] = [];
  let isMapping = true;
  const { joined } = await cluster.addProcs(manager, { replace: true });
  cluster.on("leaving", ({ at, worker, reason, deadline = Infinity }) => {
    if (isMapping) notices.push({ host: worker.host, reason, leftMs: deadline - at });
  });
  cluster.on("exited", ({ worker, reason }) => {
    if (isMapping) exits.push({ host: worker.host, reason });
  });
  cluster.on("joined", ({ worker }) => replacements.push(worker.host));
  cluster.on("failed", ({ failure }) => others.push(failure.message));
  const { address: victimAddress = "", instanceId = "" } = endpoint.fleet.instances[VICTIM - 1] ?? {};
  // Until those on the instance are gone, and others are there.
  const isOver = (): boolean => exits.length >= ON_VICTIM && replacements.length >= ON_VICTIM;
  const items = function* (): Generator<{ readonly value: number; readonly slowAt: string }> {
    for (let value = 0; !isOver(); value++) yield { value, slowAt: victimAddress };
  };
  const results: number[] = [];
  const map = cluster.pmap(slowSquareUnlessAt, items(), { concurrency: 1, maxDeaths: 1, order: "finished" });
  for await (const [index, square] of map.entries()) {
    results[index] = square;
    // By its default the agent does not tell ECS of the notice: the instance goes on to take tasks.
    if (index === ON_VICTIM * 4) endpoint.interruptSpot(VICTIM, { noticeMs: NOTICE_MS });
  }
  isMapping = false;
  const before = joined.map(({ host }) => host);
  result = { results, instanceId, victimAddress, before, replacements, notices, exits, others };
}
process.send?.(result);
process.disconnect?.();
