import { statSync } from "node:fs";
import { resolve } from "node:path";
import { inspect } from "node:util";

/** A container instance of the endpoint: what an EC2 instance is to ECS. */
export interface ContainerInstanceOptions {
  /** CPU units; 1,024 are one core. Default 2048. Accounted for, not enforced. */
  readonly cpu?: number;
  /** MiB. Default 4096. Accounted for, not enforced. */
  readonly memory?: number;
  /** Default: the Region's zones a, b and c in turn. */
  readonly availabilityZone?: string;
  /** Attributes for placement, beside the `ecs.*` ones that every instance has. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** The ECS cluster that it belongs to, created if need be. Default `default`. */
  readonly cluster?: string;
  /** The capacity provider that brought it, which its cluster then has. Default none. */
  readonly capacityProvider?: string;
  /** Default: made up. */
  readonly ec2InstanceId?: string;
  /**
   * The Docker engine that runs its tasks, as containers. Without it tasks run as processes. Either all instances have one
   * or none has. Needs the package `dockerode`.
   */
  readonly docker?: DockerEngineOptions;
  /** Its address, as the container metadata file has it. Default: `advertiseHost`. */
  readonly privateIpv4Address?: string;
  /** Makes its ECS agent reachable at a place of its own, beside `agentEndpoint` of the running instance. */
  readonly agent?: AgentOptions;
}

/** The ECS agent of a container instance, for a relay that brings it to where it is on EC2. */
export interface AgentOptions {
  /**
   * A Unix socket to listen at. It serves the introspection (on EC2 at port 51678) and the metadata of the instance's tasks
   * (there at `http://169.254.170.2`).
   */
  readonly socketPath: string;
  /** The origin at which tasks of this instance find their metadata. Default: the endpoint itself. */
  readonly metadataOrigin?: string;
}

/** The Docker engine of a container instance. */
export interface DockerEngineOptions {
  /** The engine's Unix socket. */
  readonly socketPath: string;
  /**
   * The engine's network on which each task in network mode `awsvpc` gets an address of its own. Default `bridge`, which
   * every engine has: its addresses are reached from the engine's host and from other containers there.
   */
  readonly awsvpcNetwork?: string;
}

export interface LocalECSOptions {
  /** The container instances, or how many of the default size. Default 1. */
  readonly instances?: number | readonly ContainerInstanceOptions[];
  /** Default `us-east-1`. */
  readonly region?: string;
  /** Twelve digits. Default `000000000000`. */
  readonly accountId?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** The address to listen on. Default `127.0.0.1`. Whoever reaches it can run programs on this machine. */
  readonly host?: string;
  /**
   * The address under which tasks reach the endpoint, for their metadata. Default: `host`, or the loopback address where
   * that stands for all addresses.
   */
  readonly advertiseHost?: string;
  /** Where tasks run whose container definition has no `workingDirectory`. Default: the current directory. */
  readonly workingDirectory?: string;
  /** Images that cannot be pulled: tasks with one of these fail with `CannotPullContainerError`. */
  readonly missingImages?: readonly string[];
  /** Seconds between stop signal and SIGKILL where the container definition has no `stopTimeout`. Default 30, as on ECS. */
  readonly stopTimeout?: number;
  /**
   * How long a task waits for room of a capacity provider with instances, in ms, before it ends. Default 600,000; ECS, too,
   * waits for minutes.
   */
  readonly capacityWaitMs?: number;
  /** The most that `close()` waits, in ms, between stop signal and SIGKILL. Default 10,000. */
  readonly closeGraceMs?: number;
  /** How much of a container's output is kept for CloudWatch Logs. Default 1 MiB; older lines are dropped. */
  readonly logBytesPerContainer?: number;
  /** Containers get a metadata file, named by `ECS_CONTAINER_METADATA_FILE`. Default false, as with the agent. */
  readonly containerMetadataFiles?: boolean;
}

export interface ResolvedInstance {
  readonly cpu: number;
  readonly memory: number;
  readonly availabilityZone: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly cluster: string;
  readonly capacityProvider?: string;
  readonly ec2InstanceId?: string;
  readonly docker?: Required<DockerEngineOptions>;
  readonly privateIpv4Address: string;
  readonly agent?: AgentOptions;
}

export type ResolvedOptions = Required<Omit<LocalECSOptions, "instances">> & {
  readonly instances: readonly ResolvedInstance[];
};

