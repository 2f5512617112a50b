import { chooseInstance, whyNot, type PlacementRequest } from "./placement.js";
import type { Cluster, ContainerInstance } from "./state.js";

/** Why a task has no place: `arn` is that of an instance that was looked at. */
export interface NoPlace {
  readonly reason: string;
  readonly arn?: string;
}

/** The instances that take tasks: all, or those of a capacity provider. */
export function instancesOf({ instances }: Cluster, capacityProvider?: string): ContainerInstance[] {
  return [...instances.values()].filter(
    (instance) =>
      instance.status === "ACTIVE" &&
      (capacityProvider === undefined || instance.capacityProvider === capacityProvider),
  );
}

/** An instance with room for a task. Failures of one request, of which there are some already, look at instances in turn. */
export function findRoom(
  cluster: Cluster,
  capacityProvider: string | undefined,
  placement: PlacementRequest,
  earlierFailures = 0,
): { readonly instance: ContainerInstance } | NoPlace {
  const instances = instancesOf(cluster, capacityProvider);
  const at = instances[earlierFailures % instances.length];
  if (at === undefined) return { reason: whyEmpty(cluster, capacityProvider) };
  const instance = chooseInstance(instances, placement);
  return instance === undefined
    ? { arn: at.arn, reason: whyNot(at, placement) ?? "RESOURCE:CPU" }
    : { instance };
}

/** In the words of stopped reasons (Developer Guide, "Stopped tasks error codes"). */
function whyEmpty({ instances }: Cluster, capacityProvider: string | undefined): string {
  const isKnown = [...instances.values()].some(
    (instance) => instance.status !== "INACTIVE" && instance.capacityProvider === capacityProvider,
  );
  return isKnown ? "NO ACTIVE INSTANCES" : "EMPTY CAPACITY PROVIDER";
}
