import {
  ClusterManagerError,
  LaunchError,
  RollcallError,
  type ExitReason,
  type LaunchFailure,
} from "../errors.js";
import type { ShutdownMessage } from "../protocol/control-messages.js";
import { MessageType } from "../protocol/message.js";
import { deferred } from "../util/deferred.js";
import { sharedAbortController } from "../util/shared-abort.js";
import { TimeLimitError, withTimeLimit } from "../util/time-limit.js";
import type { Emit } from "./cluster-events.js";
import type {
  ClusterManager,
  LaunchedWorker,
  LaunchOutcome,
  LaunchRequest,
  WorkerCount,
} from "./cluster-manager.js";
import { exitFailure, neverAccepted, neverReported, stages, tooLate, type Stage } from "./launch-failures.js";
import { LaunchProgress } from "./launch-progress.js";
import type { Arrival } from "./rendezvous.js";
import type { WorkerInfo } from "./worker-info.js";

/** What became of a launch that succeeded. */
export interface LaunchResult<Details = unknown> {
  /** In the order in which they joined. */
  readonly joined: readonly WorkerInfo<Details>[];
  /** Why the rest of the wanted workers did not come; empty if all did. */
  readonly failures: readonly LaunchFailure[];
  readonly wanted: WorkerCount;
}

/** What a launch needs of its cluster. */
export interface LaunchContext {
  readonly emit: Emit;
  /** Opens the rendezvous for the manager and returns what a worker's environment needs to find it. */
  readonly prepare: (
    signal: AbortSignal,
  ) => Promise<Pick<LaunchRequest, "workerEnvironment" | "projectRoot">>;
  /** Makes an arrival a member. */
  readonly join: (arrival: Arrival, id: string, signal: AbortSignal) => Promise<WorkerInfo>;
  /** Removes members that belong to a launch that failed. */
  readonly remove: (pids: readonly number[]) => Promise<void>;
  /** No more workers of this launch are let in. */
  readonly endTokens: () => void;
  readonly onOutput: (id: string, stream: "stdout" | "stderr", line: string) => void;
}

/** How long the stopping of what did not join may take: platforms limit how many they stop in a second. */
const KILL_MS = 60_000;
const KILL_EACH_MS = 100;
/** How long a launch that fails asks for the last output of its workers. */
const OUTPUT_MS = 3000;
/** Reports of workers that the platform has not told of, at the least; in a large launch twice as many as are wanted. */
const MOST_EARLY = 1_024;

/**
 * A launch under way. Awaiting it gives the result once every wanted worker has joined or failed, or once the time is
 * up and the minimum is there; it rejects with a `LaunchError` when fewer than the minimum can come, after everything
 * that was started has been stopped. Iterating it gives the workers as they join.
 */
