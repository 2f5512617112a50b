/** One container of a task, on a Docker engine. */
import type { Container, ContainerInspectInfo } from "dockerode";
import { engineMessage, type Docker } from "../docker/docker-engine.js";
import { RunningContainer, type ContainerEnd } from "../docker/running-container.js";
import {
  ContainerStartError,
  MAX_LINE_LENGTH,
  type ContainerExit,
  type LaunchedContainer,
  type OutputListener,
} from "./launcher.js";
import type { ContainerNetwork, NetworkBinding } from "./state.js";

const DEFAULT_STOP_SIGNAL = "SIGTERM";

export class DockerContainer implements LaunchedContainer {
  readonly exited: Promise<ContainerExit>;
  readonly network?: ContainerNetwork;
  readonly #stopSignal: string;
  #killTimer: NodeJS.Timeout | undefined;
  #hasExited = false;

  private constructor(
    private readonly container: RunningContainer,
    readonly networkBindings: readonly NetworkBinding[],
  ) {
    this.#stopSignal = stopSignalOf(container.info) ?? DEFAULT_STOP_SIGNAL;
    const network = networkOf(container.info);
    if (network !== undefined) this.network = network;
    this.exited = container.ended.then((end) => {
      this.#hasExited = true;
      clearTimeout(this.#killTimer);
      return exitOf(end);
    });
  }

  /**
   * Starts a container that was created. It is removed when it has ended, or if it cannot be started: then this rejects
   * with a `ContainerStartError`.
   */
  static async start(
    engine: Docker,
    created: Container,
    onLine: OutputListener,
    bindingsOf: (started: ContainerInspectInfo) => readonly NetworkBinding[],
  ): Promise<DockerContainer> {
    try {
      const container = await RunningContainer.start(engine, created, onLine, MAX_LINE_LENGTH);
      return new DockerContainer(container, bindingsOf(container.info));
    } catch (error) {
      throw new ContainerStartError(`CannotStartContainerError: ${engineMessage(error)}`, { cause: error });
    }
  }

  get runtimeId(): string {
    return this.container.id;
  }

  stop(timeoutMs: number): void {
    if (this.#hasExited) return;
    clearTimeout(this.#killTimer);
    if (timeoutMs > 0) this.container.signal(this.#stopSignal);
    this.#killTimer = setTimeout(() => this.container.signal("SIGKILL"), timeoutMs);
  }
}

/** It is on one network at the most; with the network of the instance or of another container there is no address. */
function networkOf({ NetworkSettings }: ContainerInspectInfo): ContainerNetwork | undefined {
  const [network] = Object.values(NetworkSettings.Networks);
  if (network === undefined || network.IPAddress === "") return undefined;
  return {
    address: network.IPAddress,
    prefixLength: network.IPPrefixLen,
    gateway: network.Gateway,
    macAddress: network.MacAddress,
  };
}

/** Only there if the image names one, and missing in the library's types. */
function stopSignalOf({ Config }: ContainerInspectInfo): string | undefined {
  return (Config as { readonly StopSignal?: string }).StopSignal;
}

function exitOf(end: ContainerEnd): ContainerExit {
  if (end.kind === "engine gone")
    return { reason: `DockerStateError: the container's engine is gone: ${end.message}` };
  const { exitCode, isOutOfMemory } = end;
  return isOutOfMemory
    ? { exitCode, reason: "OutOfMemoryError: Container killed due to memory usage" }
    : { exitCode };
}
