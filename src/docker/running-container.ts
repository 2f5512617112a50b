import type { Container, ContainerInspectInfo } from "dockerode";
import { attachOutput, type ContainerOutput, type OutputListener } from "./container-output.js";
import { removeContainer } from "./container-owner.js";
import { engineMessage, type Docker } from "./docker-engine.js";

/** How a container ended; a signal shows as 128 plus its number. */
export type ContainerEnd =
  | { readonly kind: "ended"; readonly exitCode: number; readonly isOutOfMemory: boolean }
  /** Nobody knows what became of it. */
  | { readonly kind: "engine gone"; readonly message: string };

/** One container of a Docker engine, from its start to its removal. */
export class RunningContainer {
  private constructor(
    private readonly container: Container,
    /** As it was right after its start. */
    readonly info: ContainerInspectInfo,
    /** Resolves when the container has ended and is removed, and its output has been read to the end. Never rejects. */
    readonly ended: Promise<ContainerEnd>,
  ) {}

  /** Starts a container that was created. Nothing is left of it if this rejects. */
  static async start(
    engine: Docker,
    container: Container,
    onLine: OutputListener,
    maxLineLength?: number,
  ): Promise<RunningContainer> {
    try {
      const output = await attachOutput(engine, container, onLine, maxLineLength);
      await container.start();
      // Before it can be removed, however short its life is.
      const info = await container.inspect();
      return new RunningContainer(container, info, untilRemoved(engine, container, output));
    } catch (error) {
      await removeContainer(engine, container.id).catch(() => undefined);
      throw error;
    }
  }

  get id(): string {
    return this.container.id;
  }

  /** Fails only where the container, or its engine, has ended, of which `ended` tells. */
  signal(name: string): void {
    this.container.kill({ signal: name }).catch(() => undefined);
  }
}

async function untilRemoved(
  engine: Docker,
  container: Container,
  output: ContainerOutput,
): Promise<ContainerEnd> {
  try {
    await untilEnded(container, output);
    await output.finish();
    const { State } = await container.inspect();
    await removeContainer(engine, container.id);
    return { kind: "ended", exitCode: State.ExitCode, isOutOfMemory: State.OOMKilled };
  } catch (error) {
    await output.finish();
    return { kind: "engine gone", message: engineMessage(error) };
  }
}

/** Rejects if the engine goes away: the library's own wait would then never settle, but the output ends. */
async function untilEnded(container: Container, output: ContainerOutput): Promise<void> {
  const waited = container.wait() as Promise<unknown>;
  waited.catch(() => undefined);
  await Promise.race([waited, output.ended]);
  await container.inspect();
  await waited;
}
