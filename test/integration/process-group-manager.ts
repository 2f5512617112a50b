import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type {
  ClusterManager,
  LaunchedWorker,
  LaunchOutcome,
  LaunchRequest,
  RendezvousAddress,
  WorkerReport,
} from "#dist/cluster/cluster-manager.js";
import { WorkerVariable } from "#dist/protocol/worker-variables.js";
import { WORKER_COMMAND } from "./ecs-endpoint.js";

/** Starts workers below one supervisor, whose end it leaves to them: no platform ends them with it. */
export class ProcessGroupManager implements ClusterManager<object> {
  readonly name = "group";
  readonly output = "control";
  readonly workers;
  readonly timeouts = { launchMs: 30_000, reportMs: 30_000, joinMs: 30_000 };
  #supervisor: ChildProcess | undefined;

  constructor(count: number) {
    this.workers = { min: count, max: count };
  }

  rendezvousAddress(): Promise<RendezvousAddress> {
    return Promise.resolve({ bindHost: "127.0.0.1", advertiseHost: "127.0.0.1" });
  }

  async *launch(request: LaunchRequest): AsyncGenerator<LaunchOutcome<object>> {
    const { workers, signal } = request;
    this.#supervisor = spawn(process.execPath, [WORKER_COMMAND[1]!], {
      env: {
        ...process.env,
        ...request.workerEnvironment(workers.max),
        [WorkerVariable.workers]: `${workers.max}`,
      },
      stdio: "ignore",
    });
    for (let slot = 1; slot <= workers.max; slot++)
      yield { kind: "launched", worker: this.describe(`${slot}`) };
    if (!signal.aborted) await once(signal, "abort");
  }

  identify({ slot }: WorkerReport): string {
    return `${slot}`;
  }

  describe(id: string): LaunchedWorker<object> {
    return { id, details: {} };
  }

  exitReason(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async kill(): Promise<void> {
    // They end by themselves; the tests see to it that they do.
  }

  /** Ends the supervisor, and nothing else. */
  async killSupervisor(): Promise<void> {
    const ended = once(this.#supervisor!, "exit");
    this.#supervisor!.kill("SIGKILL");
    await ended;
  }
}
