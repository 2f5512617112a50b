import type { FoundProcess, ProcessDirectory } from "./calls/call-process.js";
import type { CallTarget } from "./calls/call-target.js";
import type { Future } from "./calls/future.js";
import { ProcessHandle } from "./calls/process-handle.js";
import { checkProcessFilter, hasLabels, isSameHost, type ProcessFilter } from "./calls/process-filter.js";
import { Caller, type FunctionSource } from "./calls/remote-call.js";
import { checkMapOptions, inputIterator, type MapOptions } from "./pool/map-options.js";
import { ParallelMap } from "./pool/parallel-map.js";

/** What only the manager knows: whether more workers may come. */
export interface WorkerSupply {
  /** There is no worker at all, and none is on its way. */
  isEmpty(): boolean;
  /** Workers may still come without anyone doing anything. */
  mayGrow(): boolean;
  /** Why the last launch failed, if it did. */
  lastLaunchError(): unknown;
}

export interface ClusterViewOptions {
  readonly directory: ProcessDirectory;
  readonly functions: FunctionSource;
  readonly supply: WorkerSupply;
  /** What maps use when there is no worker. */
  readonly local: FoundProcess;
}

/**
 * A cluster as any of its processes sees it: every process can call every other. `Cluster`, the manager's own, adds
 * what only the manager can do. Code that may run anywhere gets the one of its process from `currentCluster()`.
 */
export abstract class ClusterView {
  readonly #directory: ProcessDirectory;
  readonly #caller: Caller;
  readonly #supply: WorkerSupply;
  readonly #local: FoundProcess;

  protected constructor({ directory, functions, supply, local }: ClusterViewOptions) {
    this.#directory = directory;
    this.#caller = new Caller(functions, directory);
    this.#supply = supply;
    this.#local = local;
  }

  /**
   * The pids, ascending, of all processes that the filter lets through; the manager's is among them unless labels are
   * asked for. Throws a `NoSuchProcessError` or `ProcessExitedError` for a `sameHostAs` that is none.
   */
  procs(filter: ProcessFilter = {}): number[] {
    const workers = this.workers(filter);
    const { labels, sameHostAs } = filter;
    if (labels !== undefined) return workers;
    if (sameHostAs === undefined) return [1, ...workers];
    return isSameHost(this.#directory.placeOf(1), this.#directory.placeOf(sameHostAs))
      ? [1, ...workers]
      : workers;
  }

  /**
   * The workers' pids, ascending; empty when there are none. (Julia answers `[1]` then.)
   *
   * @example
   * const pool = cluster.workers({ labels: { disk: "ssd" } });
   */
  workers(filter: ProcessFilter = {}): number[] {
    const { labels = {}, sameHostAs } = checkProcessFilter(filter);
    const place = sameHostAs === undefined ? undefined : this.#directory.placeOf(sameHostAs);
    return this.#directory.workers
      .filter((worker) => hasLabels(worker.labels, labels))
      .filter((worker) => place === undefined || isSameHost(worker.place, place))
      .map(({ pid }) => pid);
  }

  nprocs(): number {
    return this.#directory.workers.length + 1;
  }

  nworkers(): number {
    return this.#directory.workers.length;
  }

  /** The id of this process in this cluster: 1 for the manager. */
  myId(): number {
    return this.#directory.myPid;
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
   * A process to call functions on, or `any` worker, with the options that all its calls take.
   *
   * @example
   * const any = cluster.process("any").with({ timeoutMs: 5_000, retries: 2 });
   * const area = await any.fetch(areaOf, polygon);
   */
  process(target: CallTarget): ProcessHandle {
    return new ProcessHandle(this, typeof target === "object" ? target : { pid: target });
  }

  /**
   * Applies a function to every item, on all workers, and gives the results. Items are taken from the input
   * only as workers need them, so it may be endless. The items of a worker that dies run again on another one. Without
   * any workers it runs in this process, with the same rules. A function that a map runs may run a map itself.
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
    const local = this.#supply.isEmpty() ? [this.#local] : [];
    const directory = this.#directory;
    return new ParallelMap(
      {
        reference: (signal) => this.#caller.reference(fn, signal),
        processes: () => {
          const { callable } = directory;
          return callable.length === 0 ? local : callable;
        },
        mayGrow: () => this.#supply.mayGrow(),
        lastLaunchError: () => this.#supply.lastLaunchError(),
        isClosed: () => directory.isClosed,
        onChange: (listener) => directory.onChange(listener),
      },
      input,
      checked,
    );
  }
}