const OPTION_NAMES: Readonly<Record<keyof LocalECSOptions, true>> = {
  instances: true,
  region: true,
  accountId: true,
  port: true,
  host: true,
  advertiseHost: true,
  workingDirectory: true,
  missingImages: true,
  stopTimeout: true,
  capacityWaitMs: true,
  closeGraceMs: true,
  logBytesPerContainer: true,
  containerMetadataFiles: true,
};
const INSTANCE_OPTION_NAMES: Readonly<Record<keyof ContainerInstanceOptions, true>> = {
  cpu: true,
  memory: true,
  availabilityZone: true,
  attributes: true,
  cluster: true,
  capacityProvider: true,
  ec2InstanceId: true,
  docker: true,
  privateIpv4Address: true,
  agent: true,
};
const DOCKER_OPTION_NAMES: Readonly<Record<keyof DockerEngineOptions, true>> = {
  socketPath: true,
  awsvpcNetwork: true,
};
const AGENT_OPTION_NAMES: Readonly<Record<keyof AgentOptions, true>> = {
  socketPath: true,
  metadataOrigin: true,
};
const HOST = /^[^\s/]+$/;
/** ECS keeps the other names for itself (API Reference, CreateCapacityProvider). */
const PROVIDER_NAME = /^(?!aws|ecs|fargate)[\w-]{1,255}$/i;
/** Service quota "Container instances per cluster". */
const MAX_INSTANCES = 5000;

