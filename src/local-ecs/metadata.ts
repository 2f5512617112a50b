/** The task metadata endpoint, version 4, with the fields of the real one (Developer Guide, "Task metadata endpoint version 4"). */
import { privateDnsName } from "./arn.js";
import { networkOfTask, type FargateFacts, type LocalState, type Task, type TaskContainer } from "./state.js";
import type { JsonObject } from "./validation.js";

const PATH = /^\/v4\/(([0-9a-f]+)-\d+)(?:\/(.*))?$/;

/** The task whose metadata stand at `path`. */
export function taskOfMetadata(state: LocalState, path: string): Task | undefined {
  return state.tasks.get(PATH.exec(path)?.[2] ?? "");
}

/** The answer to a GET of `path`, or undefined where the real endpoint has nothing. */
export function metadataFor(state: LocalState, path: string): JsonObject | undefined {
  const [, metadataId, , below = ""] = PATH.exec(path.replace(/\/$/, "")) ?? [];
  const task = taskOfMetadata(state, path);
  const container = task?.containers.find((one) => one.metadataId === metadataId);
  if (task === undefined || container === undefined) return undefined;
  switch (below) {
    case "":
      return containerMetadata(task, container);
    case "task":
      return taskMetadata(task);
    case "taskWithTags":
      return {
        ...taskMetadata(task),
        TaskTags: Object.fromEntries(task.tags),
        ...(task.instance === undefined
          ? {}
          : { ContainerInstanceTags: Object.fromEntries(task.instance.tags) }),
      };
    case "stats":
      return containerStats(container);
    case "task/stats":
      return Object.fromEntries(task.containers.map((one) => [one.runtimeId ?? "", containerStats(one)]));
    default:
      return undefined;
  }
}

function taskMetadata(task: Task): JsonObject {
  return {
    Cluster: clusterOf(task),
    TaskARN: task.arn,
    Family: task.definition.family,
    Revision: `${task.definition.revision}`,
    DesiredStatus: task.desiredStatus,
    KnownStatus: knownStatus(task),
    ...(task.cpu === undefined && task.memory === undefined
      ? {}
      : {
          Limits: {
            ...(task.cpu === undefined ? {} : { CPU: Number(task.cpu) / 1024 }),
            ...(task.memory === undefined ? {} : { Memory: Number(task.memory) }),
          },
        }),
    ...time("PullStartedAt", task.pullStartedAt),
    ...time("PullStoppedAt", task.pullStoppedAt),
    ...time("ExecutionStoppedAt", task.executionStoppedAt),
    AvailabilityZone: zoneOf(task),
    LaunchType: task.launchType,
    Containers: task.containers.map((container) => containerMetadata(task, container)),
    ...(task.fargate === undefined ? {} : fargateMetadata(task, task.fargate)),
  };
}

/** What only Fargate has (Developer Guide, "Task metadata endpoint version 4 for tasks on Fargate"). */
function fargateMetadata({ createdAt }: Task, { storageGiB }: FargateFacts): JsonObject {
  return {
    ClockDrift: {
      ClockErrorBound: 0.5,
      ReferenceTimestamp: new Date(createdAt).toISOString(),
      ClockSynchronizationStatus: "SYNCHRONIZED",
    },
    EphemeralStorageMetrics: { Utilized: 0, Reserved: storageGiB * 1024 },
    FaultInjectionEnabled: false,
  };
}

/** Fargate gives the ARN where the agent of an instance gives the name. */
function clusterOf({ cluster, fargate }: Task): string {
  return fargate === undefined ? cluster.name : cluster.arn;
}

/** Empty for a task that is nowhere. */
function zoneOf({ host }: Task): string {
  return host?.availabilityZone ?? "";
}

/** Until the container has been created there is no better one. */
function idOf({ runtimeId, metadataId }: TaskContainer): string {
  return runtimeId ?? metadataId;
}

export function dockerName({ definition }: Task, container: TaskContainer): string {
  return `ecs-${definition.family}-${definition.revision}-${container.definition.name}-${idOf(container)}`;
}

