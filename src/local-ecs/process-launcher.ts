/**
 * Runs the containers of tasks as processes of this machine: entry point and command as they stand, without a shell between,
 * in a process group of their own. An image is only a name here. The network is the machine's, so ports cannot be mapped.
 * In network mode `awsvpc` a task has a loopback address that is its own; it shares the ports of the others all the same, if
 * it listens on all addresses.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { resolve } from "node:path";
import { Writable, type Readable } from "node:stream";
import { checkExecutable } from "./executable.js";
import {
  cannotPull,
  ContainerStartError,
  type ContainerExit,
  type ContainerSpec,
  type LaunchedContainer,
  type Launcher,
  MAX_LINE_LENGTH,
  type OutputListener,
} from "./launcher.js";
import { metadataFileVariable } from "./metadata-file.js";
import { LineSplitter } from "../util/line-splitter.js";
import { killGroup, signalGroup } from "./process-group.js";
import { ProcessGuard } from "./process-guard.js";
import { processNetwork, type ProcessNetwork } from "./process-network.js";
import type { ContainerNetwork, NetworkBinding, TaskDefinition } from "./state.js";

/**
 * What stands between `start` and the program: the shell waits on descriptor 3 until the guard knows its process group,
 * then becomes the program. If the endpoint dies before, the descriptor ends and the program is never started.
 */
const GATE = 'read -r go <&3 || exit 125; exec 3<&-; exec "$@"';

/** What a process gets of the endpoint's own environment; everything else must come from the task. */
const INHERITED = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/** Output that arrives after the end of the container's processes can only come from a process that left its group. */
const LATE_OUTPUT_MS = 500;

export interface ProcessLauncherOptions {
  /** For containers whose definition has no `workingDirectory`; a relative one there starts from here. */
  readonly workingDirectory: string;
  /** Images for which the pull fails. */
  readonly missingImages: ReadonlySet<string>;
}

export class ProcessLauncher implements Launcher {
  readonly #guard = new ProcessGuard();
  readonly #running = new Set<LaunchedProcess>();

  constructor(private readonly options: ProcessLauncherOptions) {}

  whyUnsupported({ networkMode, containers }: TaskDefinition): string | undefined {
    if (networkMode === "awsvpc" && process.platform !== "linux")
      return "This local endpoint runs tasks as processes of this machine, and only Linux has loopback addresses enough for networkMode awsvpc: use host, or Docker engines for its instances.";
    const mapped = containers
      .flatMap((container) => container.portMappings)
      .find(({ containerPort, hostPort }) => networkMode !== "none" && hostPort !== containerPort);
    return mapped === undefined
      ? undefined
      : `This local endpoint runs tasks as processes of this machine and cannot map container port ${mapped.containerPort}: ` +
          `use networkMode host, or the same hostPort.`;
  }

  async pull(image: string): Promise<void> {
    if (this.options.missingImages.has(image)) throw cannotPull(image);
  }

  async start(spec: ContainerSpec, onLine: OutputListener): Promise<LaunchedContainer> {
    const [program, ...rest] = [...spec.entryPoint, ...spec.command];
    if (program === undefined) {
      throw new ContainerStartError(
        "CannotStartContainerError: Error response from daemon: no command specified",
      );
    }
    const cwd = resolve(this.options.workingDirectory, spec.workingDirectory ?? "");
    const env = {
      ...inheritedEnvironment(),
      ...spec.environment,
      ...metadataFileVariable(spec.metadataFolder),
    };
    await checkExecutable(program, cwd, env["PATH"] ?? "");
    const launched = await LaunchedProcess.launch(
      [program, ...rest],
      cwd,
      env,
      this.#guard,
      processNetwork(spec),
      onLine,
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
    await this.#guard.close();
  }
}

class LaunchedProcess implements LaunchedContainer {
  readonly runtimeId: string;
  readonly exited: Promise<ContainerExit>;
  readonly networkBindings: readonly NetworkBinding[];
  readonly network?: ContainerNetwork;
  #killTimer: NodeJS.Timeout | undefined;
  #hasExited = false;

  private constructor(
    private readonly group: number,
    exited: Promise<ContainerExit>,
    { networkBindings, network }: ProcessNetwork,
  ) {
    this.networkBindings = networkBindings;
    if (network !== undefined) this.network = network;
    this.runtimeId = `process-${group}`;
    this.exited = exited.finally(() => {
      this.#hasExited = true;
      clearTimeout(this.#killTimer);
    });
  }

  static async launch(
    argv: readonly string[],
    cwd: string,
    env: NodeJS.ProcessEnv,
    guard: ProcessGuard,
    network: ProcessNetwork,
    onLine: OutputListener,
  ): Promise<LaunchedProcess> {
    const child = spawn("/bin/sh", ["-c", GATE, "sh", ...argv], {
      cwd,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    const ended = new Promise<ContainerExit>((onExit) => {
      child.once("exit", (code, signal) => onExit({ exitCode: exitCodeOf(code, signal) }));
    });
    const group = await spawned(child);
    const outputs = [
      forwardLines(child.stdout, (line) => onLine("stdout", line)),
      forwardLines(child.stderr, (line) => onLine("stderr", line)),
    ];
    const exited = finish(group, ended, outputs, guard);
    try {
      await guard.add(group);
    } catch (error) {
      signalGroup(group, "SIGKILL");
      throw new ContainerStartError(`CannotStartContainerError: ${String(error)}`, { cause: error });
    }
    openGate(child.stdio[3]);
    return new LaunchedProcess(group, exited, network);
  }

  stop(timeoutMs: number): void {
    if (this.#hasExited) return;
    clearTimeout(this.#killTimer);
    if (timeoutMs > 0) signalGroup(this.group, "SIGTERM");
    this.#killTimer = setTimeout(() => signalGroup(this.group, "SIGKILL"), timeoutMs);
  }
}

/** The id of the process, which leads a group of the same id. */
async function spawned(child: ChildProcess): Promise<number> {
  try {
    await once(child, "spawn");
  } catch (error) {
    throw new ContainerStartError(`CannotStartContainerError: ${String(error)}`, { cause: error });
  }
  if (child.pid === undefined) throw new ContainerStartError("CannotStartContainerError: no process id");
  return child.pid;
}

/** The first process of the group has ended, as PID 1 of a container: the rest of the group ends with it. */
async function finish(
  group: number,
  ended: Promise<ContainerExit>,
  outputs: readonly ForwardedOutput[],
  guard: ProcessGuard,
): Promise<ContainerExit> {
  const exit = await ended;
  await killGroup(group);
  guard.remove(group);
  await Promise.all(outputs.map((output) => output.finish()));
  return exit;
}

interface ForwardedOutput {
  /** Resolves when all output has been handed over, or abandoned. */
  finish(): Promise<void>;
}

function forwardLines(output: Readable | null, onLine: (line: string) => void): ForwardedOutput {
  if (output === null) return { finish: async () => undefined };
  const splitter = new LineSplitter(onLine, MAX_LINE_LENGTH);
  output.on("data", (chunk: Buffer) => splitter.push(chunk));
  const closed = new Promise<void>((onClose) => {
    output.once("close", () => {
      splitter.end();
      onClose();
    });
  });
  return {
    finish: async () => {
      const timer = setTimeout(() => output.destroy(), LATE_OUTPUT_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

function openGate(gate: Readable | Writable | null | undefined): void {
  if (!(gate instanceof Writable)) return;
  // A process that was killed at its gate is reported by its exit.
  gate.on("error", () => undefined);
  gate.end("go\n");
}

function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

function inheritedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    INHERITED.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
