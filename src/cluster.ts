import { EventEmitter } from "node:events";
import { hostname } from "node:os";
import { Processes } from "./calls/call-process.js";
import type { CallTarget } from "./calls/call-target.js";
import type { Future } from "./calls/future.js";
import { LocalProcess } from "./calls/local-process.js";
import { Caller } from "./calls/remote-call.js";
import { checkAddProcsOptions, type AddProcsOptions, type Labels } from "./cluster/add-procs-options.js";
import type { ClusterEvents, Emit } from "./cluster/cluster-events.js";
import type { ClusterManager } from "./cluster/cluster-manager.js";
import { checkClusterOptions, type ClusterOptions } from "./cluster/cluster-options.js";
import type { Launch } from "./cluster/launch.js";
import { Membership, type LaunchOptions } from "./cluster/membership.js";
import {
  checkProcessFilter,
  hasLabels,
  isSameHost,
  placeOf,
  type ProcessFilter,
  type ProcessPlace,
} from "./cluster/process-filter.js";
import { Replacement } from "./cluster/replacement.js";
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
  readonly #replacements = new Set<Replacement>();
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
    const codec = newCodec();
    this.#membership = new Membership(checked, codec, load, this.#emit);
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
    const checked = checkAddProcsOptions(options);
    const replacement =
      checked.replacements === 0
        ? undefined
        : this.#replacement(manager, checked.labels, checked.replacements);
    return this.#launch(manager, {
      ...checked,
      ...(replacement && { onJoined: (pid) => replacement.joined(pid) }),
    });
  }

  /** Removes workers: each is asked to exit, then forced. Resolves when they are gone. Unknown pids throw. */
  async rmProcs(pids: number | readonly number[], options: RmProcsOptions = {}): Promise<void> {
    const list = typeof pids === "number" ? [pids] : pids;
    if (list.includes(1)) throw new RangeError("process 1 is the manager; it cannot be removed (use close)");
    onlyKnown("rmProcs", options, ["graceMs"]);
    const graceMs = milliseconds("graceMs", options.graceMs ?? this.#leaveGraceMs, 0);
    await this.#membership.remove([...new Set(list)], graceMs);
  }

  /**
   * The pids, ascending, of all processes that the filter lets through; the manager's is among them unless labels are
   * asked for. Throws a `NoSuchProcessError` or `ProcessExitedError` for a `sameHostAs` that is none.
   */
  procs(filter: ProcessFilter = {}): number[] {
    const workers = this.workers(filter);
    const { labels, sameHostAs } = filter;
    if (
      labels !== undefined ||
      (sameHostAs !== undefined && !isSameHost(ownPlace(), this.#placeOf(sameHostAs)))
    ) {
      return workers;
    }
    return [1, ...workers];
  }

  /**
   * The workers' pids, ascending; empty when there are none. (Julia answers `[1]` then.)
   *
   * @example
   * const pool = cluster.workers({ labels: { disk: "ssd" } });
   */
  workers(filter: ProcessFilter = {}): number[] {
    const { labels = {}, sameHostAs } = checkProcessFilter(filter);
    const place = sameHostAs === undefined ? undefined : this.#placeOf(sameHostAs);
    return this.#membership.members.available
      .filter(({ info }) => hasLabels(info.labels, labels))
      .filter(({ info }) => place === undefined || isSameHost(placeOf(info), place))
      .map(({ pid }) => pid);
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
    for (const replacement of this.#replacements) replacement.stop();
    this.#replacements.clear();
    const closed = this.#membership.close();
    this.#changes.emit("change");
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #placeOf(pid: number): ProcessPlace {
    return pid === 1 ? ownPlace() : placeOf(this.#membership.members.get(pid).info);
  }

  #launch<Details>(manager: ClusterManager<Details>, options: LaunchOptions): Launch<Details> {
    const launch = this.#membership.launch(manager, options);
    this.#launching++;
    launch.then(
      () => this.#launchEnded(undefined),
      (error: unknown) => this.#launchEnded(error),
    );
    return launch;
  }

  #replacement(manager: ClusterManager, labels: Labels, limit: number): Replacement {
    const replacement: Replacement = new Replacement(limit, {
      launch: (count) =>
        this.#launch(manager, {
          workers: { min: 1, max: count },
          labels,
          onJoined: (pid) => replacement.joined(pid),
        }),
      pending: () => void this.#launching++,
      settled: () => {
        this.#launching--;
        this.#changes.emit("change");
      },
      gaveUp: (count) => {
        const message = `${count} workers that are gone were not replaced: too many replacements failed, or the limit is reached`;
        this.#emit("failed", {
          launchId: "",
          manager: manager.name,
          failure: { count, cause: "not replaced", message },
        });
      },
    });
    this.#replacements.add(replacement);
    return replacement;
  }

  readonly #emit: Emit = (name, event) => {
    // Before maps look for workers: they wait for one that is on its way.
    for (const replacement of this.#replacements) tellOfLoss(replacement, name, event);
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

  #launchEnded(error: unknown): void {
    this.#launching--;
    this.#lastLaunchError = error;
    this.#changes.emit("change");
  }
}

/** Events after which a map has other workers to work with. */
const changing: ReadonlySet<keyof ClusterEvents> = new Set(["joined", "leaving", "exited"]);

function ownPlace(): ProcessPlace {
  return { host: undefined, hostname: hostname() };
}

function tellOfLoss(
  replacement: Replacement,
  name: keyof ClusterEvents,
  event: Partial<ClusterEvents["leaving"][0] & ClusterEvents["exited"][0]>,
): void {
  if (name !== "leaving" && name !== "exited") return;
  const isRemoved = event.isAsked === true || event.reason?.kind === "removed";
  if (isRemoved) replacement.removed(event.pid!);
  else replacement.lost(event.pid!);
}

function checkManager(manager: unknown): void {
  if (isRecord(manager) && typeof manager["launch"] === "function") return;
  throw new TypeError(`addProcs needs a cluster manager, such as new LocalManager(4), not ${show(manager)}`);
}