function containerMetadata(task: Task, container: TaskContainer): JsonObject {
  const { definition } = container;
  const id = idOf(container);
  const ports = portsOf(container);
  return {
    DockerId: id,
    Name: definition.name,
    DockerName: dockerName(task, container),
    Image: definition.image,
    ImageID: "",
    ...(ports.length === 0 ? {} : { Ports: ports }),
    Labels: {
      "com.amazonaws.ecs.cluster": clusterOf(task),
      "com.amazonaws.ecs.container-name": definition.name,
      "com.amazonaws.ecs.task-arn": task.arn,
      "com.amazonaws.ecs.task-definition-family": task.definition.family,
      "com.amazonaws.ecs.task-definition-version": `${task.definition.revision}`,
    },
    DesiredStatus: task.desiredStatus,
    // The program asks before its own start is on record; the agent's word for that moment.
    KnownStatus: container.lastStatus === "PENDING" ? "CREATED" : container.lastStatus,
    ...(container.exitCode === undefined ? {} : { ExitCode: container.exitCode }),
    Limits: { CPU: container.cpu, Memory: container.memory ?? 0 },
    ...time("CreatedAt", container.startedAt ?? task.createdAt),
    ...time("StartedAt", container.startedAt),
    ...time("FinishedAt", container.finishedAt),
    Type: "NORMAL",
    ...(definition.logDriver === undefined
      ? {}
      : { LogDriver: definition.logDriver, LogOptions: definition.logOptions }),
    ContainerARN: container.arn,
    Networks: [networkMetadata(task, container)],
    ...(task.fargate === undefined ? {} : { Snapshotter: "overlayfs" }),
  };
}

export function networkMetadata(task: Task, container: TaskContainer): JsonObject {
  const NetworkMode = task.definition.networkMode;
  const own = networkOfTask(task);
  // In host mode the agent repeats Docker's entry for the network "host", whose address is empty.
  if (own === undefined) return { NetworkMode, IPv4Addresses: [container.network?.address ?? ""] };
  const { address, prefixLength, gateway, macAddress } = own;
  return {
    NetworkMode,
    IPv4Addresses: [address],
    AttachmentIndex: 0,
    MACAddress: macAddress,
    IPv4SubnetCIDRBlock: `${networkAddress(address, prefixLength)}/${prefixLength}`,
    PrivateDNSName: privateDnsName(zoneOf(task), address),
    ...(gateway === "" ? {} : { SubnetGatewayIpv4Address: `${gateway}/${prefixLength}` }),
  };
}

function networkAddress(address: string, prefixLength: number): string {
  const bits = address.split(".").reduce((value, octet) => value * 256 + Number(octet), 0);
  const size = 2 ** (32 - prefixLength);
  const first = bits - (bits % size);
  return [24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".");
}

/** Before the start is on record only what the definition says is known, and so no port that the engine chooses. */
export function portsOf({ definition, networkBindings }: TaskContainer): JsonObject[] {
  if (networkBindings.length === 0) {
    return definition.portMappings.map(({ containerPort, hostPort, protocol }) => ({
      ContainerPort: containerPort,
      Protocol: protocol,
      ...(hostPort === 0 ? {} : { HostPort: hostPort }),
    }));
  }
  return networkBindings.map(({ containerPort, hostPort, protocol, bindIP }) => ({
    ContainerPort: containerPort,
    Protocol: protocol,
    HostPort: hostPort,
    HostIp: bindIP,
  }));
}

function containerStats(container: TaskContainer): JsonObject {
  return {
    id: container.runtimeId ?? "",
    name: container.definition.name,
    num_procs: 0,
    cpu_stats: {},
    memory_stats: {},
    networks: {},
  };
}

/** The agent knows fewer statuses than the API. */
export function knownStatus(task: Task): string {
  switch (task.lastStatus) {
    case "PROVISIONING":
    case "PENDING":
      return "NONE";
    case "ACTIVATING":
    case "RUNNING":
    case "DEACTIVATING":
    case "STOPPING":
      return "RUNNING";
    case "DEPROVISIONING":
    case "STOPPED":
      return "STOPPED";
  }
}

function time(name: string, ms: number | undefined): JsonObject {
  return ms === undefined ? {} : { [name]: new Date(ms).toISOString() };
}
