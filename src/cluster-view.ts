import type { FoundProcess, ProcessDirectory } from "./calls/call-process.js";
import type { CallTarget, RemoteCallTarget, RemoteDoTarget } from "./calls/call-target.js";
import { checkPid } from "./calls/pid.js";
import { ProcessHandle } from "./calls/process-handle.js";
import { ReferenceMaker } from "./calls/reference-maker.js";
import type {
  BoundChannelOptions,
  BroadcastOptions,
  ChannelOptions,
  ReferenceOptions,
} from "./calls/reference-options.js";
import { checkProcessFilter, hasLabels, isSameHost, type ProcessFilter } from "./calls/process-filter.js";
import { Caller, type FunctionSource } from "./calls/remote-call.js";
import { composedReference } from "./functions/composed-reference.js";
import type { FunctionReference } from "./functions/function-reference.js";
import type { CachingPool } from "./calls/caching-pool.js";
import {
  checkLoopOptions,
  combine,
  loopItems,
  type LoopOptions,
  type ReduceOptions,
} from "./pool/distributed-loop.js";
import { guidedChunks } from "./pool/guided-chunks.js";
import { checkMapOptions, checkPool, type MapOptions } from "./pool/map-options.js";
import { iteratorOf, sizeOf } from "./pool/items.js";
import { ParallelMap } from "./pool/parallel-map.js";
import { staysHere } from "./protocol/stays-here.js";
import type { PlacedBroadcast } from "./references/broadcast.js";
import type { ChannelBackend } from "./references/channel-backend.js";
import type { Future } from "./references/future.js";
import type { HeldReferences, References } from "./references/references.js";
import type { RemoteChannel } from "./references/remote-channel.js";
import { ReferenceScope } from "./references/scope.js";
import type { Range } from "./pool/range.js";
import type { WorkerPool } from "./calls/worker-pool.js";
import { callable } from "./util/option-checks.js";
import { Workplaces, type WorkerSupply } from "./pool/workplaces.js";

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
  readonly #workplaces: Workplaces;

  protected constructor({ directory, references, functions, supply, local }: ClusterViewOptions) {
    this.#directory = directory;
    this.#references = references;
    this.#caller = new Caller(functions, directory, references);
    this.#maker = new ReferenceMaker(directory, references, this.#caller);
    this.#workplaces = new Workplaces({ directory, supply, local });
  }

  /** @internal */
  get [staysHere](): string {
    return "call currentCluster() of rollcall/worker where the function runs";
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

  /** As `procs`, without this process (`other_procs` of Julia's DistributedNext). */
  otherProcs(filter: ProcessFilter = {}): number[] {
    return this.procs(filter).filter((pid) => pid !== this.myId());
  }

  /** As `workers`, without this process: on a worker, its peers (`other_workers` of Julia's DistributedNext). */
  otherWorkers(filter: ProcessFilter = {}): number[] {
    return this.workers(filter).filter((pid) => pid !== this.myId());
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
    target: RemoteCallTarget,
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

  /**
   * Gives every worker, or those with the given pids, a copy of a value. The value is encoded once, and most workers get it from
   * other workers. Others, such as those that join later, get it from here when they first fetch it. The copies are there until
   * what this gives is released. Rejects with a `SerializationError` for a value that cannot travel, or holds references, with
   * a `NoSuchProcessError` or `ProcessExitedError` for a pid that is none, and when the wait is over; then nothing stays
   * anywhere. A worker that ends meanwhile is left out.
   *
   * @example
   * using model = await cluster.broadcast(await loadModel());
   * const labels = await cluster.pmap(async (text) => classify(await model.fetch(), text), texts);
   */
  broadcast<T>(value: T, options: BroadcastOptions = {}): Promise<PlacedBroadcast<T>> {
    return this.#maker.broadcast(value, options) as Promise<PlacedBroadcast<T>>;
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
    const pids = pid === undefined ? this.procs() : [checkPid("heldReferences", pid)];
    await Promise.all(pids.map((each) => this.#references.flushed(each)));
    return Promise.all(pids.map((each) => this.#references.countOf(each)));
  }

  /**
   * As `remoteCall`, but resolves when the call has ended; the result is still with the worker, until its future is
   * fetched or released. Rejects as `remoteCallFetch` does.
   */
  remoteCallWait<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    target: CallTarget,
    ...args: A
  ): Promise<Future<Awaited<R>>> {
    return this.#caller.callWait(fn, target, args) as Promise<Future<Awaited<R>>>;
  }

  /**
   * Calls and forgets. Resolves when the call has been handed to the connection; a failure is printed by the worker. A
   * worker of a pool is given back at once then, and may be given the next call while it still runs this one.
   */
  remoteDo<A extends readonly unknown[]>(
    fn: (...args: A) => unknown,
    target: RemoteDoTarget,
    ...args: A
  ): Promise<void> {
    return this.#caller.callAndForget(fn, target, args);
  }

  /**
   * A process to call functions on, or `any` worker, or those of a pool, with the options that all its calls take.
   *
   * @example
   * const any = cluster.process("any").with({ timeoutMs: 5_000, retryDelays: exponentialBackOff() });
   * const area = await any.fetch(areaOf, polygon);
   */
  process(target: CallTarget): ProcessHandle {
    return new ProcessHandle(this, target);
  }

  /**
   * Applies a function to every item, on all workers, and gives the results. Items are taken from the input
   * only as workers need them, so it may be endless. The items of a worker that dies run again on another one. Without
   * any workers it runs in this process, with the same rules. A function that a map runs may run a map itself. `zip` makes one
   * input of several.
   *
   * @example
   * const thumbnails = await cluster.pmap(makeThumbnail, files);
   * for await (const score of cluster.pmap(simulate, seeds(), { order: "finished" })) best = Math.max(best, score);
   */
  pmap<T, R, S = never>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options: MapOptions<T, S> = {},
  ): ParallelMap<T, Awaited<R> | Awaited<S>> {
    callable("pmap", fn);
    const checked = checkMapOptions<T>(options);
    const input = iteratorOf("pmap", items);
    const find = async (signal: AbortSignal): Promise<FunctionReference> => {
      const reference = await this.#caller.reference(fn, signal);
      return checked.batch === 1 ? reference : composedReference("each", reference);
    };
    const context = this.#workplaces.mapContext(find, checked.pool, sizeOf(items));
    return new ParallelMap(context, input, checked);
  }

  /**
   * Runs a loop on all workers: they are given chunks of it, which get smaller towards the end, and each runs one item at
   * a time. With `reduce` it gives
   * the results of `body`, combined in the order of the items; without, it resolves when all are done (Julia's
   * `@distributed` returns at once then). The chunk of a worker that dies runs again from its beginning, so `body` must
   * be one that may run twice. Rejects with the first error, unless `retryDelays` allow its chunk to run again.
   *
   * @example
   * const hits = await cluster.distributed(range(1_000_000), throwDart, { reduce: (a, b) => a + b });
   */
  distributed<T, R>(
    items: Range | Iterable<T> | ArrayLike<T>,
    body: (item: T) => R,
    options: ReduceOptions<Awaited<R>>,
  ): Promise<Awaited<R>>;
  distributed<T>(
    items: Range | Iterable<T> | ArrayLike<T>,
    body: (item: T) => unknown,
    options?: LoopOptions,
  ): Promise<void>;
  async distributed<T>(
    items: Iterable<T> | ArrayLike<T>,
    body: (item: T) => unknown,
    options: LoopOptions | ReduceOptions<never> = {},
  ): Promise<unknown> {
    callable("distributed", body);
    const checked = checkLoopOptions(options);
    const all = loopItems(items);
    const { reduce } = checked;
    const find = async (signal: AbortSignal): Promise<FunctionReference> => {
      if (reduce === undefined) return composedReference("run", await this.#caller.reference(body, signal));
      const [first, second] = await Promise.all([
        this.#caller.reference(body, signal),
        this.#caller.reference(reduce, signal),
      ]);
      return composedReference("fold", first, second);
    };
    const context = this.#workplaces.mapContext(find, checked.map.pool);
    const chunks = guidedChunks(all, () => context.processes().length);
    return combine(new ParallelMap(context, chunks, checked.map), checked);
  }

  /**
   * A function that runs `fn` on a free worker of the pool, by default of the cluster's `defaultWorkerPool`, and waits
   * for one if none is free. It rejects as `remoteCallFetch` does.
   *
   * @example
   * const resizeRemotely = cluster.remote(resize);
   * const images = await Promise.all(files.map((file) => resizeRemotely(file, 320)));
   */
  remote<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    pool?: WorkerPool,
  ): (...args: A) => Promise<Awaited<R>> {
    callable("remote", fn);
    const chosen = pool === undefined ? undefined : checkPool(pool);
    return (...args) => this.remoteCallFetch(fn, chosen ?? this.defaultWorkerPool, ...args);
  }

  /** A pool of these processes, by default of all workers that are there now. Throws for a pid that is no process. */
  workerPool(pids?: Iterable<number>): WorkerPool {
    return this.#workplaces.pool(pids);
  }

  /** As `workerPool`, and the functions that are called on it stay with its workers until it is cleared. */
  cachingPool(pids?: Iterable<number>): CachingPool {
    return this.#workplaces.cachingPool(pids);
  }

  /**
   * The pool of `remote`, to which each worker is pushed when it joins. While it is empty, and nobody is on the way, it
   * hands out this process. It may be replaced by another pool, which workers that join later are pushed to.
   */
  get defaultWorkerPool(): WorkerPool {
    return this.#workplaces.defaultPool;
  }

  set defaultWorkerPool(pool: WorkerPool) {
    this.#workplaces.defaultPool = checkPool(pool);
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
    target: RemoteCallTarget,
    ...args: A
  ): Promise<Future<Awaited<R>>> {
    return this.use(await this.#cluster.remoteCall(fn, target, ...args));
  }

  /** As `future` of the cluster; it is released with the scope. */
  async future<T>(options?: ReferenceOptions): Promise<Future<T>> {
    return this.use(await this.#cluster.future<T>(options));
  }

  /** As `broadcast` of the cluster; its copies are dropped with the scope. */
  async broadcast<T>(value: T, options?: BroadcastOptions): Promise<PlacedBroadcast<T>> {
    return this.use(await this.#cluster.broadcast(value, options));
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
