/** One container of a Docker engine, from its start to its removal. */
import { Writable, type Readable } from "node:stream";
import type { Container, ContainerInspectInfo } from "dockerode";
import { engineMessage, type Docker } from "./docker-engine.js";
import { removeContainer } from "./docker-owner.js";
import {
  ContainerStartError,
  type ContainerExit,
  type LaunchedContainer,
  type OutputListener,
} from "./launcher.js";
import { LineSplitter } from "./line-splitter.js";
import type { ContainerNetwork, NetworkBinding } from "./state.js";

/** The engine hands over the last output right after the end; it is not waited for longer than this. */
const LATE_OUTPUT_MS = 2_000;
const DEFAULT_STOP_SIGNAL = "SIGTERM";

export class DockerContainer implements LaunchedContainer {
  readonly exited: Promise<ContainerExit>;
  readonly network?: ContainerNetwork;
  readonly #stopSignal: string;
  #killTimer: NodeJS.Timeout | undefined;
  #hasExited = false;

  private constructor(
    private readonly container: Container,
    exited: Promise<ContainerExit>,
    stopSignal: string | undefined,
    readonly networkBindings: readonly NetworkBinding[],
    network: ContainerNetwork | undefined,
  ) {
    this.#stopSignal = stopSignal ?? DEFAULT_STOP_SIGNAL;
    if (network !== undefined) this.network = network;
    this.exited = exited.finally(() => {
      this.#hasExited = true;
      clearTimeout(this.#killTimer);
    });
  }

  /**
   * Starts a container that was created. It is removed when it has ended, or if it cannot be started: then this rejects
   * with a `ContainerStartError`.
   */
  static async start(
    engine: Docker,
    container: Container,
    onLine: OutputListener,
    bindingsOf: (started: ContainerInspectInfo) => readonly NetworkBinding[],
  ): Promise<DockerContainer> {
    try {
      const output = await attach(engine, container, onLine);
      await container.start();
      const exited = finish(engine, container, output);
      const started = await container.inspect();
      return new DockerContainer(
        container,
        exited,
        stopSignalOf(started),
        bindingsOf(started),
        networkOf(started),
      );
    } catch (error) {
      await removeContainer(engine, container.id).catch(() => undefined);
      throw new ContainerStartError(`CannotStartContainerError: ${engineMessage(error)}`, { cause: error });
    }
  }

  get runtimeId(): string {
    return this.container.id;
  }

  stop(timeoutMs: number): void {
    if (this.#hasExited) return;
    clearTimeout(this.#killTimer);
    if (timeoutMs > 0) this.#signal(this.#stopSignal);
    this.#killTimer = setTimeout(() => this.#signal("SIGKILL"), timeoutMs);
  }

  #signal(signal: string): void {
    // It fails only where the container, or its engine, has ended: `exited` tells of either.
    this.container.kill({ signal }).catch(() => undefined);
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

interface Output {
  /** The container has ended, or closed its output, or its engine is gone. */
  readonly ended: Promise<void>;
  /** Resolves when all output has been handed over, or the container's end is past for long enough. */
  finish(): Promise<void>;
}

/** Before the start, so that the first line is not missed. */
async function attach(engine: Docker, container: Container, onLine: OutputListener): Promise<Output> {
  // Without an input the library hands over the answer itself, whatever its types say.
  const stream = (await container.attach({
    stream: true,
    stdout: true,
    stderr: true,
  })) as unknown as Readable;
  const stdout = new LineSplitter((line) => onLine("stdout", line));
  const stderr = new LineSplitter((line) => onLine("stderr", line));
  engine.modem.demuxStream(stream, lineSink(stdout), lineSink(stderr));
  const ended = new Promise<void>((resolve) => {
    stream.once("end", resolve);
    stream.once("close", resolve);
    stream.once("error", () => resolve());
  });
  return {
    ended,
    finish: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LATE_OUTPUT_MS)));
      await Promise.race([ended, late]);
      clearTimeout(timer);
      stream.destroy();
      stdout.end();
      stderr.end();
    },
  };
}

function lineSink(splitter: LineSplitter): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      splitter.push(chunk);
      done();
    },
  });
}

/** Rejects if the engine goes away: the library's own wait would then never settle, but the output ends. */
async function untilEnded(container: Container, output: Output): Promise<void> {
  const ended = container.wait() as Promise<unknown>;
  ended.catch(() => undefined);
  await Promise.race([ended, output.ended]);
  await container.inspect();
  await ended;
}

async function finish(engine: Docker, container: Container, output: Output): Promise<ContainerExit> {
  try {
    await untilEnded(container, output);
    await output.finish();
    const { State } = await container.inspect();
    await removeContainer(engine, container.id);
    return {
      exitCode: State.ExitCode,
      ...(State.OOMKilled ? { reason: "OutOfMemoryError: Container killed due to memory usage" } : {}),
    };
  } catch (error) {
    await output.finish();
    return { reason: `DockerStateError: the container's engine is gone: ${engineMessage(error)}` };
  }
}
