import type {
  ClusterManager,
  LaunchedWorker,
  LaunchOutcome,
  LaunchRequest,
  LaunchTimeouts,
  RendezvousAddress,
  WorkerCount,
  WorkerOutput,
  WorkerReport,
} from "../../cluster/cluster-manager.js";
import type { ExitReason } from "../../errors.js";
import { WorkerVariable } from "../../protocol/worker-variables.js";
import { abortable, delay } from "../../util/time-limit.js";
import { OutcomeQueue } from "../../cluster/outcome-queue.js";
import { ChildWorker } from "./child-worker.js";
import { checkLocalOptions, type CheckedLocalOptions, type LocalOptions } from "./local-options.js";

export interface LocalDetails {
  readonly osPid: number | undefined;
}

/** From SIGTERM to SIGKILL. */
const TERM_MS = 2_000;

/** Starts workers as child processes of this one, reachable over loopback only (Julia's `LocalManager`). */
export class LocalManager implements ClusterManager<LocalDetails> {
  readonly name = "local";
  readonly output = "pipe";
  readonly #options: CheckedLocalOptions;
  readonly #children = new Map<string, ChildWorker>();
  readonly #exits = new Map<string, ExitReason>();
  #started = 0;

  /** A number is short for `{ workers }`. Throws a `TypeError` or `RangeError` for a bad option. */
  constructor(options: LocalOptions | number = {}, ...others: readonly never[]) {
    // Only the compiler of a TypeScript program would tell.
    if (others.length > 0)
      throw new TypeError(
        "LocalManager takes one argument: put the number with the others, as in { workers: 4, cwd }",
      );
    this.#options = checkLocalOptions(options);
  }

  get workers(): WorkerCount {
    return this.#options.workers;
  }

  get timeouts(): LaunchTimeouts {
    return this.#options.timeouts;
  }

  rendezvousAddress(): Promise<RendezvousAddress> {
    return Promise.resolve({ bindHost: "127.0.0.1", advertiseHost: "127.0.0.1" });
  }

  async *launch(request: LaunchRequest, onOutput: WorkerOutput): AsyncGenerator<LaunchOutcome<LocalDetails>> {
    const outcomes = new OutcomeQueue<LaunchOutcome<LocalDetails>>();
    for (let started = 0; started < request.workers.max; started++) {
      const worker = this.#start(request, onOutput, outcomes);
      outcomes.push({ kind: "launched", worker });
      if (worker.details.osPid !== undefined) outcomes.push({ kind: "started", worker });
    }
    yield* outcomes.until(request.signal);
  }

  identify(report: WorkerReport): string | undefined {
    return report.launchedId;
  }

  describe(id: string): LaunchedWorker<LocalDetails> | undefined {
    const child = this.#children.get(id);
    return child === undefined ? undefined : { id, details: { osPid: child.osPid } };
  }

  async exitReason(id: string, signal: AbortSignal): Promise<ExitReason | undefined> {
    const child = this.#children.get(id);
    return this.#exits.get(id) ?? (child === undefined ? undefined : abortable(child.ended, signal));
  }

  async kill(ids: readonly string[], graceMs: number, signal: AbortSignal): Promise<void> {
    await Promise.all(ids.map((id) => this.#killOne(id, graceMs, signal)));
  }

  #start(
    request: LaunchRequest,
    onOutput: WorkerOutput,
    outcomes: OutcomeQueue<LaunchOutcome<LocalDetails>>,
  ): LaunchedWorker<LocalDetails> {
    const id = `local-${request.launchId}-${++this.#started}`;
    const { execArgv, env, cwd } = this.#options;
    const child = new ChildWorker({
      execArgv,
      cwd,
      env: {
        ...process.env,
        ...env,
        ...request.workerEnvironment(1),
        [WorkerVariable.launchedId]: id,
        [WorkerVariable.projectRoot]: request.projectRoot,
      },
      onLine: (stream, line) => onOutput(id, stream, line),
    });
    const worker: LaunchedWorker<LocalDetails> = { id, details: { osPid: child.osPid } };
    this.#children.set(id, child);
    void child.ended.then((reason) => {
      this.#children.delete(id);
      this.#exits.set(id, reason);
      outcomes.push({ kind: "exited", worker, reason });
    });
    return worker;
  }

  async #killOne(id: string, graceMs: number, signal: AbortSignal): Promise<void> {
    const child = this.#children.get(id);
    if (child === undefined) return;
    child.setKeepsProcessAlive(true);
    const over = new AbortController();
    const ladder = this.#climb(child, graceMs, AbortSignal.any([over.signal, signal]));
    try {
      await abortable(child.ended, signal);
    } finally {
      over.abort();
      await ladder;
    }
  }

  /** Waits, then SIGTERM, then SIGKILL, until told that the process has ended. */
  async #climb(child: ChildWorker, graceMs: number, over: AbortSignal): Promise<void> {
    try {
      if (graceMs > 0) await delay(graceMs, over);
      child.signal("SIGTERM");
      await delay(TERM_MS, over);
      child.signal("SIGKILL");
    } catch {
      // The process has ended.
    }
  }
}
