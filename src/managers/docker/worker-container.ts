import type { ContainerCreateOptions } from "dockerode";
import type { OutputListener } from "../../docker/container-output.js";
import type { Docker } from "../../docker/docker-engine.js";
import { RunningContainer, type ContainerEnd } from "../../docker/running-container.js";
import type { ExitReason } from "../../errors.js";

/** The last lines of a worker's output that an error shows. */
const MAX_TAIL = 20;

/** One worker's container, from its creation to its removal. */
export class WorkerContainer {
  readonly #container: RunningContainer;
  /** Resolves when the container has ended and is removed, and its output has been read to the end. */
  readonly ended: Promise<ExitReason>;

  private constructor(container: RunningContainer, tail: readonly string[]) {
    this.#container = container;
    this.ended = container.ended.then((end) => reasonOf(end, tail));
  }

  /** Creates and starts it. Nothing is left if this rejects. */
  static async start(
    engine: Docker,
    options: ContainerCreateOptions,
    onLine: OutputListener,
  ): Promise<WorkerContainer> {
    const tail: string[] = [];
    const created = await engine.createContainer(options);
    const container = await RunningContainer.start(engine, created, (stream, line) => {
      tail.push(line);
      if (tail.length > MAX_TAIL) tail.shift();
      onLine(stream, line);
    });
    return new WorkerContainer(container, tail);
  }

  get id(): string {
    return this.#container.id;
  }

  signal(name: "SIGTERM" | "SIGKILL"): void {
    this.#container.signal(name);
  }
}

/** What Docker adds to the number of the signal that ended a container. */
const SIGNAL_BASE = 128;
const SIGNALS: Readonly<Record<number, string>> = { 9: "SIGKILL", 15: "SIGTERM" };

function reasonOf(end: ContainerEnd, tail: readonly string[]): ExitReason {
  const output = [...tail];
  if (end.kind === "engine gone") {
    return { kind: "stopped", message: `its Docker engine is gone: ${end.message}`, output };
  }
  const { exitCode, isOutOfMemory } = end;
  if (isOutOfMemory) {
    const message = "its container used more memory than it may; raise memoryMiB of DockerManager";
    return { kind: "stopped", message, exitCode, output };
  }
  const signal = SIGNALS[exitCode - SIGNAL_BASE];
  return signal === undefined
    ? { kind: "exited", message: `its container exited with code ${exitCode}`, exitCode, output }
    : { kind: "signalled", message: `its container was ended by ${signal}`, signal, exitCode, output };
}
