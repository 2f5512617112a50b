import { onlyKnown, plainObject, show } from "../util/option-checks.js";
import {
  checkTarget,
  optionNames,
  type CallLimits,
  type CallOptions,
  type CallTarget,
  type PoolCallOptions,
  type RetryOptions,
} from "./call-target.js";
import { staysHere } from "../protocol/stays-here.js";
import type { Future } from "../references/future.js";
import type { Callable } from "./remote-call.js";
import { areRepeatable } from "./retry-delays.js";
import { WorkerPool } from "./worker-pool.js";

/** What a handle sends its calls through: a cluster, as one of its processes sees it. */
export interface HandleCalls {
  remoteCallFetch(fn: Callable, target: CallTarget, ...args: readonly unknown[]): Promise<unknown>;
  remoteCall(fn: Callable, target: CallTarget, ...args: readonly unknown[]): Promise<Future<unknown>>;
  remoteDo(fn: Callable, target: CallTarget, ...args: readonly unknown[]): Promise<void>;
}

/** The functions of a module, each to be called on another process. What cannot be called, classes too, is left out. */
export type RemoteModule<Module> = {
  readonly [
    Name in keyof Module as Module[Name] extends (...args: never[]) => unknown ? Name : never
  ]: Module[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/**
 * A process of the cluster to call functions on, or `any` of its workers, or the free ones of a pool, with the options of
 * its calls: `remoteCallFetch` and its like with the target left out. Made by `cluster.process`; holds nothing, and needs no closing.
 */
export class ProcessHandle {
  readonly #calls: HandleCalls;
  readonly #options: CallOptions | PoolCallOptions;

  /** Throws as a call with these options would. */
  constructor(calls: HandleCalls, target: CallTarget) {
    this.#calls = calls;
    const { where, ...checked } = checkTarget(target);
    const delays = typeof target === "object" && "retryDelays" in target ? target.retryDelays : undefined;
    // Those that are new each time they are read, as of `exponentialBackOff`, are read anew for each call.
    const options =
      delays !== undefined && areRepeatable(delays) ? { ...checked, retryDelays: delays } : checked;
    this.#options = where instanceof WorkerPool ? { ...options, pool: where } : { ...options, pid: where };
  }

  /** @internal */
  get [staysHere](): string {
    return "make one where it is used, with currentCluster().process(pid)";
  }

  /** Undefined for a pool's. */
  get pid(): CallOptions["pid"] | undefined {
    return "pid" in this.#options ? this.#options.pid : undefined;
  }

  get pool(): WorkerPool | undefined {
    return "pool" in this.#options ? this.#options.pool : undefined;
  }

  /** The same process with further options for every call; those given earlier stay, where they are not given again. */
  with(options: CallLimits & RetryOptions): ProcessHandle {
    onlyKnown("with", plainObject("the options of with", options), optionNames);
    const { pid, pool } = this;
    const where = pool === undefined ? { pid: pid! } : { pool };
    return new ProcessHandle(this.#calls, { ...this.#options, ...options, ...where });
  }

  /** As `cluster.remoteCallFetch`: the result. */
  fetch<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<Awaited<R>> {
    return this.#calls.remoteCallFetch(fn, this.#options, ...args) as Promise<Awaited<R>>;
  }

  /** As `cluster.remoteCall`: a future of the result, which stays with the worker. */
  call<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<Future<Awaited<R>>> {
    return this.#calls.remoteCall(fn, this.#options, ...args) as Promise<Future<Awaited<R>>>;
  }

  /** As `cluster.remoteDo`: calls and forgets. */
  do<A extends readonly unknown[]>(fn: (...args: A) => unknown, ...args: A): Promise<void> {
    return this.#calls.remoteDo(fn, this.#options, ...args);
  }

  /**
   * The functions of a module as functions of that process: each gives a promise of its result, as `fetch` does. Types are
   * inferred; of a generic function the parameters become unknown, and of an overloaded one the last signature counts: call
   * those with `fetch`.
   *
   * @example
   * import * as geometry from "./geometry.js";
   * const remote = cluster.process("any").module(geometry);
   * const area = await remote.area(polygon);
   */
  module<Module extends object>(module: Module): RemoteModule<Module> {
    if (typeof module !== "object" || module === null) {
      throw new TypeError(`module needs the namespace of a module (import * as name), not ${show(module)}`);
    }
    const remote: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      if (typeof value !== "function") continue;
      remote[name] = (...args: readonly unknown[]) =>
        this.#calls.remoteCallFetch(value as Callable, this.#options, ...args);
    }
    return Object.freeze(remote) as RemoteModule<Module>;
  }
}
