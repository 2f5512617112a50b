import { EventEmitter } from "node:events";
import { Processes } from "./calls/call-process.js";
import type { CallTarget } from "./calls/call-target.js";
import type { Future } from "./calls/future.js";
import { LocalProcess } from "./calls/local-process.js";
import { Caller } from "./calls/remote-call.js";
import type { ClusterEvents, Emit } from "./cluster/cluster-events.js";
import type { ClusterManager } from "./cluster/cluster-manager.js";
import { checkClusterOptions, type ClusterOptions } from "./cluster/cluster-options.js";
import type { Launch } from "./cluster/launch.js";
import { Membership } from "./cluster/membership.js";
import type { WorkerInfo } from "./cluster/worker-info.js";
import { FunctionFinder } from "./functions/function-finder.js";
import { FunctionLoader } from "./functions/function-loader.js";
import { findProjectRoot } from "./functions/project-root.js";
import { checkMapOptions, inputIterator, type MapOptions } from "./pool/map-options.js";
import { ParallelMap } from "./pool/parallel-map.js";
import { refuseOnWorker } from "./cluster/refuse-on-worker.js";
import { newCodec } from "./protocol/codec.js";
import type { AnyFunction } from "./rpc/call-server.js";
import { isRecord, milliseconds, onlyKnown, show } from "./util/option-checks.js";

export interface AddProcsOptions {
  /** Ends the launch: what it started is stopped, and it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface RmProcsOptions {
  /** How long a worker may take to exit by itself, in milliseconds. Default: the cluster's `leaveGraceMs`. */
  readonly graceMs?: number;
}

/**
 * A manager process and its workers. Add workers with `addProcs`, give them work with `pmap` and the remote calls, and
 * close it when done: `await using cluster = new Cluster()` does that at the end of the block, however it is left.
 * Several clusters may exist in one process.
 */
export class Cluster implements AsyncDisposable {
  readonly #events = new EventEmitter<ClusterEvents>();
  /** Tells running maps to look at the workers again. Apart from the events, which belong to the program. */
  readonly #changes = new EventEmitter();
  readonly #membership: Membership;
  readonly #caller: Caller;
  readonly #local: LocalProcess;
  readonly #leaveGraceMs: number;
  #launching = 0;
  #lastLaunchError: unknown;

  /** Throws a `TypeError` or `RangeError` for a bad option. Nothing is started or opened yet. */
  constructor(options: ClusterOptions = {}) {
    refuseOnWorker();
    const checked = checkClusterOptions(options, findProjectRoot);
    const { projectRoot } = checked;
    const finder = new FunctionFinder({ projectRoot });
    const loader = new FunctionLoader({ projectRoot });
    const load = async (reference: Parameters<typeof loader.load>[0]): Promise<AnyFunction> =>
      (await loader.load(reference)) as AnyFunction;
    const emit: Emit = (name, event) => {
      if (changing.has(name)) this.#changes.emit("change");
      try {
        // The emitter's own types cannot express that name and event belong together.
        (this.#events as EventEmitter).emit(name, { at: Date.now(), ...event });
      } catch (error) {
        // A listener's mistake is its program's: an uncaught exception, which must not stop what is going on here.
        process.nextTick(() => {
          throw error;
        });
      }
    };
    const codec = newCodec();
    this.#membership = new Membership(checked, codec, load, emit);
    this.#local = new LocalProcess(load, codec);
    this.#leaveGraceMs = checked.leaveGraceMs;
    this.#caller = new Caller(finder, new Processes(this.#membership.members, this.#local));
    // Each running map listens for workers that come and go.
    this.#changes.setMaxListeners(0);
  }

  /**
   * Starts workers. Await the launch for `{ joined, failures }`; iterate it for the workers as they join. A map that is
   * running uses them from then on. Rejects with a `LaunchError` if fewer than the manager's minimum can come, or with
   * a `ClusterManagerError` if the platform refuses the request, after everything that was started has been stopped.
   */
  addProcs<Details>(manager: ClusterManager<Details>, options: AddProcsOptions = {}): Launch<Details> {
    checkManager(manager);
    onlyKnown("addProcs", options, ["signal"]);
    const launch = this.#membership.launch(manager, options.signal);
    this.#launching++;
    launch.then(
      () => this.#launchEnded(undefined),
      (error: unknown) => this.#launchEnded(error),
    );
    return launch;
  }

  /** Removes workers: each is asked to exit, then forced. Resolves when they are gone. Unknown pids throw. */
  async rmProcs(pids: number | readonly number[], options: RmProcsOptions = {}): Promise<void> {
    const list = typeof pids === "number" ? [pids] : pids;
    if (list.includes(1)) throw new RangeError("process 1 is the manager; it cannot be removed (use close)");
    onlyKnown("rmProcs", options, ["graceMs"]);
    const graceMs = milliseconds("graceMs", options.graceMs ?? this.#leaveGraceMs, 0);
    await this.#membership.remove([...new Set(list)], graceMs);
  }

  /** All pids, the manager's included, ascending. */
  procs(): number[] {
    return [1, ...this.workers()];
  }

  /** The workers' pids, ascending; empty when there are none. (Julia answers `[1]` then.) */
  workers(): number[] {
    return this.#membership.members.available.map((member) => member.pid);
  }

  nprocs(): number {
    return this.workers().length + 1;
  }

  nworkers(): number {
    return this.workers().length;
  }

  /** This process in this cluster: always 1. Code that runs on a worker asks `myId()` of `rollcall/worker`. */
  myId(): number {
    return 1;
  }

  /** What is known of a worker. Throws `NoSuchProcessError` or `ProcessExitedError`. */
  workerInfo(pid: number): WorkerInfo {
    const { info, manager } = this.#membership.members.get(pid);
    return { ...info, launched: manager.describe(info.launched.id) ?? info.launched };
  }

  /**
   * Calls a function on a process and gives its result. Arguments and result are copied, as by structured
   * clone. Rejects with a `RemoteError` if the function throws, a `ProcessExitedError` if its worker dies, and before
   * anything is sent with a `FunctionNotFoundError` or `SerializationError`.
   */
  remoteCallFetch<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    target: CallTarget,
    ...args: A
  ): Promise<Awaited<R>> {
    return this.#caller.callFetch(fn, target, args) as Promise<Awaited<R>>;
  }

  /** As `remoteCallFetch`, but the result stays with the worker until its future is fetched. */
  remoteCall<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    target: CallTarget,
    ...args: A
  ): Promise<Future<Awaited<R>>> {
    return this.#caller.call(fn, target, args) as Promise<Future<Awaited<R>>>;
  }

