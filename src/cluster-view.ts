import type { FoundProcess, ProcessDirectory } from "./calls/call-process.js";
import type { CallTarget } from "./calls/call-target.js";
import { ProcessHandle } from "./calls/process-handle.js";
import { ReferenceMaker } from "./calls/reference-maker.js";
import type { BoundChannelOptions, ChannelOptions, ReferenceOptions } from "./calls/reference-options.js";
import { checkProcessFilter, hasLabels, isSameHost, type ProcessFilter } from "./calls/process-filter.js";
import { Caller, type FunctionSource } from "./calls/remote-call.js";
import { checkMapOptions, inputIterator, type MapOptions } from "./pool/map-options.js";
import { ParallelMap } from "./pool/parallel-map.js";
import type { ChannelBackend } from "./references/channel-backend.js";
import type { Future } from "./references/future.js";
import type { HeldReferences, References } from "./references/references.js";
import type { RemoteChannel } from "./references/remote-channel.js";
import { ReferenceScope } from "./references/scope.js";

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
  readonly references: References;
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
  readonly #references: References;
  readonly #maker: ReferenceMaker;
  readonly #supply: WorkerSupply;
  readonly #local: FoundProcess;

  protected constructor({ directory, references, functions, supply, local }: ClusterViewOptions) {
    this.#directory = directory;
    this.#references = references;
    this.#caller = new Caller(functions, directory, references);
    this.#maker = new ReferenceMaker(directory, references, this.#caller);
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

  /**
   * An empty future, which whoever holds it sets with `put`, once. It lives in this process, or in that with the given pid.
   *
   * @example
   * const ready = await cluster.future<string>();
   * await cluster.remoteDo(serve, 2, ready);
   * console.log(await ready.fetch({ timeoutMs: 5_000 }));
   */
  future<T>(options: ReferenceOptions = {}): Promise<Future<T>> {
    return this.#maker.future(options) as Promise<Future<T>>;
  }

  /**
   * A channel between processes. It lives in this process, or in that with the given pid, and holds `capacity` values
   * (default 1) before a `put` waits. With a function, that function makes what the channel is made of, in the process in
   * which it lives.
   *
   * @example
   * using jobs = await cluster.channel<string>({ capacity: 1_000 });
   * for (const pid of cluster.workers()) await cluster.remoteDo(work, pid, jobs);
   * for (const file of files) await jobs.put(file);
   * await jobs.close();
   */
  channel<T>(options?: ChannelOptions): Promise<RemoteChannel<T>>;
  channel<T>(
    backend: () => ChannelBackend<T> | PromiseLike<ChannelBackend<T>>,
    options?: BoundChannelOptions,
  ): Promise<RemoteChannel<T>>;
  channel<T>(
    backend: ChannelOptions | (() => ChannelBackend<T> | PromiseLike<ChannelBackend<T>>) = {},
    options: BoundChannelOptions = {},
  ): Promise<RemoteChannel<T>> {
    return this.#maker.channel(backend, options) as unknown as Promise<RemoteChannel<T>>;
  }

  /** References that are released together, at the end of a block; see `Scope`. */
  scope(): Scope {
    return new Scope(this, () => this.#references.flushed(this.myId()));
  }

  /**
   * Asks every process, or one, what it has to do with references: values that live there, references that it holds,
   * requests that wait there. All zero, nothing is left: of use in tests, and to find out who keeps what. What the garbage
   * collector has not found yet counts as held.
   */
  async heldReferences(pid?: number): Promise<HeldReferences[]> {
    const pids = pid === undefined ? this.procs() : [pid];
    await Promise.all(pids.map((each) => this.#references.flushed(each)));
    return Promise.all(pids.map((each) => this.#references.countOf(each)));
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

/** A scope of references, with the methods of its cluster that make them. Made by `cluster.scope()`. */
export class Scope extends ReferenceScope {
  readonly #cluster: ClusterView;

  /** @internal */
  constructor(cluster: ClusterView, flush: () => Promise<void>) {
    super(flush);
    this.#cluster = cluster;
  }

  /** As `remoteCall` of the cluster; the future is released with the scope. */
  async remoteCall<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    target: CallTarget,
    ...args: A
  ): Promise<Future<Awaited<R>>> {
    return this.use(await this.#cluster.remoteCall(fn, target, ...args));
  }

  /** As `future` of the cluster; it is released with the scope. */
  async future<T>(options?: ReferenceOptions): Promise<Future<T>> {
    return this.use(await this.#cluster.future<T>(options));
  }

  /** As `channel` of the cluster; it is released with the scope. */
  channel<T>(options?: ChannelOptions): Promise<RemoteChannel<T>>;
  channel<T>(
    backend: () => ChannelBackend<T> | PromiseLike<ChannelBackend<T>>,
    options?: BoundChannelOptions,
  ): Promise<RemoteChannel<T>>;
  async channel<T>(
    backend: ChannelOptions | (() => ChannelBackend<T> | PromiseLike<ChannelBackend<T>>) = {},
    options: BoundChannelOptions = {},
  ): Promise<RemoteChannel<T>> {
    const made = this.#cluster.channel<T>(
      backend as () => ChannelBackend<T> | PromiseLike<ChannelBackend<T>>,
      options,
    );
    return this.use(await made);
  }
}
