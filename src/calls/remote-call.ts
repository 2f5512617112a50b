import { ClusterClosedError } from "../errors.js";
import type { FunctionReference, FoundReference } from "../functions/function-reference.js";
import { withCallSite } from "../rpc/call-site.js";
import { callable } from "../util/option-checks.js";
import { abortable } from "../util/time-limit.js";
import { CachingPool } from "./caching-pool.js";
import { CallLimit, isLimited } from "./call-limit.js";
import type { CallableProcess, ProcessDirectory } from "./call-process.js";
import { retried } from "./call-retries.js";
import {
  checkTarget,
  checkTargetWithoutRetries,
  checkUnlimitedTarget,
  type CallTarget,
  type CheckedTarget,
} from "./call-target.js";
import type { Future } from "../references/future.js";
import type { ReferenceId } from "../references/reference-id.js";
import type { References } from "../references/references.js";
import { deferred } from "../util/deferred.js";
import { WorkerPool } from "./worker-pool.js";

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
  readonly #references: References;

  constructor(functions: FunctionSource, directory: ProcessDirectory, references: References) {
    this.#references = references;
    this.#functions = functions;
    this.#directory = directory;
  }

  /** How others get this function. */
  reference(fn: Callable, signal?: AbortSignal): FoundReference | Promise<FoundReference> {
    if (this.#directory.isClosed) {
      throw new ClusterClosedError("the cluster was closed; its workers are gone");
    }
    callable("a remote call", fn);
    return this.#functions.known(fn) ?? this.#functions.find(fn, signal);
  }

  async callFetch(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<unknown> {
    const checked = checkTarget(target);
    const { where } = checked;
    try {
      if (!isLimited(checked)) return await this.#fetch(fn, where, args, undefined);
      return await withinLimit(checked, (limit) => this.#fetch(fn, where, args, limit));
    } catch (error) {
      // Made here, the trace goes on, through `await`, to the code that made the call.
      throw withCallSite(error);
    }
  }

  async call(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<Future<unknown>> {
    const checked = checkTargetWithoutRetries("remoteCall", target);
    const limit = isLimited(checked) ? new CallLimit(checked) : undefined;
    try {
      const { future, done } = await this.#start(fn, checked.where, args, limit);
      const end = (): void => limit?.end();
      done.then(end, end);
      return future;
    } catch (error) {
      limit?.end();
      throw error;
    }
  }

  async callWait(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<Future<unknown>> {
    const checked = checkTarget(target);
    const attempt = async (limit: CallLimit | undefined): Promise<Future<unknown>> => {
      const { future, done } = await this.#start(fn, checked.where, args, limit);
      try {
        await done;
      } catch (error) {
        future.release();
        throw error;
      }
      return future;
    };
    try {
      return await (isLimited(checked) ? withinLimit(checked, attempt) : attempt(undefined));
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
    limit: CallLimit | undefined,
  ): Promise<{ readonly future: Future<unknown>; readonly done: Promise<void> }> {
    const { id, done } = await this.callAndKeep(fn, where, args, limit);
    const future = this.#references.future(id, done);
    done.catch(() => {
      // Nobody waits for what it may still give.
      if (limit?.signal.aborted === true) future.release();
    });
    return { future, done };
  }

  /** Calls a function whose result stays where it runs, under a new reference. `done` is told of its end. */
  async callAndKeep(
    fn: Callable,
    where: CheckedTarget["where"],
    args: readonly unknown[],
    limit?: CallLimit,
  ): Promise<{ readonly id: ReferenceId; readonly done: Promise<void> }> {
    const signal = limit?.signal;
    const found = this.reference(fn, signal);
    const reference = found instanceof Promise ? await found : found;
    const { pid, process, free } = await this.#place(where, reference, signal);
    if (signal?.aborted === true) {
      free?.();
      throw signal.reason;
    }
    const id = this.#references.newId(pid);
    const done = deferred<void>();
    // Perhaps nobody will ever ask for it.
    done.promise.catch(() => {});
    const onAbort = (): void => {
      process.abandon(call, limit!.rule, free);
      done.reject(signal!.reason);
    };
    const settle = (): void => {
      signal?.removeEventListener("abort", onAbort);
      free?.();
    };
    const settled = {
      resolve: () => {
        settle();
        done.resolve();
      },
      reject: (error: unknown) => {
        settle();
        done.reject(error);
      },
    };
    const call = process.callAndKeep(reference, args, [id.creator, id.number], settled, limit?.leftMs);
    if (call === -1) {
      this.#references.unusedId(id);
      await done.promise;
    }
    signal?.addEventListener("abort", onAbort, { once: true });
    return { id, done: done.promise };
  }

  async #fetch(
    fn: Callable,
    where: CheckedTarget["where"],
    args: readonly unknown[],
    limit: CallLimit | undefined,
  ): Promise<unknown> {
    const found = this.reference(fn, limit?.signal);
    const reference = found instanceof Promise ? await found : found;
    if (limit !== undefined || where instanceof WorkerPool) {
      const { process, free } = await this.#place(where, reference, limit?.signal);
      return awaitReply(process, reference, args, limit, free);
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
    if (where instanceof WorkerPool) where.checkIsOf(this.#directory);
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

/** Makes the attempts of one call, which all share its limit. */
async function withinLimit<T>(target: CheckedTarget, attempt: (limit: CallLimit) => Promise<T>): Promise<T> {
  const limit = new CallLimit(target);
  try {
    return await retried(target, limit.signal, () => attempt(limit));
  } catch (error) {
    throw limit.reasonFor(error);
  } finally {
    limit.end();
  }
}

/**
 * The reply to a call, which is abandoned when its limit is reached. `ended` is called, once, when the process is done
 * with the call, which may be later.
 */
export function awaitReply(
  process: CallableProcess,
  reference: FunctionReference,
  args: readonly unknown[],
  limit: Pick<CallLimit, "signal" | "rule" | "leftMs"> | undefined,
  ended?: () => void,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const signal = limit?.signal;
    if (signal?.aborted === true) {
      ended?.();
      return reject(signal.reason as Error);
    }
    const onAbort = (): void => {
      process.abandon(id, limit!.rule, ended);
      reject(signal!.reason as Error);
    };
    const settle = (): void => {
      signal?.removeEventListener("abort", onAbort);
      ended?.();
    };
    const settled = {
      resolve: (value: unknown) => {
        settle();
        resolve(value);
      },
      reject: (error: unknown) => {
        settle();
        reject(error);
      },
    };
    const id = process.call(reference, args, settled, limit?.leftMs);
    if (id >= 0) signal?.addEventListener("abort", onAbort, { once: true });
  });
}