  /** Calls and forgets. Resolves when the call has been handed to the connection; a failure is printed by the worker. */
  remoteDo<A extends readonly unknown[]>(
    fn: (...args: A) => unknown,
    target: CallTarget,
    ...args: A
  ): Promise<void> {
    return this.#caller.callAndForget(fn, target, args);
  }

  /**
   * Applies a function to every item, on all workers, and gives the results. Items are taken from the input
   * only as workers need them, so it may be endless. The items of a worker that dies run again on another one. Without
   * any workers it runs in this process, with the same rules.
   *
   * @example
   * const thumbnails = await cluster.pmap(makeThumbnail, files);
   * for await (const score of cluster.pmap(simulate, seeds(), { order: "finished" })) best = Math.max(best, score);
   */
  pmap<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options: MapOptions = {},
  ): ParallelMap<T, Awaited<R>> {
    const checked = checkMapOptions(options);
    const input = inputIterator(items);
    const isLocal = this.#membership.members.all.length === 0 && this.#launching === 0;
    const local = [{ pid: 1, process: this.#local }];
    return new ParallelMap(
      {
        reference: (signal) => this.#caller.reference(fn, signal),
        processes: () => {
          const workers = this.#membership.members.available;
          if (isLocal && workers.length === 0) return local;
          return workers.map(({ pid, session }) => ({ pid, process: session }));
        },
        mayGrow: () => this.#launching > 0,
        lastLaunchError: () => this.#lastLaunchError,
        isClosed: () => this.#membership.isClosed,
        onChange: (listener) => {
          this.#changes.on("change", listener);
          return () => this.#changes.off("change", listener);
        },
      },
      input,
      checked,
    );
  }

  /** Hears what happens to the workers; see `ClusterEvents`. */
  on<Name extends keyof ClusterEvents>(name: Name, listener: (...event: ClusterEvents[Name]) => void): this {
    (this.#events as EventEmitter).on(name, listener);
    return this;
  }

  off<Name extends keyof ClusterEvents>(name: Name, listener: (...event: ClusterEvents[Name]) => void): this {
    (this.#events as EventEmitter).off(name, listener);
    return this;
  }

  /** Ends everything: launches are aborted, workers asked to leave and then forced. Resolves when none is left. */
  async close(): Promise<void> {
    this.#caller.close();
    const closed = this.#membership.close();
    this.#changes.emit("change");
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #launchEnded(error: unknown): void {
    this.#launching--;
    this.#lastLaunchError = error;
    this.#changes.emit("change");
  }
}

/** Events after which a map has other workers to work with. */
const changing: ReadonlySet<keyof ClusterEvents> = new Set(["joined", "leaving", "exited"]);

function checkManager(manager: unknown): void {
  if (isRecord(manager) && typeof manager["launch"] === "function") return;
  throw new TypeError(`addProcs needs a cluster manager, such as new LocalManager(4), not ${show(manager)}`);
}
