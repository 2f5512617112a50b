import type { Identity } from "./arn.js";
import type { LaunchType, StrategyItem } from "./capacity-provider.js";
import type { PlacementConstraint, PlacementRequest } from "./placement.js";
import type { ContainerDependency } from "./start-order.js";
import type { JsonObject } from "./validation.js";

/** Everything the endpoint knows. Only operations and the task life-cycle change it, one at a time. */
export interface LocalState {
  readonly identity: Identity;
  readonly clusters: Map<string, Cluster>;
  /** Names of those that bring container instances; the ones of Fargate need no record. */
  readonly instanceProviders: Set<string>;
  /** What Fargate tasks run on, out of the API's sight. */
  readonly fargateHosts: readonly TaskHost[];
  /** Family to its revisions: revision n stands at index n - 1. */
  readonly families: Map<string, TaskDefinition[]>;
  /** By task id, in the order in which they were made. */
  readonly tasks: Map<string, Task>;
  /** By cluster and client token. */
  readonly launches: Map<string, RememberedLaunch>;
}

export interface Cluster {
  readonly name: string;
  readonly arn: string;
  status: "ACTIVE" | "INACTIVE";
  readonly tags: Map<string, string>;
  /** By instance id, in the order of registration. */
  readonly instances: Map<string, ContainerInstance>;
  /** Names of those that are associated with it. */
  capacityProviders: readonly string[];
  /** For tasks that name neither launch type nor strategy; may be empty. */
  defaultStrategy: readonly StrategyItem[];
  /** Its tasks with an `awaitedRoom`, the oldest first. */
  readonly waiting: Set<Task>;
}

/** What runs the containers of a task. */
export interface TaskHost {
  readonly availabilityZone: string;
  /** Of the Docker engine that runs its tasks, if they run as containers. */
  readonly dockerSocket?: string;
  /** A place of its own for its agent. */
  readonly agent?: { readonly socketPath: string; readonly metadataOrigin?: string };
  /** INACTIVE is one that is gone. */
  readonly status: "ACTIVE" | "DRAINING" | "INACTIVE";
}

export interface ContainerInstance extends TaskHost {
  readonly id: string;
  readonly arn: string;
  readonly cluster: string;
  readonly ec2InstanceId: string;
  readonly privateIpv4Address: string;
  /** The capacity provider that brought it, if one did. */
  readonly capacityProvider?: string;
  /** CPU units (1,024 are one core) and MiB. */
  readonly cpu: number;
  readonly memory: number;
  /** Ports that no task may declare, as `tcp:22`. */
  readonly reservedPorts: ReadonlySet<string>;
  readonly attributes: ReadonlyMap<string, string>;
  readonly tags: Map<string, string>;
  readonly registeredAt: number;
  agentConnected: boolean;
  /** DRAINING takes no new tasks; INACTIVE is one whose EC2 instance is gone. */
  status: "ACTIVE" | "DRAINING" | "INACTIVE";
  /** When Spot takes it back, if there is a notice of that. */
  spotTerminationAt?: number;
  version: number;
  /** What its tasks hold. Invariant: the sum of the reservations of its tasks that are not STOPPED. */
  readonly used: { cpu: number; memory: number; readonly ports: Set<string> };
  /** Its tasks that are not STOPPED. */
  readonly tasks: Set<Task>;
}

export type NetworkMode = "host" | "bridge" | "awsvpc" | "none";

export interface PortMapping {
  readonly containerPort: number;
  /** 0 lets the platform choose. */
  readonly hostPort: number;
  readonly protocol: "tcp" | "udp";
}

export interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  readonly essential: boolean;
  readonly cpu: number;
  readonly memory?: number;
  readonly memoryReservation?: number;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  readonly portMappings: readonly PortMapping[];
  readonly dependsOn: readonly ContainerDependency[];
  /** Seconds. */
  readonly stopTimeout?: number;
  readonly logDriver?: string;
  readonly logOptions: Readonly<Record<string, string>>;
}

export interface TaskDefinition {
  readonly arn: string;
  readonly family: string;
  readonly revision: number;
  status: "ACTIVE" | "INACTIVE";
  readonly networkMode: NetworkMode;
  readonly cpu?: number;
  readonly memory?: number;
  readonly containers: readonly ContainerDefinition[];
  readonly placementConstraints: readonly PlacementConstraint[];
  /** Why no task of it can run on Fargate; undefined if one can. */
  readonly whyNotFargate?: string;
  /** What was registered, with the defaults filled in: what DescribeTaskDefinition gives back. */
  readonly document: JsonObject;
  readonly tags: Map<string, string>;
  readonly registeredAt: number;
  deregisteredAt?: number;
}

/** What a task holds on its instance. */
export interface Reservation {
  readonly cpu: number;
  readonly memory: number;
  /** As `tcp:8080`. */
  readonly ports: readonly string[];
}

export type TaskStatus =
  | "PROVISIONING"
  | "PENDING"
  | "ACTIVATING"
  | "RUNNING"
  | "DEACTIVATING"
  | "STOPPING"
  | "DEPROVISIONING"
  | "STOPPED";

export type StopCode =
  | "TaskFailedToStart"
  | "EssentialContainerExited"
  | "UserInitiated"
  | "SpotInterruption"
  | "TerminationNotice"
  | "InfrastructureHealth";

