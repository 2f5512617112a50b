/**
 * Runs the containers of tasks as containers of a Docker engine, which stands for the one of a container instance: images,
 * limits and networks are real. The engine's own containers beside these are left alone.
 */
import type { ContainerCreateOptions, ContainerInspectInfo } from "dockerode";
import { basename } from "node:path";
import { ownerName, removeOrphans } from "../docker/container-owner.js";
import { connectToEngine, engineMessage, isNotFound, type Docker } from "../docker/docker-engine.js";
import { hasImage, pullImage } from "../docker/image.js";
import { DockerContainer } from "./docker-container.js";
import {
  cannotPull,
  ContainerStartError,
  type ContainerSpec,
  type Launcher,
  type OutputListener,
} from "./launcher.js";
import { metadataFileVariable } from "./metadata-file.js";
import { startOrder } from "./start-order.js";
import type { NetworkBinding, TaskDefinition } from "./state.js";

/** The least that the engine takes; what the ECS agent uses for a container without CPU units. */
const MIN_CPU_SHARES = 2;
const MIB = 1_048_576;
const OWNER_LABEL = "rollcall.local-ecs.owner";
const TASK_LABEL = "rollcall.local-ecs.task";

export interface DockerLauncherOptions {
  /** Path of the engine's Unix socket. */
  readonly socketPath: string;
  /** The engine's network on which tasks in network mode `awsvpc` get addresses of their own. */
  readonly awsvpcNetwork: string;
  /** Images for which the pull fails, whether the engine has them or not. */
  readonly missingImages: ReadonlySet<string>;
}

export class DockerLauncher implements Launcher {
  readonly #running = new Set<DockerContainer>();

  private constructor(
    private readonly engine: Docker,
    private readonly options: DockerLauncherOptions,
  ) {}

  /** Connects to the engine, and removes from it what endpoints left there whose process is gone. */
  static async open(options: DockerLauncherOptions): Promise<DockerLauncher> {
    const engine = await connectToEngine(options.socketPath, "a container instance with an engine");
    await checkNetwork(engine, options);
    await removeOrphans(engine, OWNER_LABEL);
    return new DockerLauncher(engine, options);
  }

  /** There is no pause container: the network of a task in mode `awsvpc` is that of its first container, and ends with it. */
  whyUnsupported({ networkMode, containers }: TaskDefinition): string | undefined {
    const [first] = startOrder(containers);
    return networkMode === "awsvpc" && first?.essential === false
      ? `This local endpoint gives a task its network with its first container: make "${first.name}" essential, or let it start later.`
      : undefined;
  }

  async pull(image: string, signal: AbortSignal): Promise<void> {
    if (this.options.missingImages.has(image)) throw cannotPull(image);
    try {
      if (!(await hasImage(this.engine, image))) await pullImage(this.engine, image, signal);
    } catch (error) {
      throw cannotPull(image, engineMessage(error));
    }
  }

  async start(spec: ContainerSpec, onLine: OutputListener): Promise<DockerContainer> {
    const created = await this.engine
      .createContainer(createOptions(spec, this.#networkOf(spec)))
      .catch((error: unknown) => {
        throw new ContainerStartError(`CannotCreateContainerError: ${engineMessage(error)}`, {
          cause: error,
        });
      });
    const launched = await DockerContainer.start(this.engine, created, onLine, (started) =>
      bindingsOf(spec, started),
    );
    this.#running.add(launched);
    void launched.exited.then(() => this.#running.delete(launched));
    return launched;
  }

  #networkOf({ networkMode, sharesNetworkOf }: ContainerSpec): string {
    if (networkMode !== "awsvpc") return networkMode;
    return sharesNetworkOf === undefined ? this.options.awsvpcNetwork : `container:${sharesNetworkOf}`;
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (launched) => {
        launched.stop(0);
        await launched.exited;
      }),
    );
  }
}