export class Launch<Details = unknown>
  implements PromiseLike<LaunchResult<Details>>, AsyncIterable<WorkerInfo<Details>>
{
  readonly #manager: ClusterManager<Details>;
  readonly #context: LaunchContext;
  readonly #wanted: WorkerCount;
  readonly #progress: LaunchProgress;
  readonly #over = sharedAbortController();
  readonly #outcome = deferred<LaunchResult<Details>>();
  readonly #members = new Map<string, WorkerInfo<Details>>();
  readonly #reportTimers = new Map<string, NodeJS.Timeout>();
  /**
   * Workers that reported before the platform told us that they were launched, and such as it never tells of: those wait
   * here until the launch is over.
   */
  #early: Arrival[] = [];
  /** Launched workers that have reported, by their ids. */
  readonly #reported = new Set<string>();
  /** How many of `stages` each worker has reached. */
  readonly #stages = new Map<string, number>();
  /** Stops of workers that were given up. */
  readonly #kills = new Set<Promise<void>>();
  /** Resolves when the cluster manager has nothing of this launch under way any more. */
  readonly #platformDone = deferred<void>();
  #refusals = 0;
  #isSettled = false;
  /** Why the platform starts no more workers for now, if it has said so. */
  #hindrance: LaunchFailure | undefined;
  #changed = deferred<void>();

  constructor(
    readonly id: string,
    manager: ClusterManager<Details>,
    wanted: WorkerCount,
    context: LaunchContext,
    signal: AbortSignal,
  ) {
    this.#manager = manager;
    this.#context = context;
    this.#wanted = wanted;
    this.#progress = new LaunchProgress(wanted);
    this.#outcome.promise.catch(() => {});
    void this.#run(signal);
  }

  /** Resolves when the launch is over, well or badly. */
  get settled(): Promise<void> {
    return this.#outcome.promise.then(
      () => {},
      () => {},
    );
  }

  /** Resolves when the launch is over and whatever it gave up has been stopped, or could not be. */
  async finished(): Promise<void> {
    await this.settled;
    await Promise.all([this.#platformDone.promise, ...this.#kills]);
  }

  then<A = LaunchResult<Details>, B = never>(
    onResult?: ((result: LaunchResult<Details>) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#outcome.promise.then(onResult, onError);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<WorkerInfo<Details>> {
    const seen = new Set<string>();
    for (;;) {
      const isOver = this.#isSettled;
      const changed = this.#changed.promise;
      for (const [id, info] of this.#members) {
        if (seen.has(id)) continue;
        seen.add(id);
        yield info;
      }
      if (isOver) break;
      await changed;
    }
    await this.#outcome.promise;
  }

  /** Takes a worker that has reported in with one of this launch's tokens. */
  arrive(arrival: Arrival): void {
    const { report } = arrival;
    const isAnonymous = report.launchedId === undefined && report.taskArn === undefined;
    const id = this.#manager.identify(report) ?? (isAnonymous ? this.#anyWithoutReport() : undefined);
    if (id !== undefined && this.#progress.hasLaunched(id)) this.#welcome(arrival, id);
    else if (id !== undefined && this.#reported.has(id)) dismiss(arrival);
    else if (this.#early.length < Math.max(MOST_EARLY, 2 * this.#wanted.max)) this.#early.push(arrival);
    else dismiss(arrival);
  }

  /** A platform may have started it twice, and the token is no secret to everybody: one worker has one place. */
  #welcome(arrival: Arrival, id: string): void {
    if (this.#reported.has(id) || !arrival.useToken()) return dismiss(arrival);
    this.#reported.add(id);
    void this.#join(arrival, id);
  }

  /** A member of this launch is gone. */
  memberLost(id: string, reason: ExitReason): void {
    if (!this.#isSettled && this.#members.delete(id)) this.#lost(id, exitFailure(id, reason));
  }

  /** A connection was turned away while this launch waits; worth a hint if workers are missing. */
  connectionRefused(): void {
    this.#refusals++;
  }

  /** Ends the launch by force. */
  abort(reason: Error): void {
    void this.#settle(reason);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { launchMs } = this.#manager.timeouts;
    const deadline = setTimeout(() => this.#deadlinePassed(), launchMs);
    const onAbort = (): void => this.abort(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (signal.aborted) onAbort();
      this.#emit("starting", { workers: this.#wanted });
      const prepared = await this.#context.prepare(this.#over.signal);
      const request: LaunchRequest = {
        launchId: this.id,
        workers: this.#wanted,
        signal: this.#over.signal,
        ...prepared,
      };
      if (!this.#isSettled) {
        for await (const outcome of this.#manager.launch(request, this.#context.onOutput))
          this.#onOutcome(outcome);
      }
      this.#platformDone.resolve();
      if (!this.#isSettled) this.#platformIsSilent();
    } catch (error) {
      this.#platformDone.resolve();
      this.#requestRefused(error as Error);
    }
    await this.settled;
    clearTimeout(deadline);
    signal.removeEventListener("abort", onAbort);
  }

  #onOutcome(outcome: LaunchOutcome<Details>): void {
    switch (outcome.kind) {
      case "waiting":
        this.#hindrance = outcome.failure;
        return this.#emit("waiting", { failure: outcome.failure });
      case "launched":
        this.#hindrance = undefined;
        this.#progress.launched(outcome.worker.id, outcome.bringsOthers);
        this.#emit("launched", { worker: outcome.worker });
        return this.#retryEarly();
      case "brought":
        return this.#brought(outcome.by, outcome.workers);
      case "placed":
        return this.#reached("placed", outcome.worker);
      case "started":
        this.#reached("started", outcome.worker);
        return this.#expectReport(outcome.worker);
      case "failed":
        this.#progress.notLaunched(outcome.failure);
        this.#emit("failed", { failure: outcome.failure });
        return this.#decide();
      case "exited":
        for (const { id } of [outcome.worker, ...(outcome.others ?? [])])
          this.#countLost(id, exitFailure(id, outcome.reason));
        return this.#decide();
    }
  }

  #brought(by: string, workers: readonly LaunchedWorker<Details>[]): void {
    const ids = workers.map(({ id }) => id);
    if (!this.#progress.brought(by, ids)) return;
    for (const worker of workers) this.#emit("launched", { worker });
    this.#retryEarly();
    this.#decide();
  }

  /** Tells of a stage once, and before it of an earlier one that it implies. */
  #reached(stage: Stage, worker: LaunchedWorker<Details>): void {
    const known = this.#stages.get(worker.id) ?? 0;
    for (const [index, name] of stages.entries()) {
      if (index < known) continue;
      this.#stages.set(worker.id, index + 1);
      this.#emit(name, { worker });
      if (name === stage) return;
    }
  }

  #retryEarly(): void {
    for (const arrival of this.#early.splice(0)) this.arrive(arrival);
  }

  /** For a worker that cannot say which launched one it is: its token says that it is one of ours. */
  #anyWithoutReport(): string | undefined {
    return this.#progress.outstanding.find((id) => (this.#stages.get(id) ?? 0) < stages.length);
  }

  #expectReport(worker: LaunchedWorker<Details>): void {
    if (this.#isSettled || !this.#progress.hasLaunched(worker.id) || this.#reportTimers.has(worker.id))
      return;
    // A worker can report before the platform says that it runs; then it is joining already.
    if (this.#stages.get(worker.id) === stages.length) return;
    const { reportMs } = this.#manager.timeouts;
    const giveUp = (): void => this.#giveUp(worker.id, neverReported(worker.id, reportMs, this.#refusals));
    this.#reportTimers.set(worker.id, setTimeout(giveUp, reportMs));
  }

  async #join(arrival: Arrival, id: string): Promise<void> {
    this.#clearReportTimer(id);
    const worker = this.#manager.describe(id) ?? ({ id, details: {} } as LaunchedWorker<Details>);
    this.#reached("reported", worker);
    const { joinMs } = this.#manager.timeouts;
    try {
      const info = await withTimeLimit(
        joinMs,
        "the join, its set-up included, did not finish",
        this.#over.signal,
        (signal) => this.#context.join(arrival, id, signal),
      );
      if (this.#isSettled) return void this.#remove([info]);
      this.#members.set(id, info as WorkerInfo<Details>);
      this.#progress.workerJoined(id);
      this.#notify();
      this.#decide();
    } catch (error) {
      dismiss(arrival);
      if (this.#isSettled) return;
      this.#giveUp(id, { count: 1, cause: "join failed", message: (error as Error).message, ids: [id] });
    }
  }

  /** A worker that may still run, but without us. */
  #giveUp(id: string, failure: LaunchFailure): void {
    void this.#kill([id]);
    this.#lost(id, failure);
  }

  #lost(id: string, failure: LaunchFailure): void {
    this.#countLost(id, failure);
    this.#decide();
  }

  #countLost(id: string, failure: LaunchFailure): void {
    this.#clearReportTimer(id);
    if (this.#isSettled || !this.#progress.lost(id, failure)) return;
    this.#members.delete(id);
    this.#emit("failed", { failure });
  }

  /** The manager has nothing more to tell; whatever it never spoke of will not come. */
  #platformIsSilent(): void {
    this.#progress.close();
    const count = this.#progress.unaccounted;
    if (count > 0) {
      const failure = {
        count,
        cause: "not launched",
        message: "the platform started fewer workers than it was asked for",
      };
      this.#progress.notLaunched(failure);
      this.#emit("failed", { failure });
    }
    this.#decide();
  }

  #requestRefused(error: Error): void {
    if (this.#isSettled) return;
    this.#progress.close();
    const count = this.#progress.unaccounted;
    if (count > 0) {
      const code = error instanceof ClusterManagerError ? error.serviceCode : undefined;
      const failure = { count, cause: code ?? error.name, message: error.message };
      this.#progress.notLaunched(failure);
      this.#emit("failed", { failure });
    }
    // The request's own error says more than a count, unless some workers are there or on their way.
    const isAll = this.#progress.joined === 0 && this.#progress.outstanding.length === 0;
    if (isAll && this.#progress.verdict === "hopeless") void this.#settle(error);
    else this.#decide();
  }

  #deadlinePassed(): void {
    if (this.#isSettled) return;
    const { launchMs } = this.#manager.timeouts;
    this.#progress.close();
    const missing = [...this.#progress.outstanding];
    for (const id of missing) this.#progress.lost(id, tooLate(id, launchMs, this.#stages.get(id) ?? 0));
    const { unaccounted } = this.#progress;
    if (unaccounted > 0) this.#progress.notLaunched(neverAccepted(unaccounted, launchMs, this.#hindrance));
    void this.#kill(missing);
    this.#decide();
  }

  #decide(): void {
    const verdict = this.#progress.verdict;
    if (verdict === "waiting" || this.#isSettled) return;
    void this.#settle(verdict === "complete" ? undefined : "hopeless");
  }

  /** The one place where a launch ends. Whatever was started and did not join is stopped before anyone is told. */
  async #settle(end: Error | "hopeless" | undefined): Promise<void> {
    if (this.#isSettled) return;
    this.#isSettled = true;
    for (const timer of this.#reportTimers.values()) clearTimeout(timer);
    this.#context.endTokens();
    this.#over.abort(end instanceof Error ? end : new TimeLimitError("the launch is over"));
    for (const arrival of this.#early.splice(0)) dismiss(arrival);
    this.#notify();
    const joined = [...this.#members.values()];
    const left = this.#progress.outstanding;
    if (end === undefined) {
      this.#outcome.resolve({ joined, failures: this.#progress.failures, wanted: this.#progress.wanted });
      return;
    }
    void this.#kill(left);
    await Promise.all([this.#remove(joined), this.#platformDone.promise, ...this.#kills]);
    if (end instanceof Error) return this.#outcome.reject(end);
    const failures = await this.#withLastOutput(this.#progress.failures);
    this.#outcome.reject(new LaunchError(this.#manager.name, this.#progress.wanted, joined.length, failures));
  }

  /** Never rejects. Of each failure whose output is not known yet, the first worker is asked about; all have ended. */
  #withLastOutput(failures: readonly LaunchFailure[]): Promise<readonly LaunchFailure[]> {
    const limit = AbortSignal.timeout(OUTPUT_MS);
    return Promise.all(
      failures.map(async (failure) => {
        const [id] = failure.ids ?? [];
        if (id === undefined || failure.exit?.output !== undefined) return failure;
        // The output only illustrates: without it the failure is told as it is.
        const exit = await this.#manager.exitReason(id, limit).catch(() => undefined);
        return exit === undefined ? failure : { ...failure, exit };
      }),
    );
  }

  /** Never rejects. The launch fails, and its cluster closes, only when it is done. */
  #kill(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return Promise.resolve();
    const kill = this.#tryToKill(ids);
    this.#kills.add(kill);
    return kill.finally(() => this.#kills.delete(kill));
  }

  /** Never rejects. */
  async #remove(members: readonly WorkerInfo[]): Promise<void> {
    try {
      await this.#context.remove(members.map(({ pid }) => pid));
    } catch (error) {
      this.#notStopped(
        members.map(({ launched }) => launched.id),
        error as Error,
      );
    }
  }

  async #tryToKill(ids: readonly string[]): Promise<void> {
    try {
      await this.#manager.kill(ids, 0, AbortSignal.timeout(KILL_MS + ids.length * KILL_EACH_MS));
    } catch (error) {
      this.#notStopped(ids, error as Error);
    }
  }

  #notStopped(ids: readonly string[], error: Error): void {
    const message = `could not be stopped: ${error.message}`;
    const cause = error instanceof RollcallError ? error.code : error.name;
    this.#emit("failed", { failure: { count: ids.length, cause, message, ids } });
  }

  #clearReportTimer(id: string): void {
    clearTimeout(this.#reportTimers.get(id));
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = deferred<void>();
  }

  #emit(
    name: "starting" | "waiting" | "launched" | "placed" | "started" | "reported" | "failed",
    event: object,
  ): void {
    this.#context.emit(name, { launchId: this.id, manager: this.#manager.name, ...event });
  }
}

/** Tells a worker that it is not needed; it exits without an error. */
function dismiss(arrival: Arrival): void {
  arrival.control.post(MessageType.shutdown, { graceMs: 1_000, drainMs: 0 } satisfies ShutdownMessage);
  arrival.control.end();
}