export interface NetworkBinding {
  readonly bindIP: string;
  readonly containerPort: number;
  readonly hostPort: number;
  readonly protocol: "tcp" | "udp";
}

/** What a container has on a network of its engine. */
export interface ContainerNetwork {
  readonly address: string;
  readonly prefixLength: number;
  /** Empty if the network leads nowhere. */
  readonly gateway: string;
  readonly macAddress: string;
}

/** The network interface of a task in network mode `awsvpc`; its address is that of the container which owns the network. */
export interface TaskAttachment {
  readonly id: string;
  readonly networkInterfaceId: string;
  readonly subnetId: string;
}

export interface TaskContainer {
  readonly definition: ContainerDefinition;
  readonly arn: string;
  /** The last part of its task metadata address. */
  readonly metadataId: string;
  /** Definition and override taken together. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cpu: number;
  readonly memory?: number;
  readonly memoryReservation?: number;
  readonly logs?: { readonly group: string; readonly stream: string };
  lastStatus: "PENDING" | "RUNNING" | "STOPPED";
  runtimeId?: string;
  exitCode?: number;
  reason?: string;
  networkBindings: readonly NetworkBinding[];
  /** In network mode `bridge` on its instance's bridge, in `awsvpc` the task's own; otherwise there is none. */
  network?: ContainerNetwork;
  startedAt?: number;
  finishedAt?: number;
}

/** Of a task that is accepted before there is an instance for it: its capacity provider could bring one. */
export interface AwaitedRoom {
  readonly capacityProvider: string;
  readonly placement: PlacementRequest;
}

/** What a task has only on Fargate. */
export interface FargateFacts {
  readonly platformVersion: string;
  readonly storageGiB: number;
}

/** Times are milliseconds since the epoch; the wire has seconds. */
export interface Task {
  readonly id: string;
  readonly arn: string;
  readonly cluster: Cluster;
  readonly definition: TaskDefinition;
  /** Absent on Fargate, and as long as it waits for room. */
  instance?: ContainerInstance;
  /** Its instance, or what Fargate runs it on; absent as long as it waits for room. */
  host?: TaskHost;
  readonly reservation: Reservation;
  readonly containers: readonly TaskContainer[];
  /** In network mode `awsvpc` only. */
  readonly attachment?: TaskAttachment;
  readonly overrides: JsonObject;
  readonly startedBy?: string;
  readonly group: string;
  readonly launchType: LaunchType;
  /** Only if it was started with a strategy. */
  readonly capacityProvider?: string;
  /** On Fargate only. */
  readonly fargate?: FargateFacts;
  readonly enableExecuteCommand: boolean;
  /** As the API shows them: strings, and only where the task definition or the override has them. */
  readonly cpu?: string;
  readonly memory?: string;
  /** How long the start is held back; Infinity means for ever. A fault, normally 0. */
  readonly startDelayMs: number;
  /** A fault: its images cannot be pulled, for this reason or because they are not there. */
  readonly pullFailure?: { readonly reason?: string };
  /** A fault: its capacity provider has no room for it, for this reason. */
  readonly placementFailure?: string;
  /** What it waits for; undefined once it has that, or shall stop. */
  awaitedRoom?: AwaitedRoom;
  readonly tags: Map<string, string>;
  readonly createdAt: number;
  lastStatus: TaskStatus;
  desiredStatus: "RUNNING" | "STOPPED";
  /** Grows with every change. */
  version: number;
  connectivityAt?: number;
  pullStartedAt?: number;
  pullStoppedAt?: number;
  startedAt?: number;
  stoppingAt?: number;
  executionStoppedAt?: number;
  stoppedAt?: number;
  stopCode?: StopCode;
  stoppedReason?: string;
}

/** The network of a task in mode `awsvpc`, which all of its containers share; undefined until that is known. */
export function networkOfTask({ attachment, containers }: Task): ContainerNetwork | undefined {
  return attachment === undefined
    ? undefined
    : containers.find(({ network }) => network !== undefined)?.network;
}

/** What a client token stands for ("Ensuring idempotency" in the ECS API Reference). */
export interface RememberedLaunch {
  /** Canonical JSON of the request. */
  readonly request: string;
  readonly taskIds: readonly string[];
  readonly taskArns: readonly string[];
  readonly failures: readonly JsonObject[];
  readonly at: number;
}

/** A stopped task can be described for this long after its end; then it is MISSING. */
export const STOPPED_TASK_VISIBLE_MS = 3_600_000;
/** A client token is good for the shorter of a day and an hour after the end of its last task. */
const TOKEN_LIFE_MS = 24 * 3_600_000;

/** Drops what the service would have forgotten by now. Called before every operation. */
export function forgetExpired(state: LocalState, now: number): Task[] {
  const forgotten: Task[] = [];
  for (const task of state.tasks.values()) {
    if (task.stoppedAt !== undefined && now - task.stoppedAt > STOPPED_TASK_VISIBLE_MS) {
      state.tasks.delete(task.id);
      forgotten.push(task);
    }
  }
  for (const [key, launch] of state.launches) {
    const hasTasks = launch.taskIds.some((id) => state.tasks.has(id));
    const limit = hasTasks ? TOKEN_LIFE_MS : Math.min(TOKEN_LIFE_MS, STOPPED_TASK_VISIBLE_MS);
    if (now - launch.at > limit) state.launches.delete(key);
  }
  return forgotten;
}
