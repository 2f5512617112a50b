import { ecsArn, partitionOf, pathOfArn } from "../arn.js";
import { FARGATE_PROVIDERS, isFargateProvider, type StrategyItem } from "../capacity-provider.js";
import { ServiceError } from "../errors.js";
import type { Cluster, LocalState } from "../state.js";
import { RequestReader, type JsonObject } from "../validation.js";
import { describeCluster } from "./describe.js";
import { readCluster } from "./lookup.js";
import type { Operation } from "./operation.js";
import { readSortedPage } from "./pagination.js";

const MOST_IN_STRATEGY = 20;

/** Those that are named, or all. They belong to the account, whatever clusters they are associated with. */
export const describeCapacityProviders: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  const wanted = reader.strings("capacityProviders", { max: 100 }).map(nameOf);
  const known = [...FARGATE_PROVIDERS, ...state.instanceProviders];
  const page = readSortedPage(
    reader,
    known.filter((name) => wanted.length === 0 || wanted.includes(name)),
  );
  const unknown = wanted.filter((name) => !known.includes(name));
  return {
    response: {
      capacityProviders: page.items.map((name) => describe(state, name)),
      failures: unknown.map((name) => ({ arn: arnOf(state, name), reason: "MISSING" })),
      nextToken: page.nextToken,
    },
  };
};

/** Replaces what the cluster had. One that has tasks cannot be taken away. */
export const putClusterCapacityProviders: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  reader.requiredString("cluster", "Cluster can not be blank.");
  const cluster = readCluster(state, reader);
  for (const member of ["capacityProviders", "defaultCapacityProviderStrategy"]) {
    if (!reader.has(member))
      throw new ServiceError("InvalidParameterException", `${member} can not be null.`);
  }
  const providers = readClusterProviders(state, reader);
  const inUse = [...state.tasks.values()].some(
    ({ cluster: owner, lastStatus, capacityProvider }) =>
      owner === cluster &&
      lastStatus !== "STOPPED" &&
      capacityProvider !== undefined &&
      !providers.capacityProviders.includes(capacityProvider),
  );
  if (inUse) {
    throw new ServiceError(
      "ResourceInUseException",
      "The specified capacity provider is in use and cannot be removed.",
    );
  }
  Object.assign(cluster, providers);
  return { response: { cluster: describeCluster(state, cluster, ["TAGS"]) } };
};

/** What CreateCluster and PutClusterCapacityProviders say of the cluster's providers. */
export function readClusterProviders(
  state: LocalState,
  reader: RequestReader,
): Pick<Cluster, "capacityProviders" | "defaultStrategy"> {
  const capacityProviders = reader.strings("capacityProviders", { max: 20 }).map(nameOf);
  for (const name of capacityProviders) {
    if (!isFargateProvider(name) && !state.instanceProviders.has(name)) {
      throw new ServiceError(
        "InvalidParameterException",
        "The specified capacity provider was not found. Specify a valid name or ARN and try again.",
      );
    }
  }
  const defaultStrategy = readStrategy(reader, "defaultCapacityProviderStrategy", capacityProviders);
  return { capacityProviders, defaultStrategy };
}

/** An empty list if the request has none. Only what is `associated` with the cluster may be named. */
export function readStrategy(
  reader: RequestReader,
  member: string,
  associated: readonly string[],
): readonly StrategyItem[] {
  const refuse = (message: string): never => {
    throw new ServiceError("InvalidParameterException", message);
  };
  const items = reader.objects(member, { max: MOST_IN_STRATEGY }).map((item) => ({
    capacityProvider: nameOf(
      item.requiredString("capacityProvider", "Capacity provider can not be blank in a strategy."),
    ),
    weight: item.integer("weight", { min: 0, max: 1000 }) ?? 0,
    base: item.integer("base", { min: 0, max: 100_000 }) ?? 0,
  }));
  if (items.length === 0) return items;
  if (items.some(({ capacityProvider }) => !associated.includes(capacityProvider))) {
    refuse(
      "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the " +
        "cluster. Associate the capacity provider with the cluster and try again.",
    );
  }
  const fargate = items.filter(({ capacityProvider }) => isFargateProvider(capacityProvider));
  if (fargate.length > 0 && fargate.length < items.length) {
    refuse(
      "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate " +
        "providers. Specify one or the other and try again.",
    );
  }
  if (new Set(items.map(({ capacityProvider }) => capacityProvider)).size < items.length)
    refuse("A capacity provider strategy cannot contain a capacity provider more than once.");
  if (items.every(({ weight }) => weight === 0))
    refuse("A capacity provider strategy must contain a capacity provider with a weight greater than 0.");
  if (items.filter(({ base }) => base > 0).length > 1)
    refuse("Only one capacity provider in a capacity provider strategy can have a base defined.");
  return items;
}

/** The name that a name or an ARN stands for. */
function nameOf(nameOrArn: string): string {
  return pathOfArn(nameOrArn, "capacity-provider")?.[0] ?? nameOrArn;
}

function arnOf({ identity }: LocalState, name: string): string {
  return ecsArn(identity, "capacity-provider", name);
}

function describe(state: LocalState, name: string): JsonObject {
  return {
    capacityProviderArn: arnOf(state, name),
    name,
    status: "ACTIVE",
    ...(isFargateProvider(name) ? {} : { autoScalingGroupProvider: groupProvider(state, name) }),
    tags: [],
  };
}

/** There is no group that would change: the instances are there from the start. */
function groupProvider({ identity: { region, accountId } }: LocalState, name: string): JsonObject {
  const place = `${region}:${accountId}`;
  return {
    autoScalingGroupArn: `arn:${partitionOf(region)}:autoscaling:${place}:autoScalingGroup:local:autoScalingGroupName/${name}`,
    managedScaling: { status: "DISABLED" },
    managedTerminationProtection: "DISABLED",
  };
}
