import { CallTimeoutError, ClusterClosedError } from "../errors.js";
import type { FunctionReference, FoundReference } from "../functions/function-reference.js";
import { CachingPool } from "./caching-pool.js";
import { WorkerPool } from "./worker-pool.js";
import type { CallableProcess, ProcessDirectory } from "./call-process.js";
import { checkTarget, checkUnlimitedTarget, type CallTarget, type CheckedTarget } from "./call-target.js";
import { abortable } from "../util/time-limit.js";
import { Future } from "./future.js";

export type Callable = (...args: never[]) => unknown;

/** How other processes get a function. */
export interface FunctionSource {
  /** What is known already, without waiting. */
  known(fn: Function): FoundReference | undefined;
  find(fn: Function, signal?: AbortSignal): Promise<FoundReference>;
}

/** Sends calls to the processes of a cluster. */
export class Caller {
  readonly #functions: FunctionSource;
  readonly #directory: ProcessDirectory;

  constructor(functions: FunctionSource, directory: ProcessDirectory) {
    this.#functions = functions;
    this.#directory = directory;
  }

  /** How others get this function. */
  reference(fn: Callable, signal?: AbortSignal): FoundReference | Promise<FoundReference> {
    if (this.#directory.isClosed) {
      throw new ClusterClosedError("the cluster was closed; its workers are gone");
    }
    if (typeof fn !== "function") throw new TypeError(`a remote call needs a function, not ${typeof fn}`);
    return this.#functions.known(fn) ?? this.#functions.find(fn, signal);
  }

  async callFetch(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<unknown> {
    const checked = checkTarget(target);
    try {
      if (checked.signal === undefined && checked.timeoutMs === undefined) {
        return await this.#fetch(fn, checked.where, args, undefined);
      }
      return await limited(checked, (signal) => this.#fetch(fn, checked.where, args, signal));
    } catch (error) {
      // Made here, the trace goes on, through `await`, to the code that made the call.
      throw withCallSite(error);
    }
  }

  async call(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<Future<unknown>> {
    return this.#start(fn, checkUnlimitedTarget("remoteCall", target), args, undefined);
  }

  async callWait(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<Future<unknown>> {
    const checked = checkTarget(target);
    try {
      return await limited(checked, async (signal) => {
        const future = await this.#start(fn, checked.where, args, signal);
        try {
          await abortable(future.wait(), signal);
        } catch (error) {
          future.release();
          throw error;
        }
        return future;
      });
    } catch (error) {
      throw withCallSite(error);
    }
  }

  async callAndForget(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<void> {
    const where = checkUnlimitedTarget("remoteDo", target);
    const found = this.reference(fn);
    const reference = found instanceof Promise ? await found : found;
    const { process, free } = await this.#place(where, reference, undefined);
    try {
      process.callAndForget(reference, args);
    } finally {
      // Nobody will hear when such a call ends.
      free?.();
    }
  }

  async #start(
    fn: Callable,
    where: CheckedTarget["where"],
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<Future<unknown>> {
    const found = this.reference(fn, signal);
    const reference = found instanceof Promise ? await found : found;
    const { pid, process, free } = await this.#place(where, reference, signal);
    const keepAs = process.newReference();
    let refused: { error: unknown } | undefined;
    let isStarting = true;
    const future = new Future(pid, process, keepAs, (done) => {
      process.callAndKeep(reference, args, keepAs, {
        resolve: () => {
          free?.();
          done.resolve();
        },
        reject: (error) => {
          free?.();
          if (isStarting) refused = { error };
          done.reject(error);
        },
      });
    });
    isStarting = false;
    if (refused !== undefined) throw refused.error;
    return future;
  }

  async #fetch(
    fn: Callable,
    where: CheckedTarget["where"],
    args: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const found = this.reference(fn, signal);
    const reference = found instanceof Promise ? await found : found;
    if (signal !== undefined || where instanceof WorkerPool) {
      const { process, free } = await this.#place(where, reference, signal);
      return awaitReply(process, reference, args, signal, free);
    }
    const place = this.#directory.find(where);
    const { process } = place instanceof Promise ? await place : place;
    if (!process.hasRoom) await process.room();
    return new Promise((resolve, reject) => process.call(reference, args, { resolve, reject }));
  }

  /** The process for a call, with room on its connection. One of a pool is taken until `free` is called, once. */
  async #place(
    where: CheckedTarget["where"],
    reference: FunctionReference,
    signal: AbortSignal | undefined,
  ): Promise<Place> {
    const taken = where instanceof WorkerPool ? await takeFrom(where, reference, signal) : undefined;
    try {
      const target = taken?.pid ?? (where as Exclude<typeof where, WorkerPool>);
      const place = this.#directory.find(target, signal);
      const { pid, process } = place instanceof Promise ? await place : place;
      if (!process.hasRoom) {
        await (signal === undefined ? process.room() : abortable(process.room(), signal));
      }
      return { pid, process, free: taken?.free };
    } catch (error) {
      taken?.free();
      throw error;
    }
  }
}

/** Where one call runs. */
interface Place {
  readonly pid: number;
  readonly process: CallableProcess;
  /** Gives the process back to its pool, if it is from one. */
  readonly free: (() => void) | undefined;
}

async function takeFrom(
  pool: WorkerPool,
  reference: FunctionReference,
  signal: AbortSignal | undefined,
): Promise<{ readonly pid: number; readonly free: () => void }> {
  const pid = await pool.take(signal === undefined ? {} : { signal });
  const ended = pool instanceof CachingPool ? pool.keep(reference) : undefined;
  return {
    pid,
    free: () => {
      pool.put(pid);
      ended?.();
    },
  };
}

/** Runs `work` with a signal that aborts with the caller's own, or when the time of the call is up. */
export async function limited<T>(
  {
    signal,
    timeoutMs,
  }: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number | undefined },
  work: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal!.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const onTime = (): void =>
    controller.abort(new CallTimeoutError(`the call did not end within ${timeoutMs} ms`));
  const timer = timeoutMs === undefined ? undefined : setTimeout(onTime, timeoutMs);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** The reply to a call, which is abandoned when the signal aborts. `ended` is called, once, when the process is done. */
export function awaitReply(
  process: CallableProcess,
  reference: FunctionReference,
  args: readonly unknown[],
  signal: AbortSignal | undefined,
  ended?: () => void,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      ended?.();
      return reject(signal.reason as Error);
    }
    const onAbort = (): void => {
      if (id >= 0) process.abandon(id, ended);
      reject(signal!.reason as Error);
    };
    const settle = (): void => {
      signal?.removeEventListener("abort", onAbort);
      ended?.();
    };
    const id = process.call(reference, args, {
      resolve: (value) => {
        settle();
        resolve(value);
      },
      reject: (error) => {
        settle();
        reject(error);
      },
    });
    if (id >= 0) signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** Gives an error that was made when a message arrived the stack of the call that it belongs to. */
function withCallSite(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const callSite = new Error().stack?.split("\n").slice(2).join("\n");
  if (callSite !== undefined && "remoteStack" in error) {
    error.stack = `${error.name}: ${error.message}\n${callSite}\n    --- on the worker ---\n${String(error.remoteStack)}`;
  }
  return error;
}
