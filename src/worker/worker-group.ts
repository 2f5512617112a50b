/**
 * What a worker's process becomes when it stands for several workers of one container: it starts each as a child process of
 * itself, with the same program, hands signals on, and ends when all have ended.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { availableParallelism, constants } from "node:os";
import { MOST_WORKERS_OF_CONTAINER, WorkerVariable, type NetworkMode } from "../protocol/worker-variables.js";
import { quotaCores, taskCores, workersFor } from "./core-limit.js";
import { askMetadata } from "./metadata-request.js";
import { readTaskMetadata } from "./task-metadata.js";

/** From the order to stop until what is left is killed: the longest time that ECS leaves a container (`stopTimeout`). */
const STOP_MS = 120_000;
const METADATA_MS = 1_000;
/** The control group of a container, as the container sees it. */
const QUOTA_FILE = "/sys/fs/cgroup/cpu.max";
/** What shells add to the number of the signal that ended a process. */
const SIGNAL_BASE = 128;

/**
 * Runs as many workers as `ROLLCALL_WORKERS` says, and exits when all have ended: with the code of the first that failed, or
 * 0. Comes back, with nothing started, if it is one: then this process is the worker.
 */
export async function runWorkerGroup(wanted: string): Promise<void> {
  const workers = await workersOf(wanted);
  if (workers === undefined) {
    process.stderr.write(
      `rollcall worker: ${WorkerVariable.workers}="${wanted}" is neither a whole number from 1 to ` +
        `${MOST_WORKERS_OF_CONTAINER} nor auto\n`,
    );
    process.exit(2);
  }
  if (workers === 1) return;
  process.exit(await new WorkerGroup(workers, await containerVariable()).ended);
}

/** Undefined if that is no number of workers. */
async function workersOf(wanted: string): Promise<number | undefined> {
  if (wanted === "auto") {
    const [ofTask, ofContainer] = await Promise.all([limitOfTask(), limitOfContainer()]);
    const parallelism = availableParallelism();
    const found = workersFor({ parallelism, taskCores: ofTask, quotaCores: ofContainer });
    return Math.min(found, MOST_WORKERS_OF_CONTAINER);
  }
  const workers = /^\d+$/.test(wanted) ? Number(wanted) : 0;
  return workers >= 1 && workers <= MOST_WORKERS_OF_CONTAINER ? workers : undefined;
}

/** Undefined where nobody sets one, or nobody answers. */
async function limitOfTask(): Promise<number | undefined> {
  const uri = process.env["ECS_CONTAINER_METADATA_URI_V4"];
  if (uri === undefined || uri === "") return undefined;
  try {
    const { status, text } = await askMetadata(`${uri}/task`, { limitMs: METADATA_MS });
    return status === 200 ? taskCores(text) : undefined;
  } catch {
    return undefined;
  }
}

async function limitOfContainer(): Promise<number | undefined> {
  try {
    return quotaCores(await readFile(QUOTA_FILE, "utf8"));
  } catch {
    return undefined;
  }
}

/** The agent answers 40 requests a second for a whole instance, on which there may be hundreds of workers. */
async function containerVariable(): Promise<Readonly<Record<string, string>>> {
  const metadata = await readTaskMetadata({
    uri: process.env["ECS_CONTAINER_METADATA_URI_V4"],
    file: process.env["ECS_CONTAINER_METADATA_FILE"],
    // One that there is not is refused by the workers themselves.
    networkMode: process.env[WorkerVariable.networkMode] as NetworkMode | undefined,
  });
  return metadata === undefined ? {} : { [WorkerVariable.container]: JSON.stringify(metadata) };
}

/** Owns the children. They end with this process, however it ends: each holds pipes of which the other end is here. */
class WorkerGroup {
  readonly #workers: number;
  readonly #variables: Readonly<Record<string, string>>;
  readonly #running = new Set<ChildProcess>();
  #exitCode = 0;
  #isStopping = false;
  /** The exit code of all together. */
  readonly ended: Promise<number>;

  /** @param variables Environment variables that the workers get beside those of this process. */
  constructor(workers: number, variables: Readonly<Record<string, string>>) {
    this.#workers = workers;
    this.#variables = variables;
    process.on("SIGTERM", () => this.#stop());
    // Ctrl-C in a terminal reaches every process of the group; who leaves, and when, is for the manager to say.
    process.on("SIGINT", () => undefined);
    const slots = Array.from({ length: workers }, (_, index) => index + 1);
    this.ended = Promise.all(slots.map((slot) => this.#run(slot))).then(() => this.#exitCode);
  }

  /** Resolves when this worker has ended. */
  #run(slot: number): Promise<void> {
    const { [WorkerVariable.workers]: _, ...env } = process.env;
    const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      env: {
        ...env,
        ...this.#variables,
        [WorkerVariable.slot]: `${slot}`,
        [WorkerVariable.slots]: `${this.#workers}`,
      },
      // In the order of `SupervisorPipe`.
      stdio: ["inherit", "inherit", "inherit", "pipe", "pipe"],
    });
    this.#running.add(child);
    // The child's end of a pipe may go first.
    for (const pipe of child.stdio.slice(3)) pipe?.on("error", () => undefined);
    return new Promise((resolve) => {
      const end = (code: number, how: string): void => {
        if (!this.#running.delete(child)) return;
        this.#ended(slot, code, how);
        resolve();
      };
      child.once("error", (error) => end(1, `could not be started: ${error.message}`));
      child.once("exit", (code, signal) => {
        if (signal === null) end(code ?? 1, `ended with code ${code}`);
        else end(SIGNAL_BASE + constants.signals[signal], `was ended by ${signal}`);
      });
    });
  }

  #ended(slot: number, code: number, how: string): void {
    if (code === 0) return;
    if (this.#exitCode === 0) this.#exitCode = code;
    process.stderr.write(
      `rollcall worker: worker ${slot} of the ${this.#workers} of this container ${how}\n`,
    );
  }

  #stop(): void {
    for (const child of this.#running) child.kill("SIGTERM");
    if (this.#isStopping) return;
    this.#isStopping = true;
    setTimeout(() => {
      for (const child of this.#running) child.kill("SIGKILL");
    }, STOP_MS);
  }
}
