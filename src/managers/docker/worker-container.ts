import type { Container, ContainerCreateOptions } from "dockerode";
import { attachOutput, type ContainerOutput } from "../../docker/container-output.js";
import { removeContainer } from "../../docker/container-owner.js";
import { engineMessage, type Docker } from "../../docker/docker-engine.js";
import type { ExitReason } from "../../errors.js";

/** The last lines of a worker's output that an error shows. */
const MAX_TAIL = 20;

/** One worker's container, from its start to its removal. */
export class WorkerContainer {
  readonly #container: Container;
  /** Resolves when the container has ended and is removed, and its output has been read to the end. */
  readonly ended: Promise<ExitReason>;

  private constructor(container: Container, ended: Promise<ExitReason>) {
    this.#container = container;
    this.ended = ended;
  }

  /** Creates and starts it. Nothing is left if this rejects. */
  static async start(
    engine: Docker,
    options: ContainerCreateOptions,
    onLine: (stream: "stdout" | "stderr", line: string) => void,
  ): Promise<WorkerContainer> {
    const container = await engine.createContainer(options);
    try {
      const tail: string[] = [];
      const output = await attachOutput(engine, container, (stream, line) => {
        tail.push(line);
        if (tail.length > MAX_TAIL) tail.shift();
        onLine(stream, line);
      });
      await container.start();
      return new WorkerContainer(container, untilEnded(engine, container, output, tail));
    } catch (error) {
      await removeContainer(engine, container.id).catch(() => undefined);
      throw error;
    }
  }

  get id(): string {
    return this.#container.id;
  }

  /** Fails only where the container, or its engine, has ended, of which `ended` tells. */
  signal(name: "SIGTERM" | "SIGKILL"): void {
    this.#container.kill({ signal: name }).catch(() => undefined);
  }
}

async function untilEnded(
  engine: Docker,
  container: Container,
  output: ContainerOutput,
  tail: readonly string[],
): Promise<ExitReason> {
  try {
    const waited = container.wait() as Promise<unknown>;
    waited.catch(() => undefined);
    // If the engine goes away the library's own wait never settles, but the output ends.
    await Promise.race([waited, output.ended]);
    await container.inspect();
    await waited;
    await output.finish();
    const { State } = await container.inspect();
    await removeContainer(engine, container.id);
    return reasonOf(State, tail);
  } catch (error) {
    await output.finish();
    return {
      kind: "stopped",
      message: `its Docker engine is gone: ${engineMessage(error)}`,
      output: [...tail],
    };
  }
}

/** What Docker adds to the number of the signal that ended a container. */
const SIGNAL_BASE = 128;
const SIGNALS: Readonly<Record<number, string>> = { 9: "SIGKILL", 15: "SIGTERM" };

function reasonOf(
  { ExitCode, OOMKilled }: { readonly ExitCode: number; readonly OOMKilled: boolean },
  tail: readonly string[],
): ExitReason {
  const output = [...tail];
  if (OOMKilled) {
    const message = "its container used more memory than it may; raise memoryMiB of DockerManager";
    return { kind: "stopped", message, exitCode: ExitCode, output };
  }
  const signal = SIGNALS[ExitCode - SIGNAL_BASE];
  if (signal !== undefined) {
    return {
      kind: "signalled",
      message: `its container was ended by ${signal}`,
      signal,
      exitCode: ExitCode,
      output,
    };
  }
  return {
    kind: "exited",
    message: `its container exited with code ${ExitCode}`,
    exitCode: ExitCode,
    output,
  };
}
