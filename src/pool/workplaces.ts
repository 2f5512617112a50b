import type { FoundProcess, ProcessDirectory } from "../calls/call-process.js";
import type { FunctionReference } from "../functions/function-reference.js";
import { CachingPool, type CachingPoolContext } from "../calls/caching-pool.js";
import type { MapContext, WaitingWork } from "./map-run.js";
import { checkPids } from "../calls/pid.js";
import { WorkerPool, type EmptyPoolRule } from "../calls/worker-pool.js";

const MANAGER = 1;

/** What only the manager knows: whether more workers may come. */
export interface WorkerSupply {
  /** There is no worker at all, and none is on its way. */
  isEmpty(): boolean;
  /** Workers may still come without anyone doing anything. */
  mayGrow(): boolean;
  /** Why the last launch failed, if it did. */
  lastLaunchError(): unknown;
  /** This work is under way; returns how to say that it is over. */
  underWay(work: WaitingWork): () => void;
}

export interface WorkplacesOptions {
  readonly directory: ProcessDirectory;
  readonly supply: WorkerSupply;
  /** Who works when there is no worker. */
  readonly local: FoundProcess;
}

/** How workers get the function of a map. The signal aborts when the map is over. */
export type FindReference = (over: AbortSignal) => FunctionReference | Promise<FunctionReference>;

/** Where the maps and pools of a process work: on the workers of its cluster, and without any in this process. */
export class Workplaces {
  readonly #directory: ProcessDirectory;
  readonly #supply: WorkerSupply;
  readonly #local: FoundProcess;
  readonly #poolContext: CachingPoolContext;
  /** Counts changes of the workers, and of pools. */
  #changes = 0;
  readonly #pushListeners = new Set<() => void>();
  /** Workers that have been pushed to a default pool. */
  #pushed: ReadonlySet<number> = new Set();
  #defaultPool: WorkerPool;

  constructor({ directory, supply, local }: WorkplacesOptions) {
    this.#directory = directory;
    this.#supply = supply;
    this.#local = local;
    this.#poolContext = {
      directory,
      localPid: local.pid,
      check: (pid) => void directory.placeOf(pid),
      callable: () => new Set([MANAGER, ...directory.workers.map(({ pid }) => pid)]),
      pushed: () => this.#poolChanged(),
      changes: () => this.#changes,
      refresh: (pool) => this.#pushNewcomers(pool),
      onChange: (listener) => this.#onChange(listener),
      whenEmpty: (pool) => this.#whenEmpty(pool),
      forget: (reference) => {
        for (const { process } of directory.callable) process.forget(reference);
      },
    };
    this.#defaultPool = this.pool([]);
    // First of all, so that whoever listens later finds the change counted. It lives as long as the directory.
    directory.onChange(() => this.#changes++);
    // As long as the directory, too.
    const pool = (): WorkerPool => this.#defaultPool;
    supply.underWay({
      get waiting() {
        return pool().waiting;
      },
    });
  }

  /** Every worker that joins becomes a member of it. */
  get defaultPool(): WorkerPool {
    return this.#defaultPool;
  }

  set defaultPool(pool: WorkerPool) {
    pool.checkIsOf(this.#directory);
    this.#pushNewcomers(this.#defaultPool);
    this.#defaultPool = pool;
    this.#poolChanged();
  }

  /** A pool of these processes, by default of all workers that are there. */
  pool(pids: Iterable<number> = this.#pids()): WorkerPool {
    return new WorkerPool(this.#poolContext, checkPids("workerPool", pids));
  }

  cachingPool(pids: Iterable<number> = this.#pids()): CachingPool {
    return new CachingPool(this.#poolContext, checkPids("cachingPool", pids));
  }

  /** What a map needs that works on the members of `pool`, or on all workers. Throws for a pool of another cluster. */
  mapContext(reference: FindReference, pool: WorkerPool | undefined, size?: number): MapContext {
    pool?.checkIsOf(this.#directory);
    const places =
      pool === undefined || pool === this.#defaultPool ? this.#allPlaces() : this.#placesOf(pool);
    return {
      ...places,
      reference: pool instanceof CachingPool ? keptBy(pool, reference) : reference,
      lastLaunchError: () => this.#supply.lastLaunchError(),
      isClosed: () => this.#directory.isClosed,
      onChange: (listener) => this.#onChange(listener),
      underWay: (work) => this.#supply.underWay(work),
      size,
    };
  }

  #allPlaces(): Pick<MapContext, "processes" | "mayGrow"> {
    const local = this.#supply.isEmpty() ? [this.#local] : [];
    return {
      processes: () => {
        const { callable } = this.#directory;
        return callable.length === 0 ? local : callable;
      },
      mayGrow: () => this.#supply.mayGrow(),
    };
  }

  #placesOf(pool: WorkerPool): Pick<MapContext, "processes" | "mayGrow"> {
    return {
      processes: () => {
        const members = new Set(pool.workers);
        const places = this.#directory.callable.filter(({ pid }) => members.has(pid));
        const { pid } = this.#local;
        return members.has(pid) && !places.some((place) => place.pid === pid)
          ? [this.#local, ...places]
          : places;
      },
      mayGrow: () => false,
    };
  }

  #pids(): number[] {
    return this.#directory.workers.map(({ pid }) => pid);
  }

  #pushNewcomers(pool: WorkerPool): void {
    if (pool !== this.#defaultPool) return;
    const pids = this.#pids();
    for (const pid of pids) if (!this.#pushed.has(pid)) pool.admit(pid);
    this.#pushed = new Set(pids);
  }

  #whenEmpty(pool: WorkerPool): EmptyPoolRule {
    if (pool !== this.#defaultPool || this.#directory.isClosed) return "fail";
    return this.#supply.isEmpty() ? "this process" : "wait";
  }

  #onChange(listener: () => void): () => void {
    this.#pushListeners.add(listener);
    const stop = this.#directory.onChange(listener);
    return () => {
      this.#pushListeners.delete(listener);
      stop();
    };
  }

  #poolChanged(): void {
    this.#changes++;
    for (const listener of this.#pushListeners) listener();
  }
}

/** The function stays with the workers of the pool at least as long as the map. */
function keptBy(pool: CachingPool, find: FindReference): FindReference {
  return async (over) => {
    const found = await find(over);
    if (!over.aborted) over.addEventListener("abort", pool.keep(found), { once: true });
    return found;
  };
}
