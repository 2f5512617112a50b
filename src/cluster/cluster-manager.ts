import type { ExitReason, LaunchFailure } from "../errors.js";
import type { PortRange } from "../util/port-range.js";
import type { LeavingMessage, ReportMessage } from "../protocol/control-messages.js";

/** How many workers a launch wants: it succeeds with `min` and asks for `max`. Whole numbers, 1 ≤ min ≤ max. */
export interface WorkerCount {
  readonly min: number;
  readonly max: number;
}

/** Where the rendezvous of a launch listens, and under which address its workers reach it. */
export interface RendezvousAddress {
  /** The local address to bind, e.g. `127.0.0.1` or `0.0.0.0`. */
  readonly bindHost: string;
  /** The address that workers dial. */
  readonly advertiseHost: string;
  /** The ports of which the first free one is bound. Default: any free one. */
  readonly ports?: PortRange;
}

/** Limits of a launch, in milliseconds. Each counts from the moment its stage begins. */
export interface LaunchTimeouts {
  /** The whole launch, from the call of `addProcs`. */
  readonly launchMs: number;
  /** From the moment the platform says that the worker runs until it has reported in. */
  readonly reportMs: number;
  /** From the report until the worker is a member. */
  readonly joinMs: number;
}

/** One worker that the platform has accepted. */
export interface LaunchedWorker<Details> {
  /** The platform's own id, unique in the cluster: a task ARN on ECS (with `#slot` where a task has several), `local-<OS pid>` for child processes. */
  readonly id: string;
  /** What the platform knows of it; the manager may replace the object as it learns more. */
  readonly details: Details;
  /** The machine that it is on, as the platform names it, e.g. `container instance 1f2e…`; for messages. */
  readonly place?: string;
}

/** What a launch can report, as it happens. */
export type LaunchOutcome<Details> =
  /**
   * The platform accepted a worker. It may never run. With `bringsOthers` it stands for workers whose number is not known
   * yet: a `brought` follows when the first of them reports, and the launch is not complete before.
   */
  | {
      readonly kind: "launched";
      readonly worker: LaunchedWorker<Details>;
      readonly bringsOthers?: boolean;
    }
  /** Which others came with a worker, perhaps none: they are launched too, and the launch wants that many more. */
  | {
      readonly kind: "brought";
      readonly by: string;
      readonly workers: readonly LaunchedWorker<Details>[];
    }
  /** The platform gave the worker a machine. */
  | { readonly kind: "placed"; readonly worker: LaunchedWorker<Details> }
  /** The worker's process runs, as far as the platform can tell. `reportMs` counts from here. */
  | { readonly kind: "started"; readonly worker: LaunchedWorker<Details> }
  /**
   * Workers that the platform does not start now; it is asked again. Said when the cause changes, or after some were
   * accepted, not for each attempt.
   */
  | { readonly kind: "waiting"; readonly failure: LaunchFailure }
  /** Workers that will not come, and were never launched. Final: whatever could be retried has been. */
  | { readonly kind: "failed"; readonly failure: LaunchFailure }
  /** A launched worker ended, and perhaps others with it: they count together. */
  | {
      readonly kind: "exited";
      readonly worker: LaunchedWorker<Details>;
      readonly others?: readonly LaunchedWorker<Details>[];
      readonly reason: ExitReason;
    };

/** What a cluster asks of its manager when it launches. */
export interface LaunchRequest {
  /** Unique; 12 characters of `a-z0-9`. What is started should carry it as its mark. */
  readonly launchId: string;
  readonly workers: WorkerCount;
  /** The manager's project root, for workers that share its file system. */
  readonly projectRoot: string;
  /**
   * Creates a join token that is good for `uses` workers of this launch until it ends, and returns the environment
   * variables (`ROLLCALL_*`, below 400 characters in all) with which a worker process finds the rendezvous and
   * proves itself. Call it once for each group of workers that must share one environment.
   */
  workerEnvironment(uses: number): Readonly<Record<string, string>>;
  /** Aborted when the launch is over, well or badly. The iteration must then end without an error. */
  readonly signal: AbortSignal;
}

/** What a worker says of itself when it reports in. */
export type WorkerReport = ReportMessage;

/** Through which a cluster manager takes workers out of a cluster in good order. */
export interface WorkerWatch {
  /** Ids of the workers that are members now. */
  members(): readonly string[];
  /** This worker should leave. May be said again. */
  leave(id: string, notice: LeavingNotice): void;
  /** The platform does not let us look; nothing more will come. */
  failed(error: Error): void;
}

/** What a worker says when its platform takes it away. */
export type LeavingNotice = LeavingMessage;

/**
 * How workers are started and stopped somewhere. One object may serve several launches, also at the same time.
 * Its options have been checked when it was made: a bad one is a `TypeError` or `RangeError` of the constructor.
 */
export interface ClusterManager<Details = unknown> {
  /** In events and errors: `local`, `ecs`, ... */
  readonly name: string;
  /** How many workers one launch starts. */
  readonly workers: WorkerCount;
  /**
   * Whether `workers` counts places of which each brings as many workers as it has room for. Such workers cannot be replaced
   * one by one.
   */
  readonly countsPlaces?: boolean;
  readonly timeouts: LaunchTimeouts;
  /**
   * How the lines that a worker writes reach the cluster: `pipe` when the manager hands them over through
   * `onOutput`, `control` when the worker itself must send them over its control channel.
   */
  readonly output: "pipe" | "control";

  /** Called before each launch. Throws if the platform cannot be reached from here at all. */
  rendezvousAddress(signal: AbortSignal): Promise<RendezvousAddress>;

  /**
   * Starts up to `request.workers.max` workers and tells what becomes of each, until `request.signal` aborts: a
   * worker that ends before it joined ends its wait at once through its `exited` outcome. Throws a
   * `ClusterManagerError` if the request as a whole is refused; what had been launched by then was yielded before.
   */
  launch(request: LaunchRequest, onOutput: WorkerOutput): AsyncIterable<LaunchOutcome<Details>>;

  /**
   * Which launched worker sent this report: its `LaunchedWorker.id`, or undefined if it is not one of ours. A worker can
   * be quicker than the platform's answer to the request that started it: an unknown report may become known with a
   * later `launched`.
   */
  identify(report: WorkerReport): string | undefined;

  /** The newest knowledge of a launched worker. */
  describe(id: string): LaunchedWorker<Details> | undefined;

  /**
   * Looks after the machines that workers are on until `signal` aborts, and says which workers should leave: they finish
   * their calls and go. Called once for each cluster, with its first launch. Must not throw; trouble is told to `failed`.
   */
  watch?(watch: WorkerWatch, signal: AbortSignal): void;

  /** A worker's platform takes it away, and perhaps its machine: what is started from now on should not go there. */
  noticed?(id: string, notice: LeavingNotice): void;

  /** Why a launched worker ended; waits up to `signal` for the platform to know. */
  exitReason(id: string, signal: AbortSignal): Promise<ExitReason | undefined>;

  /**
   * Makes sure that these workers are gone: gives each up to `graceMs` to end by itself (it has been asked to), then
   * forces it, and resolves when the platform confirms the end of all. Unknown and ended ones count as gone.
   */
  kill(ids: readonly string[], graceMs: number, signal: AbortSignal): Promise<void>;
}

/** One line that a worker wrote, without its line end. */
export type WorkerOutput = (id: string, stream: "stdout" | "stderr", line: string) => void;
