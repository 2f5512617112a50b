import { TopologyError } from "../errors.js";

/**
 * Which workers may call each other. `all_to_all`: every one every other. `master_worker`: none; only the manager calls
 * them, and they it. `custom`: those that name each other (`ident`, `connectIdents`). Each may call the manager, and
 * itself. (Julia's names.)
 */
export type Topology = (typeof TOPOLOGIES)[number];

export const TOPOLOGIES = ["all_to_all", "master_worker", "custom"] as const;

/** A worker's place in a custom topology. */
export interface Acquaintance {
  readonly ident?: string | undefined;
  readonly connectIdents?: readonly string[] | undefined;
}

/** Whether two workers may be linked; the order does not matter. */
export function mayLink(topology: Topology, one: Acquaintance, other: Acquaintance): boolean {
  if (topology === "custom") return names(one, other) || names(other, one);
  return topology === "all_to_all";
}

function names({ connectIdents = [] }: Acquaintance, { ident }: Acquaintance): boolean {
  return ident !== undefined && connectIdents.includes(ident);
}

/** What a call gets that its topology does not allow. */
export function noLink(topology: Topology, from: number, to: number): TopologyError {
  const rule =
    topology === "custom"
      ? "neither names the other's ident among its connectIdents (options of addProcs)"
      : "workers call only the manager and themselves";
  return new TopologyError(
    `worker ${from} cannot call worker ${to}: the cluster's topology is ${topology}, in which ${rule}`,
    topology,
    from,
    to,
  );
}