async function checkNetwork(
  engine: Docker,
  { socketPath, awsvpcNetwork }: DockerLauncherOptions,
): Promise<void> {
  try {
    await engine.getNetwork(awsvpcNetwork).inspect();
  } catch (error) {
    const advice = isNotFound(error) ? `: create it, or name one that "docker network ls" shows` : "";
    throw new Error(
      `the Docker engine at ${socketPath} gives no network "${awsvpcNetwork}": ${engineMessage(error)}${advice}`,
      { cause: error },
    );
  }
}

function createOptions(spec: ContainerSpec, network: string): ContainerCreateOptions {
  const { cpu, memory, memoryReservation } = spec.limits;
  // Where the agent has it.
  const mounted =
    spec.metadataFolder === undefined ? undefined : `/opt/ecs/metadata/${basename(spec.metadataFolder)}`;
  return {
    name: `ecs-${spec.taskId}-${spec.name}`,
    Image: spec.image,
    // What is left out is the image's.
    ...(spec.entryPoint.length === 0 ? {} : { Entrypoint: [...spec.entryPoint] }),
    ...(spec.command.length === 0 ? {} : { Cmd: [...spec.command] }),
    ...(spec.workingDirectory === undefined ? {} : { WorkingDir: spec.workingDirectory }),
    Env: Object.entries({ ...spec.environment, ...metadataFileVariable(mounted) }).map(
      ([name, value]) => `${name}=${value}`,
    ),
    Labels: { [OWNER_LABEL]: ownerName(), [TASK_LABEL]: spec.taskId },
    // One that shares a network cannot expose anything of it.
    ...(spec.sharesNetworkOf === undefined ? { ExposedPorts: exposedPorts(spec) } : {}),
    HostConfig: {
      NetworkMode: network,
      CpuShares: Math.max(cpu, MIN_CPU_SHARES),
      ...(memory === undefined ? {} : { Memory: memory * MIB }),
      ...(memoryReservation === undefined ? {} : { MemoryReservation: memoryReservation * MIB }),
      // The output is taken from the engine as it comes; kept there, it could fill the disk.
      LogConfig: { Type: "none", Config: {} },
      ...(spec.metadataFolder === undefined ? {} : { Binds: [`${spec.metadataFolder}:${mounted}:ro`] }),
      ...(spec.networkMode === "bridge" ? { PortBindings: portBindings(spec) } : {}),
    },
  };
}

function exposedPorts({ portMappings }: ContainerSpec): Record<string, object> {
  return Object.fromEntries(portMappings.map((mapping) => [portKey(mapping), {}]));
}

function portKey({ containerPort, protocol }: { containerPort: number; protocol: string }): string {
  return `${containerPort}/${protocol}`;
}

function portBindings({ portMappings }: ContainerSpec): Record<string, { HostPort: string }[]> {
  const bindings: Record<string, { HostPort: string }[]> = {};
  for (const mapping of portMappings) {
    // An empty port lets the engine choose.
    (bindings[portKey(mapping)] ??= []).push({
      HostPort: mapping.hostPort === 0 ? "" : `${mapping.hostPort}`,
    });
  }
  return bindings;
}

function bindingsOf(spec: ContainerSpec, started: ContainerInspectInfo): NetworkBinding[] {
  switch (spec.networkMode) {
    case "host":
      // The network is the instance's, so a declared port is reachable under its own number.
      return spec.portMappings.map((mapping) => ({ ...mapping, bindIP: "0.0.0.0" }));
    case "bridge":
      return mappedBindings(started);
    case "awsvpc":
    case "none":
      return [];
  }
}

function mappedBindings({ NetworkSettings }: ContainerInspectInfo): NetworkBinding[] {
  return Object.entries(NetworkSettings.Ports ?? {}).flatMap(([key, hosts]) => {
    const [containerPort, protocol] = key.split("/");
    return (hosts ?? []).map(({ HostIp, HostPort }) => ({
      bindIP: HostIp,
      containerPort: Number(containerPort),
      hostPort: Number(HostPort),
      protocol: protocol === "udp" ? ("udp" as const) : ("tcp" as const),
    }));
  });
}
