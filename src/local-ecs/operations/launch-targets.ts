import {
  distribute,
  isFargateProvider,
  type LaunchTarget,
  type LaunchType,
  type StrategyItem,
} from "../capacity-provider.js";
import { ServiceError } from "../errors.js";
import { FARGATE_STORAGE_GIB, FARGATE_VERSION, FARGATE_VERSIONS, whyNoFargateSize } from "../fargate.js";
import type { Cluster, FargateFacts, TaskDefinition } from "../state.js";
import type { RequestReader } from "../validation.js";
import { readStrategy } from "./capacity-providers.js";
import type { Overrides } from "./overrides.js";

/** Where each of `count` tasks of a RunTask request shall run. All have the same launch type. */
export interface LaunchTargets {
  readonly launchType: LaunchType;
  readonly targets: readonly LaunchTarget[];
}

/** By the request's launch type, or its strategy, or the default strategy of the cluster, or else on EC2. */
export function readTargets(reader: RequestReader, cluster: Cluster, count: number): LaunchTargets {
  const given = reader.oneOf("launchType", ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]);
  if (given !== undefined && reader.objects("capacityProviderStrategy").length > 0) {
    throw new ServiceError(
      "InvalidParameterException",
      "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
    );
  }
  if (given === "EXTERNAL" || given === "MANAGED_INSTANCES") {
    throw new ServiceError(
      "UnsupportedFeatureException",
      `This local endpoint has no instances of the launch type ${given}: use EC2 or FARGATE.`,
    );
  }
  const own = readStrategy(reader, "capacityProviderStrategy", cluster.capacityProviders);
  const strategy = own.length > 0 ? own : cluster.defaultStrategy;
  if (given !== undefined || strategy.length === 0) {
    const launchType = given ?? "EC2";
    return { launchType, targets: Array.from({ length: count }, () => ({ launchType })) };
  }
  const launchType = launchTypeOf(strategy);
  return {
    launchType,
    targets: distribute(strategy, count).map((capacityProvider) => ({ launchType, capacityProvider })),
  };
}

/** A strategy is for Fargate or for instances, never for both. */
function launchTypeOf([first]: readonly StrategyItem[]): LaunchType {
  return isFargateProvider(first?.capacityProvider ?? "") ? "FARGATE" : "EC2";
}

/** What the tasks of a request have on Fargate, if it is for Fargate. */
export function readFargate(
  reader: RequestReader,
  launchType: LaunchType,
  definition: TaskDefinition,
  overrides: Overrides,
): FargateFacts | undefined {
  const refuse = (message: string): never => {
    throw new ServiceError("InvalidParameterException", message);
  };
  const version = reader.string("platformVersion");
  if (launchType === "EC2") {
    if (version !== undefined)
      refuse("The platform version must be null when specifying an EC2 launch type.");
    return undefined;
  }
  if (definition.whyNotFargate !== undefined) refuse("Task definition does not support launch_type FARGATE.");
  for (const [member, name] of [
    ["placementConstraints", "constraints"],
    ["placementStrategy", "strategies"],
  ] as const) {
    if (reader.objects(member).length > 0)
      refuse(`Placement ${name} are not supported with FARGATE launch type.`);
  }
  if (version !== undefined && !FARGATE_VERSIONS.includes(version))
    throw new ServiceError("PlatformUnknownException", "The specified platform version does not exist.");
  const size = whyNoFargateSize(overrides.reservation.cpu, overrides.reservation.memory);
  if (size !== undefined) refuse(size);
  return {
    platformVersion: version === undefined || version === "LATEST" ? FARGATE_VERSION : version,
    storageGiB: overrides.storageGiB ?? FARGATE_STORAGE_GIB,
  };
}
