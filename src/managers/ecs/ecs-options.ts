import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type {
  CapacityProviderStrategyItem,
  ContainerOverride,
  ECSClient,
  LaunchType,
  NetworkConfiguration,
  PlacementConstraint,
  PlacementStrategy,
  RunTaskCommandInput,
  Tag,
} from "@aws-sdk/client-ecs";
import type { NetworkMode } from "../../protocol/worker-variables.js";
import type { PortRange } from "../../util/port-range.js";
import type { LaunchTimeouts, WorkerCount } from "../../cluster/cluster-manager.js";

/** Limits of a launch on ECS, in milliseconds. */
export interface ECSTimeouts extends LaunchTimeouts {
  /**
   * How long a launch asks again while ECS lacks capacity and fewer than `workers.min` tasks have been accepted:
   * instances may be starting, or tasks of others ending. 0 gives up at the first answer. Default 60,000.
   */
  readonly capacityMs: number;
  /** The same once `workers.min` tasks have been accepted: who can do with fewer need not wait. Default 10,000. */
  readonly extraCapacityMs: number;
}

/** What differs from the task definition. Sizes follow ECS: strings for the task, numbers for the container. */
export interface ECSOverrides {
  /** CPU units of the task as ECS takes them, e.g. `"1024"` or `"1 vCPU"`. */
  readonly cpu?: string;
  /** Memory of the task in MiB, e.g. `"2048"`, or `"2 GB"`. */
  readonly memory?: string;
  readonly taskRoleArn?: string;
  readonly executionRoleArn?: string;
  /** Fargate only; 21 to 200 GiB. */
  readonly ephemeralStorage?: { readonly sizeInGiB: number };
  /** For the worker's container. */
  readonly container?: ECSContainerOverrides;
  /** For the other containers of the task, by their names. */
  readonly otherContainers?: Readonly<Record<string, ECSOtherContainerOverrides>>;
}

export interface ECSContainerOverrides {
  /** Added to the environment of the task definition. Readable by whoever may call DescribeTasks: no secrets. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly environmentFiles?: ContainerOverride["environmentFiles"];
  /** CPU units. */
  readonly cpu?: number;
  /** MiB; the container is killed beyond it. */
  readonly memory?: number;
  /** MiB; a soft limit. */
  readonly memoryReservation?: number;
  readonly resourceRequirements?: ContainerOverride["resourceRequirements"];
}

export interface ECSOtherContainerOverrides extends ECSContainerOverrides {
  /** Replaces the image's CMD. */
  readonly command?: readonly string[];
}

/** Where the rendezvous listens; what is left out is found by itself. */
export interface ECSRendezvousOptions {
  /** The address that tasks dial. `ROLLCALL_ADVERTISE_HOST` in the environment is used if it is left out. */
  readonly host?: string;
  /** The local address to bind. Default: all of them, or loopback where the ECS endpoint is on loopback. */
  readonly bindHost?: string;
  /** The port to bind, or a range of which the first free one is taken. Default 0: any free one. */
  readonly port?: number | PortRange;
}

/** How workers are reached; what is left out follows from the task definition. */
export interface ECSNetworkOptions {
  /**
   * Default: the network mode of the task definition, with `reverse` for workers that then cannot be dialled. `reverse`:
   * workers open every connection themselves, and no port; only the manager's must be reachable. Any other value must be
   * that of the task definition.
   */
  readonly mode?: NetworkMode;
  /** Tried before all others; the same for all workers of this manager, so it must lead to each of them. */
  readonly advertiseHost?: string;
  /** The local address that workers bind. Default: the one from which they reached the manager. */
  readonly bindHost?: string;
  /**
   * The ports of which each worker takes a free one, for security groups that open no more; at least as many as workers
   * come to one instance. Not in network mode `bridge`, where ECS chooses. Default: any free one.
   */
  readonly ports?: PortRange;
  /**
   * In network mode `bridge`: the mapped port of the container that the worker listens on. Default: the only one, or the
   * only one whose `hostPort` is 0.
   */
  readonly containerPort?: number;
}