/** Fills in the defaults. Throws a `TypeError` or `RangeError` that names the option and its value. */
export function resolveOptions(options: LocalECSOptions): ResolvedOptions {
  checkNames("startLocalECS", options, OPTION_NAMES);
  const region = checkText("region", options.region ?? "us-east-1", /^[a-z]{2}(-[a-z]+)+-\d$/, "us-east-1");
  const host = checkText("host", options.host ?? "127.0.0.1", HOST, "127.0.0.1");
  const workingDirectory = resolve(
    checkText("workingDirectory", options.workingDirectory ?? ".", /./, "/srv/tasks"),
  );
  if (statSync(workingDirectory, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new RangeError(`workingDirectory must be a directory that exists; "${workingDirectory}" is not`);
  const advertiseHost = checkText(
    "advertiseHost",
    options.advertiseHost ?? reachable(host),
    HOST,
    "10.0.0.1",
  );
  return {
    instances: resolveInstances(options.instances ?? 1, region, advertiseHost),
    region,
    accountId: checkText("accountId", options.accountId ?? "000000000000", /^\d{12}$/, "123456789012"),
    port: checkInteger("port", options.port ?? 0, 0, 65_535),
    host,
    advertiseHost,
    workingDirectory,
    missingImages: checkList("missingImages", options.missingImages ?? []).map((image, index) =>
      checkText(`missingImages[${index}]`, image, /./, "registry.example/worker:1"),
    ),
    stopTimeout: checkInteger("stopTimeout", options.stopTimeout ?? 30, 0, 86_400),
    capacityWaitMs: checkInteger("capacityWaitMs", options.capacityWaitMs ?? 600_000, 0, 86_400_000),
    closeGraceMs: checkInteger("closeGraceMs", options.closeGraceMs ?? 10_000, 0, 600_000),
    logBytesPerContainer: checkInteger(
      "logBytesPerContainer",
      options.logBytesPerContainer ?? 1_048_576,
      1024,
      2 ** 30,
    ),
    containerMetadataFiles: checkBoolean("containerMetadataFiles", options.containerMetadataFiles ?? false),
  };
}

function resolveInstances(
  instances: number | readonly ContainerInstanceOptions[],
  region: string,
  advertiseHost: string,
): ResolvedInstance[] {
  const list =
    typeof instances === "number"
      ? Array.from({ length: checkInteger("instances", instances, 0, MAX_INSTANCES) }, () => ({}))
      : checkList("instances", instances, "a number or a list");
  for (const [index, instance] of list.entries()) {
    checkNames(`instances[${index}]`, instance, INSTANCE_OPTION_NAMES);
  }
  const withoutEngine = list.findIndex(({ docker }: ContainerInstanceOptions) => docker === undefined);
  if (withoutEngine !== -1 && list.some(({ docker }: ContainerInstanceOptions) => docker !== undefined))
    throw new TypeError(
      `instances[${withoutEngine}] has no docker, and another one has: tasks run either all as containers or all as processes`,
    );
  return list.map((instance: ContainerInstanceOptions, index) => {
    const name = `instances[${index}]`;
    return {
      cpu: checkInteger(`${name}.cpu`, instance.cpu ?? 2048, 1, 1_000_000),
      memory: checkInteger(`${name}.memory`, instance.memory ?? 4096, 1, 100_000_000),
      availabilityZone: checkText(
        `${name}.availabilityZone`,
        instance.availabilityZone ?? `${region}${["a", "b", "c"][index % 3]}`,
        /./,
        `${region}a`,
      ),
      attributes: instance.attributes ?? {},
      cluster: checkText(`${name}.cluster`, instance.cluster ?? "default", /^[\w-]{1,255}$/, "default"),
      ...(instance.capacityProvider === undefined
        ? {}
        : {
            capacityProvider: checkText(
              `${name}.capacityProvider`,
              instance.capacityProvider,
              PROVIDER_NAME,
              "spot-group",
            ),
          }),
      ...(instance.ec2InstanceId === undefined
        ? {}
        : {
            ec2InstanceId: checkText(
              `${name}.ec2InstanceId`,
              instance.ec2InstanceId,
              /^i-[0-9a-f]{17}$/,
              "i-0123456789abcdef0",
            ),
          }),
      ...resolveDocker(`${name}.docker`, instance.docker),
      privateIpv4Address: checkText(
        `${name}.privateIpv4Address`,
        instance.privateIpv4Address ?? advertiseHost,
        HOST,
        "10.0.0.1",
      ),
      ...resolveAgent(`${name}.agent`, instance.agent),
    };
  });
}

function resolveDocker(
  name: string,
  docker: ContainerInstanceOptions["docker"],
): Pick<ResolvedInstance, "docker"> {
  if (docker === undefined) return {};
  if (typeof docker !== "object" || docker === null)
    throw new TypeError(`${name} must be like { socketPath: "/var/run/docker.sock" }; it is ${show(docker)}`);
  checkNames(name, docker, DOCKER_OPTION_NAMES);
  const { socketPath, awsvpcNetwork = "bridge" } = docker;
  return {
    docker: {
      socketPath: checkText(`${name}.socketPath`, socketPath, /^\//, "/var/run/docker.sock"),
      awsvpcNetwork: checkText(`${name}.awsvpcNetwork`, awsvpcNetwork, /^[\w][\w.-]*$/, "bridge"),
    },
  };
}

function resolveAgent(name: string, agent: AgentOptions | undefined): Pick<ResolvedInstance, "agent"> {
  if (agent === undefined) return {};
  checkNames(name, agent, AGENT_OPTION_NAMES);
  const { socketPath, metadataOrigin } = agent;
  const origin = /^https?:\/\/[^/]+$/;
  return {
    agent: {
      socketPath: checkText(`${name}.socketPath`, socketPath, /^\//, "/run/agent.sock"),
      ...(metadataOrigin === undefined
        ? {}
        : {
            metadataOrigin: checkText(
              `${name}.metadataOrigin`,
              metadataOrigin,
              origin,
              "http://169.254.170.2",
            ),
          }),
    },
  };
}

/** Tasks run on this machine: what stands for all of its addresses leads to the loopback one. */
function reachable(host: string): string {
  return host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
}

function checkNames(owner: string, options: unknown, known: Readonly<Record<string, true>>): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw new TypeError(`the options of ${owner} must be an object, not ${show(options)}`);
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined)
    throw new TypeError(
      `${owner}: there is no option "${unknown}"; the options are ${Object.keys(known).join(", ")}`,
    );
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : inspect(value, { depth: 0 });
}

function checkList<Item>(name: string, value: readonly Item[], wanted = "a list"): readonly Item[] {
  if (!Array.isArray(value)) throw new TypeError(`${name} must be ${wanted}; it is ${show(value)}`);
  return value;
}

function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new TypeError(`${name} must be true or false; it is ${show(value)}`);
  return value;
}

function checkInteger(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number; it is ${show(value)}`);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}; it is ${value}`);
  return value;
}

function checkText(name: string, value: unknown, pattern: RegExp, example: string): string {
  if (typeof value !== "string") throw new TypeError(`${name} must be a string; it is ${show(value)}`);
  if (!pattern.test(value)) throw new RangeError(`${name} must be like "${example}"; it is "${value}"`);
  return value;
}
