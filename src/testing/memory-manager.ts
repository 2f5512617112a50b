import type {
  ClusterManager,
  LaunchedWorker,
  LaunchOutcome,
  LaunchRequest,
  LaunchTimeouts,
  LeavingNotice,
  RendezvousAddress,
  WorkerCount,
  WorkerReport,
} from "../cluster/cluster-manager.js";
import type { ExitReason } from "../errors.js";
import { OutcomeQueue } from "../cluster/outcome-queue.js";
import { abortable, delay } from "../util/time-limit.js";
import { checkMemoryOptions, type CheckedMemoryOptions, type MemoryOptions } from "./memory-options.js";
import { MemoryWorker } from "./memory-worker.js";

export interface MemoryDetails {
  /** Its host in the memory network. */
  readonly host: string;
}

/**
 * Runs workers inside this process, over a `MemoryNetwork`: whole clusters for tests, with hundreds of workers that start
 * in a moment and fail on demand. Calls run in this process, so they share its modules and globals, and one that computes
 * holds up all the others; everything else is as with real workers.
 *
 * @example
 * const network = new MemoryNetwork();
 * const manager = new MemoryManager({ network, workers: 3 });
 * await using cluster = new Cluster({ transport: network });
 * const { joined } = await cluster.addProcs(manager);
 * manager.crash(joined[0].launched.id);
 */
export class MemoryManager implements ClusterManager<MemoryDetails> {
  readonly name = "memory";
  readonly output = "pipe";
  readonly #options: CheckedMemoryOptions;
  readonly #workers = new Map<string, MemoryWorker>();
  readonly #exits = new Map<string, ExitReason>();
  #started = 0;

  /** Throws a `TypeError` or `RangeError` for a bad option. */
  constructor(options: MemoryOptions) {
    this.#options = checkMemoryOptions(options);
  }

  get workers(): WorkerCount {
    return this.#options.workers;
  }

  get timeouts(): LaunchTimeouts {
    return this.#options.timeouts;
  }

  /** Ids of the workers that have been launched and have not ended, oldest first. */
  get running(): readonly string[] {
    return [...this.#workers.keys()];
  }

  /** Ends a worker at once, as a signal ends a process. Throws a `RangeError` if it is not running. */
  crash(
    id: string,
    reason: ExitReason = { kind: "signalled", message: "it crashed", signal: "SIGKILL" },
  ): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) throw new RangeError(`no worker ${id} is running`);
    worker.crash(reason);
  }

  /**
   * Takes a worker away as a platform does, which gives it notice: it finishes the calls that it has, for the cluster's
   * `drainMs` at the longest, or until shortly before the notice's `deadline`. Throws a `RangeError` if it is not running.
   */
  terminate(id: string, notice: LeavingNotice = { reason: "SIGTERM" }): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) throw new RangeError(`no worker ${id} is running`);
    worker.terminate(notice);
  }

  rendezvousAddress(): Promise<RendezvousAddress> {
    return Promise.resolve({ bindHost: "manager", advertiseHost: "manager" });
  }

  async *launch(request: LaunchRequest): AsyncGenerator<LaunchOutcome<MemoryDetails>> {
    const outcomes = new OutcomeQueue<LaunchOutcome<MemoryDetails>>();
    for (let n = 0; n < request.workers.max; n++) this.#start(request, outcomes);
    yield* outcomes.until(request.signal);
  }

  identify(report: WorkerReport): string | undefined {
    return report.launchedId;
  }

  describe(id: string): LaunchedWorker<MemoryDetails> | undefined {
    const worker = this.#workers.get(id);
    return worker === undefined ? undefined : { id, details: { host: worker.host } };
  }

  async exitReason(id: string, signal: AbortSignal): Promise<ExitReason | undefined> {
    const worker = this.#workers.get(id);
    return worker === undefined ? this.#exits.get(id) : abortable(worker.ended, signal);
  }

  async kill(ids: readonly string[], graceMs: number, signal: AbortSignal): Promise<void> {
    await Promise.all(ids.map((id) => this.#killOne(id, graceMs, signal)));
  }

  #start(request: LaunchRequest, outcomes: OutcomeQueue<LaunchOutcome<MemoryDetails>>): void {
    const n = ++this.#started;
    const fate = this.#options.fate(n);
    if (fate === "refused") {
      const failure = { count: 1, cause: "refused", message: `worker ${n} was refused` };
      return outcomes.push({ kind: "failed", failure });
    }
    const id = `memory-${request.launchId}-${n}`;
    const worker = new MemoryWorker({
      id,
      host: `worker-${n}`,
      network: this.#options.network,
      projectRoot: request.projectRoot,
      environment: request.workerEnvironment(1),
    });
    const launched: LaunchedWorker<MemoryDetails> = { id, details: { host: worker.host } };
    this.#workers.set(id, worker);
    void worker.ended.then((reason) => {
      this.#workers.delete(id);
      this.#exits.set(id, reason);
      outcomes.push({ kind: "exited", worker: launched, reason });
    });
    outcomes.push({ kind: "launched", worker: launched });
    if (fate === "never starts") return;
    const start = (): void => {
      if (!this.#workers.has(id)) return;
      outcomes.push({ kind: "started", worker: launched });
      if (fate === "exits early") {
        worker.crash({ kind: "exited", message: "its process exited with code 1", exitCode: 1 });
      } else if (fate !== "never reports") worker.start();
    };
    if (typeof fate === "object") fate.startAfter.then(start, () => {});
    else start();
  }

  /** Gives the worker its time, then ends it. */
  async #killOne(id: string, graceMs: number, signal: AbortSignal): Promise<void> {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    const over = new AbortController();
    void worker.ended.then(() => over.abort());
    try {
      if (graceMs > 0) await delay(graceMs, AbortSignal.any([over.signal, signal]));
    } catch {
      // It has ended by itself, or nobody waits any longer.
    }
    worker.crash({ kind: "signalled", message: "its process was ended by SIGKILL", signal: "SIGKILL" });
  }
}
