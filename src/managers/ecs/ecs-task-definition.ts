import type { ContainerDefinition, TaskDefinition } from "@aws-sdk/client-ecs";
import { ClusterManagerError } from "../../errors.js";
import { MANAGER_NAME } from "./ecs-errors.js";
import type { ECSSettings } from "./ecs-settings.js";
import { workerNetwork } from "./ecs-worker-network.js";

/** What a launch needs to know of its task definition. */
export interface WorkerTaskDefinition {
  readonly arn: string;
  readonly containerName: string;
  /** Where the container's output goes, if that is CloudWatch Logs. */
  readonly logs?: LogDestination;
  /** How long ECS waits between SIGTERM and SIGKILL, in seconds. */
  readonly stopTimeout: number;
  /** Ports of the instance that it claims: each allows one such task on an instance. */
  readonly declaredHostPorts: readonly number[];
  /** Variables that tell workers about their network. */
  readonly networkEnvironment: Readonly<Record<string, string>>;
}

export interface LogDestination {
  readonly group: string;
  readonly streamPrefix: string;
  readonly region?: string;
}

/** Reads a task definition, finds the container that becomes the worker, and how that one is reached. */
export function workerTaskDefinition(
  definition: TaskDefinition,
  settings: Pick<ECSSettings, "containerName" | "network" | "runTask" | "workersPerTask">,
): WorkerTaskDefinition {
  const name = nameOf(definition);
  const container = workerContainer(definition, settings.containerName);
  const logs = logDestination(container);
  return {
    arn: definition.taskDefinitionArn ?? name,
    containerName: container.name ?? "",
    stopTimeout: container.stopTimeout ?? 30,
    declaredHostPorts: declaredPorts(definition),
    networkEnvironment: workerNetwork(
      {
        name,
        mode: definition.networkMode,
        container,
        hasConfiguration: settings.runTask.networkConfiguration !== undefined,
        workersPerTask: settings.workersPerTask,
      },
      settings.network,
    ),
    ...(logs === undefined ? {} : { logs }),
  };
}

function nameOf({ family = "?", revision }: TaskDefinition): string {
  return `${family}:${revision ?? "?"}`;
}

/** The container that becomes the worker. Throws a `ClusterManagerError` if there is none, or no telling which. */
export function workerContainer(definition: TaskDefinition, wanted: string | undefined): ContainerDefinition {
  const definitionName = nameOf(definition);
  if (definition.status !== undefined && definition.status !== "ACTIVE") {
    throw new ClusterManagerError(
      `the task definition ${definitionName} is ${definition.status}; name an ACTIVE revision, or the family alone for its ` +
        `newest`,
      MANAGER_NAME,
    );
  }
  const containers = definition.containerDefinitions ?? [];
  const names = containers.map((container) => container.name ?? "?").join(", ");
  if (wanted !== undefined) {
    const found = containers.find((container) => container.name === wanted);
    if (found !== undefined) return found;
    throw new ClusterManagerError(
      `the task definition ${definitionName} has no container ${JSON.stringify(wanted)}; its containers are ${names}: ` +
        `set containerName to one of them`,
      MANAGER_NAME,
    );
  }
  // ECS takes a container for essential unless it says otherwise.
  const essential = containers.filter((container) => container.essential !== false);
  const only = containers.length === 1 ? containers[0] : essential.length === 1 ? essential[0] : undefined;
  if (only !== undefined) return only;
  throw new ClusterManagerError(
    `the task definition ${definitionName} has ${containers.length} containers (${names}) and it is not plain which ` +
      `one is the worker: set containerName`,
    MANAGER_NAME,
  );
}

/** In mode host each mapping claims its own port, in bridge one that names a port, in awsvpc none. */
function declaredPorts({ networkMode, containerDefinitions = [] }: TaskDefinition): number[] {
  if (networkMode === "awsvpc") return [];
  return containerDefinitions
    .flatMap(({ portMappings = [] }) => portMappings)
    .map(({ hostPort, containerPort = 0 }) => hostPort ?? (networkMode === "host" ? containerPort : 0))
    .filter((port) => port > 0);
}

/** Stream names are `<prefix>/<container>/<task id>`; without a prefix ECS names them by the container's Docker id. */
function logDestination(container: ContainerDefinition): LogDestination | undefined {
  if (container.logConfiguration?.logDriver !== "awslogs") return undefined;
  const options = container.logConfiguration.options ?? {};
  const group = options["awslogs-group"];
  const streamPrefix = options["awslogs-stream-prefix"];
  const region = options["awslogs-region"];
  if (group === undefined || streamPrefix === undefined) return undefined;
  return { group, streamPrefix, ...(region === undefined ? {} : { region }) };
}
