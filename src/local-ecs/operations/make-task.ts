import { ecsArn } from "../arn.js";
import type { LaunchTarget } from "../capacity-provider.js";
import type {
  AwaitedRoom,
  Cluster,
  ContainerInstance,
  FargateFacts,
  Task,
  TaskAttachment,
  TaskContainer,
  TaskDefinition,
  TaskHost,
} from "../state.js";
import type { OperationContext } from "./operation.js";
import type { EffectiveContainer, Overrides } from "./overrides.js";

/** What all tasks of one RunTask request have in common. */
export interface TaskSettings {
  readonly definition: TaskDefinition;
  readonly overrides: Overrides;
  readonly startedBy?: string;
  readonly group: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly enableExecuteCommand: boolean;
  /** Of tasks on Fargate, and of those only. */
  readonly fargate?: FargateFacts;
  /** The first of the request's subnets; in network mode `awsvpc` only. */
  readonly subnetId?: string;
}

/** Where one task runs, or why it runs nowhere yet, or never. */
export interface TaskPlace extends LaunchTarget {
  readonly instance?: ContainerInstance;
  readonly host?: TaskHost;
  readonly placementFailure?: string;
  readonly awaitedRoom?: AwaitedRoom;
}

export function makeTask(
  context: OperationContext,
  cluster: Cluster,
  place: TaskPlace,
  settings: TaskSettings,
): Task {
  const id = context.newId();
  const { overrides } = settings;
  const pullFailure = context.faults.takePullFailure();
  return {
    id,
    arn: ecsArn(context.state.identity, "task", cluster.name, id),
    cluster,
    definition: settings.definition,
    ...place,
    reservation: overrides.reservation,
    containers: overrides.containers.map((container, index) =>
      makeContainer(context, cluster, id, container, index),
    ),
    ...(settings.subnetId === undefined ? {} : { attachment: makeAttachment(context, settings.subnetId) }),
    overrides: overrides.document,
    ...(settings.startedBy === undefined ? {} : { startedBy: settings.startedBy }),
    group: settings.group,
    ...(settings.fargate === undefined ? {} : { fargate: settings.fargate }),
    enableExecuteCommand: settings.enableExecuteCommand,
    ...(overrides.cpu === undefined ? {} : { cpu: overrides.cpu }),
    ...(overrides.memory === undefined ? {} : { memory: overrides.memory }),
    startDelayMs: context.faults.takeStartDelayMs(),
    ...(pullFailure === undefined ? {} : { pullFailure }),
    tags: new Map(settings.tags),
    createdAt: context.now,
    lastStatus: "PROVISIONING",
    desiredStatus: "RUNNING",
    version: 1,
  };
}

function makeAttachment(context: OperationContext, subnetId: string): TaskAttachment {
  const id = context.newId();
  return {
    id: [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)].join("-"),
    networkInterfaceId: `eni-${context.newId().slice(0, 17)}`,
    subnetId,
  };
}

function makeContainer(
  context: OperationContext,
  cluster: Cluster,
  taskId: string,
  container: EffectiveContainer,
  index: number,
): TaskContainer {
  const { definition } = container;
  const group = definition.logDriver === "awslogs" ? definition.logOptions["awslogs-group"] : undefined;
  const metadataId = `${taskId}-${index + 1}`;
  const prefix = definition.logOptions["awslogs-stream-prefix"];
  // Without a prefix the stream is named after the container's runtime id (Developer Guide, "Using the awslogs log driver").
  const stream = prefix === undefined ? metadataId : `${prefix}/${definition.name}/${taskId}`;
  return {
    ...container,
    arn: ecsArn(context.state.identity, "container", cluster.name, taskId, context.newId()),
    metadataId,
    ...(group === undefined ? {} : { logs: { group, stream } }),
    lastStatus: "PENDING",
    networkBindings: [],
  };
}
