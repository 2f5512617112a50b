import type { ContainerDefinition, TaskDefinition } from "@aws-sdk/client-ecs";
import { ClusterManagerError } from "../../errors.js";
import { WorkerVariable, type NetworkMode } from "../../protocol/worker-variables.js";
import { formatPortRange } from "../../util/port-range.js";
import { MANAGER_NAME } from "./ecs-errors.js";
import type { NetworkSettings } from "./ecs-network-settings.js";
import type { WorkersPerTask } from "./ecs-task-workers.js";

/** The part of a task definition that says how others reach the worker's container. */
export interface DefinedNetwork {
  /** `family:revision`, for messages. */
  readonly name: string;
  /** Left out, ECS takes `bridge` (Amazon ECS API reference, TaskDefinition, `networkMode`, for Linux). */
  readonly mode: TaskDefinition["networkMode"];
  readonly container: Pick<ContainerDefinition, "name" | "portMappings">;
  /** Whether the launch names subnets. */
  readonly hasConfiguration: boolean;
  readonly workersPerTask: WorkersPerTask;
}

/**
 * The variables that tell a worker about its network. Throws a `ClusterManagerError` where the task definition and the
 * options do not fit each other, or no worker could be reached.
 */
export function workerNetwork(
  defined: DefinedNetwork,
  settings: NetworkSettings,
): Readonly<Record<string, string>> {
  const mode = networkMode(defined, settings);
  const { advertiseHost, bindHost, ports } = settings;
  const port = mode === "bridge" ? `${containerPort(defined, settings)}` : ports && formatPortRange(ports);
  return {
    [WorkerVariable.networkMode]: mode,
    ...(port === undefined ? {} : { [WorkerVariable.port]: port }),
    ...(advertiseHost === undefined ? {} : { [WorkerVariable.advertiseHost]: advertiseHost }),
    ...(bindHost === undefined ? {} : { [WorkerVariable.bindHost]: bindHost }),
  };
}

function networkMode(
  { name, mode = "bridge", hasConfiguration, workersPerTask }: DefinedNetwork,
  settings: NetworkSettings,
): NetworkMode {
  if (mode === "none") {
    refuse(
      `the task definition ${name} has network mode none, in which a container has no network at all: register a ` +
        `revision with networkMode host or awsvpc`,
    );
  }
  if (mode === "awsvpc" && !hasConfiguration) {
    refuse(
      `the task definition ${name} has network mode awsvpc: set networkConfiguration of ECSManager, with ` +
        `awsvpcConfiguration.subnets and the security groups of its tasks`,
    );
  }
  if (settings.mode === "reverse") return "reverse";
  if (settings.mode !== undefined && settings.mode !== mode) {
    refuse(
      `network.mode of ECSManager is ${settings.mode} and the task definition ${name} has network mode ${mode}: leave ` +
        `out network.mode, or name a revision with networkMode ${settings.mode}`,
    );
  }
  if (mode === "bridge" && workersPerTask !== 1) {
    refuse(
      `workersPerTask of ECSManager is ${workersPerTask} and the task definition ${name} has network mode bridge, in which a ` +
        `port mapping leads to one worker of a task only: use networkMode host or awsvpc, or set network: { mode: "reverse" } ` +
        `of ECSManager, for workers that open every connection themselves`,
    );
  }
  if (mode === "bridge" && settings.ports !== undefined) {
    refuse(
      `network.ports of ECSManager has no meaning for the task definition ${name}: in network mode bridge ECS chooses ` +
        `the ports of the instance (ECS_DYNAMIC_HOST_PORT_RANGE of its agent)`,
    );
  }
  if (mode !== "bridge" && settings.containerPort !== undefined) {
    refuse(
      `network.containerPort of ECSManager is for network mode bridge, and the task definition ${name} has ${mode}: ` +
        `leave it out; network.ports limits the ports of workers there`,
    );
  }
  return mode;
}

/** The port of the container that the worker listens on, so that the port mapping leads to it. */
function containerPort(
  { name, container }: DefinedNetwork,
  { containerPort: wanted }: NetworkSettings,
): number {
  const mappings = (container.portMappings ?? []).filter(
    ({ protocol = "tcp", containerPort: port }) => protocol === "tcp" && port !== undefined,
  );
  const ports = mappings.map(({ containerPort: port }) => port!);
  if (wanted !== undefined) {
    if (ports.includes(wanted)) return wanted;
    refuse(
      `network.containerPort of ECSManager is ${wanted}, and the container "${container.name}" of the task definition ` +
        `${name} has no port mapping for it, ${ports.length === 0 ? "nor any other" : `only for ${ports.join(", ")}`}`,
    );
  }
  // One with a fixed port of the instance serves something else, as it allows one task on each.
  const dynamic = mappings.filter(({ hostPort = 0 }) => hostPort === 0);
  const found = mappings.length === 1 ? mappings[0] : dynamic.length === 1 ? dynamic[0] : undefined;
  if (found !== undefined) return found.containerPort!;
  return refuse(
    ports.length === 0
      ? `the task definition ${name} has network mode bridge, and its container "${container.name}" no port mapping: ` +
          `nothing would lead to the workers. Add { "containerPort": 7000, "hostPort": 0 } to its portMappings, use ` +
          `networkMode host, or set network: { mode: "reverse" } of ECSManager, for workers that open every connection ` +
          `themselves`
      : `the container "${container.name}" of the task definition ${name} has port mappings for ${ports.join(", ")}, and ` +
          `it is not plain which one is for the worker: set network.containerPort of ECSManager`,
  );
}

function refuse(message: string): never {
  throw new ClusterManagerError(message, MANAGER_NAME);
}
