import type { ContainerNetwork, NetworkBinding, NetworkMode, PortMapping, TaskDefinition } from "./state.js";

/** What a launcher needs to know of one container. */
export interface ContainerSpec {
  readonly taskId: string;
  readonly name: string;
  readonly image: string;
  /** May be empty: then the image's own counts, where there are images. */
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  /** Definition, override and what ECS adds, taken together. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  /** Folder with the container's metadata file, which it shall find through `ECS_CONTAINER_METADATA_FILE`. */
  readonly metadataFolder?: string;
  readonly networkMode: NetworkMode;
  /** Runtime id of the container of the same task whose network it shares: mode `awsvpc`, all but the first to start. */
  readonly sharesNetworkOf?: string;
  readonly portMappings: readonly PortMapping[];
  readonly limits: {
    /** CPU units; 1,024 are one core. */
    readonly cpu: number;
    /** MiB. `memory` is the hard limit. */
    readonly memory?: number;
    readonly memoryReservation?: number;
  };
}

/** How a container ended: a signal shows as 128 plus its number. */
export interface ContainerExit {
  /** Missing if what ran the container is gone, so that nobody knows. */
  readonly exitCode?: number;
  /** Only where the platform has more to say, e.g. `OutOfMemoryError: ...`. */
  readonly reason?: string;
}

export interface LaunchedContainer {
  readonly runtimeId: string;
  readonly networkBindings: readonly NetworkBinding[];
  /** Where it has an address beside the instance's. */
  readonly network?: ContainerNetwork;
  /** Resolves when all that the container started is gone and its output was handed over. Never rejects. */
  readonly exited: Promise<ContainerExit>;
  /**
   * Sends the stop signal, and SIGKILL to what is still there after `timeoutMs`. Returns at once; `exited` tells the end.
   * A second call can only shorten the wait.
   */
  stop(timeoutMs: number): void;
}

export type OutputListener = (stream: "stdout" | "stderr", line: string) => void;

/** Longer lines are cut: Docker hands them to its log drivers in parts of 16 KiB. */
export const MAX_LINE_LENGTH = 16_384;

/**
 * Runs containers, or what stands for them. The task runner is the only caller: for each container `pull`, then `start`,
 * then perhaps `stop`. The launcher owns what it started until `exited` resolves.
 */
export interface Launcher {
  /** Why tasks of this definition cannot run here; undefined if they can. */
  whyUnsupported(definition: TaskDefinition): string | undefined;
  /** Makes the image available. Rejects with a `ContainerStartError` whose reason begins with `CannotPull`. */
  pull(image: string, signal: AbortSignal): Promise<void>;
  /** Starts the container. Rejects with a `ContainerStartError` if its program never ran. */
  start(spec: ContainerSpec, onLine: OutputListener): Promise<LaunchedContainer>;
  /** Kills what is left, waits until it is gone, and releases what the launcher holds. */
  close(): Promise<void>;
}

/** The container's program never ran; `message` is the container's `reason` as ECS shows it: `<Name>: <text>`. */
export class ContainerStartError extends Error {
  static {
    Object.defineProperty(ContainerStartError.prototype, "name", { value: "ContainerStartError" });
  }
}

/** What the agent says of an image that it cannot get. Without a reason: the registry does not have it. */
export function cannotPull(image: string, reason?: string): ContainerStartError {
  const text =
    reason ?? `pull image manifest has been retried 1 time(s): failed to resolve ref ${image}: not found`;
  return new ContainerStartError(`CannotPullContainerError: ${text}`);
}