/** Options of `ECSManager`. Rules and limits are those of the Amazon ECS API reference, RunTask. */
export interface ECSManagerOptions {
  /** Name or ARN of the ECS cluster. Default `default`, as in ECS. */
  readonly ecsCluster?: string;
  /** `family`, `family:revision` or an ARN. */
  readonly taskDefinition: string;
  /**
   * How many workers a launch starts; with `min` and `max` it succeeds from `min` on. With `workersPerTask: "auto"` it counts
   * tasks.
   */
  readonly workers: number | WorkerCount;
  /**
   * How many workers each task runs, as processes of one container: a whole number from 1 to 1,024, or `"auto"` for one on
   * each core that the container may use. The last task of a launch has what remains. Not in network mode `bridge`, unless
   * `network.mode` is `reverse`. Workers of `auto` cannot be replaced (`replace` of `addProcs`). Default 1.
   */
  readonly workersPerTask?: number | "auto";
  /** The container that becomes a worker. Default: the only one, or the only essential one. */
  readonly containerName?: string;
  /** Default: what the AWS SDK finds (`AWS_REGION`, the shared configuration, ...). */
  readonly region?: string;
  /** URL of another ECS endpoint, e.g. one of `rollcall/local-ecs`. */
  readonly endpoint?: string;
  /** A ready client, instead of `region` and `endpoint`. It stays yours: Rollcall does not destroy it. */
  readonly client?: ECSClient;
  /** For the last output of a task that failed. Default: one with the region, credentials and endpoint of ECS. */
  readonly logsClient?: CloudWatchLogsClient;
  /** Mark of the tasks, at most 128 of `a-z A-Z 0-9 - _ /`. Default `rollcall/<launch id>`. */
  readonly startedBy?: string;
  /** Task group, for placement. Default of ECS: `family:<family>`. */
  readonly group?: string;
  readonly tags?: readonly Tag[] | Readonly<Record<string, string>>;
  /** Not together with `capacityProviderStrategy`. */
  readonly launchType?: LaunchType;
  readonly capacityProviderStrategy?: readonly CapacityProviderStrategyItem[];
  readonly placementConstraints?: readonly PlacementConstraint[];
  readonly placementStrategy?: readonly PlacementStrategy[];
  /** Needed for network mode `awsvpc`, refused by ECS for the others. */
  readonly networkConfiguration?: NetworkConfiguration;
  readonly platformVersion?: string;
  readonly propagateTags?: "TASK_DEFINITION" | "NONE";
  readonly enableExecuteCommand?: boolean;
  readonly enableECSManagedTags?: boolean;
  /** Sizes and rights of EBS volumes that the task definition marks as configured at launch. */
  readonly volumeConfigurations?: RunTaskCommandInput["volumeConfigurations"];
  /**
   * Members of RunTask that are no option here: what ECS has learnt since. They are sent as they are, also those that the
   * installed `@aws-sdk/client-ecs` does not know, so they must be what the JSON of the request holds: a time is a number
   * of seconds. ECS may ignore a name that it does not know. What ECSManager sets itself, or has an option for, is
   * refused with a `TypeError`. With a client that does not write JSON the launch fails before it starts a task, with a
   * `ClusterManagerError` that names the members. Members that the SDK does not know within `placementConstraints`,
   * `placementStrategy`, `volumeConfigurations`, `environmentFiles` and `resourceRequirements` are sent too;
   * `overrides` itself and the other options refuse what they do not know.
   */
  readonly runTask?: Readonly<Record<string, unknown>>;
  readonly overrides?: ECSOverrides;
  /**
   * What the container runs: it replaces the image's CMD, not its ENTRYPOINT. `"image"` leaves the image's own.
   * Default `node node_modules/rollcall/dist/worker/main.js`, relative to the image's working directory.
   */
  readonly command?: readonly string[] | "image";
  readonly rendezvous?: ECSRendezvousOptions;
  readonly network?: ECSNetworkOptions;
  /**
   * Whether workers look every 5 s for the notice that EC2 takes their Spot instance back, by asking the instance metadata
   * service, and then leave in good order. Default: those on EC2 do, as long as that service answers and calls the
   * instance Spot.
   */
  readonly watchSpot?: boolean;
  /**
   * Whether to ask ECS every 10 s (ten times `pollMs`) for the state of the container instances that workers are on: those on one that is
   * DRAINING finish their calls and leave. Needs the right `ecs:DescribeContainerInstances`. Default false.
   */
  readonly watchDraining?: boolean;
  readonly timeouts?: Partial<ECSTimeouts>;
  /**
   * How often running launches and removals look at their tasks, in milliseconds: a quarter of it at first, up to six
   * times as long while nothing changes. `watchDraining` looks at a tenth of that rate. Default 1,000.
   */
  readonly pollMs?: number;
}
