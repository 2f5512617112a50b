/**
 * Runs the containers of tasks as containers of a Docker engine, which stands for the one of a container instance: images,
 * limits and networks are real. The engine's own containers beside these are left alone.
 */
import type { ContainerCreateOptions, ContainerInspectInfo } from "dockerode";
import { DockerContainer } from "./docker-container.js";
import { connectToEngine, engineMessage, isNotFound, type Docker } from "./docker-engine.js";
import { containerLabels, removeOrphans } from "./docker-owner.js";
import { ContainerStartError, type ContainerSpec, type Launcher, type OutputListener } from "./launcher.js";
import type { NetworkBinding, TaskDefinition } from "./state.js";

/** The least that the engine takes; what the ECS agent uses for a container without CPU units. */
const MIN_CPU_SHARES = 2;
const MIB = 1_048_576;

export interface DockerLauncherOptions {
  /** Path of the engine's Unix socket. */
  readonly socketPath: string;
  /** Images for which the pull fails, whether the engine has them or not. */
  readonly missingImages: ReadonlySet<string>;
}

export class DockerLauncher implements Launcher {
  readonly #running = new Set<DockerContainer>();

  private constructor(
    private readonly engine: Docker,
    private readonly missingImages: ReadonlySet<string>,
  ) {}

  /** Connects to the engine, and removes from it what endpoints left there whose process is gone. */
  static async open({ socketPath, missingImages }: DockerLauncherOptions): Promise<DockerLauncher> {
    const engine = await connectToEngine(socketPath);
    await removeOrphans(engine);
    return new DockerLauncher(engine, missingImages);
  }

  whyUnsupported({ networkMode }: TaskDefinition): string | undefined {
    return networkMode === "awsvpc"
      ? "This local endpoint has no network interfaces to give: use networkMode host or bridge instead of awsvpc."
      : undefined;
  }

  async pull(image: string, signal: AbortSignal): Promise<void> {
    if (this.missingImages.has(image)) {
      throw cannotPull(
        `pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: not found`,
      );
    }
    try {
      if (!(await this.#has(image))) await this.#pull(image, signal);
    } catch (error) {
      throw cannotPull(engineMessage(error), error);
    }
  }

  async start(spec: ContainerSpec, onLine: OutputListener): Promise<DockerContainer> {
    const created = await this.engine.createContainer(createOptions(spec)).catch((error: unknown) => {
      throw new ContainerStartError(`CannotCreateContainerError: ${engineMessage(error)}`, { cause: error });
    });
    const launched = await DockerContainer.start(this.engine, created, onLine, (started) =>
      spec.networkMode === "host" ? hostBindings(spec) : mappedBindings(started),
    );
    this.#running.add(launched);
    void launched.exited.then(() => this.#running.delete(launched));
    return launched;
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (launched) => {
        launched.stop(0);
        await launched.exited;
      }),
    );
  }

  async #has(image: string): Promise<boolean> {
    try {
      await this.engine.getImage(image).inspect();
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #pull(image: string, signal: AbortSignal): Promise<void> {
    // Without a tag the engine would take all of them.
    const isComplete = /(:[^/]*|@[^/]*)$/.test(image);
    const progress = await this.engine.pull(isComplete ? image : `${image}:latest`, { abortSignal: signal });
    await new Promise<void>((resolve, reject) => {
      this.engine.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)));
    });
  }
}

function cannotPull(text: string, cause?: unknown): ContainerStartError {
  return new ContainerStartError(`CannotPullContainerError: ${text}`, { cause });
}

function createOptions(spec: ContainerSpec): ContainerCreateOptions {
  const { cpu, memory, memoryReservation } = spec.limits;
  return {
    name: `ecs-${spec.taskId}-${spec.name}`,
    Image: spec.image,
    // What is left out is the image's.
    ...(spec.entryPoint.length === 0 ? {} : { Entrypoint: [...spec.entryPoint] }),
    ...(spec.command.length === 0 ? {} : { Cmd: [...spec.command] }),
    ...(spec.workingDirectory === undefined ? {} : { WorkingDir: spec.workingDirectory }),
    Env: Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
    Labels: containerLabels(spec.taskId),
    ExposedPorts: Object.fromEntries(spec.portMappings.map((mapping) => [portKey(mapping), {}])),
    HostConfig: {
      NetworkMode: spec.networkMode,
      CpuShares: Math.max(cpu, MIN_CPU_SHARES),
      ...(memory === undefined ? {} : { Memory: memory * MIB }),
      ...(memoryReservation === undefined ? {} : { MemoryReservation: memoryReservation * MIB }),
      // The output is taken from the engine as it comes; kept there, it could fill the disk.
      LogConfig: { Type: "none", Config: {} },
      ...(spec.networkMode === "bridge" ? { PortBindings: portBindings(spec) } : {}),
    },
  };
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

/** The network is the instance's, so a declared port is reachable under its own number. */
function hostBindings({ portMappings }: ContainerSpec): NetworkBinding[] {
  return portMappings.map((mapping) => ({ ...mapping, bindIP: "0.0.0.0" }));
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
