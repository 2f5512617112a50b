import { ClusterClosedError } from "../errors.js";
import type { FunctionReference } from "../functions/function-reference.js";
import type { CallableProcess, ProcessDirectory } from "./call-process.js";
import { abortable } from "../util/time-limit.js";
import { CallLimit, isLimited } from "./call-limit.js";
import { retried } from "./call-retries.js";
import {
  checkTarget,
  checkTargetWithoutRetries,
  checkUnlimitedTarget,
  type CallOptions,
  type CallTarget,
} from "./call-target.js";
import type { Future } from "../references/future.js";
import type { ReferenceId } from "../references/reference-id.js";
import type { References } from "../references/references.js";
import { deferred } from "../util/deferred.js";

export type Callable = (...args: never[]) => unknown;

/** How other processes get a function. */
export interface FunctionSource {
  /** What is known already, without waiting. */
  known(fn: Function): FunctionReference | undefined;
  find(fn: Function, signal?: AbortSignal): Promise<FunctionReference>;
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

  /** The name under which others find this function. */
  reference(fn: Callable, signal?: AbortSignal): FunctionReference | Promise<FunctionReference> {
    if (this.#directory.isClosed) {
      throw new ClusterClosedError("the cluster was closed; its workers are gone");
    }
    if (typeof fn !== "function") throw new TypeError(`a remote call needs a function, not ${typeof fn}`);
    return this.#functions.known(fn) ?? this.#functions.find(fn, signal);
  }

  async callFetch(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<unknown> {
    const options = checkTarget(target);
    try {
      if (!isLimited(options)) return await this.#fetch(fn, options.pid, args, undefined);
      const limit = new CallLimit(options);
      try {
        return await retried(options, limit.signal, () => this.#fetch(fn, options.pid, args, limit));
      } finally {
        limit.end();
      }
    } catch (error) {
      // Made here, the trace goes on, through `await`, to the code that made the call.
      throw withCallSite(error);
    }
  }

  async call(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<Future<unknown>> {
    const options = checkTargetWithoutRetries("remoteCall", target);
    const limit = isLimited(options) ? new CallLimit(options) : undefined;
    const { id, done } = await this.callAndKeep(fn, options.pid, args, limit);
    const future = this.#references.future(id, done);
    done.catch(() => {
      // Nobody waits for what it may still give.
      if (limit?.signal.aborted === true) future.release();
    });
    return future;
  }

  /** Calls a function whose result stays where it runs, under a new reference. `done` is told of its end. */
  async callAndKeep(
    fn: Callable,
    where: CallOptions["pid"],
    args: readonly unknown[],
    limit?: CallLimit,
  ): Promise<{ readonly id: ReferenceId; readonly done: Promise<void> }> {
    try {
      const found = this.reference(fn, limit?.signal);
      const reference = found instanceof Promise ? await found : found;
      const place = this.#directory.find(where, limit?.signal);
      const { pid, process } = place instanceof Promise ? await place : place;
      await room(process, limit);
      limit?.signal.throwIfAborted();
      const id = this.#references.newId(pid);
      const done = deferred<void>();
      // Perhaps nobody will ever ask for it.
      done.promise.catch(() => {});
      const settled = {
        resolve: () => {
          limit?.end();
          done.resolve();
        },
        reject: (error: unknown) => {
          limit?.end();
          done.reject(error);
        },
      };
      const call = process.callAndKeep(reference, args, [id.creator, id.number], settled, limit?.leftMs);
      if (call === -1) {
        this.#references.unusedId(id);
        await done.promise;
      }
      limit?.signal.addEventListener(
        "abort",
        () => {
          process.abandon(call, limit.rule);
          settled.reject(limit.signal.reason);
        },
        { once: true },
      );
      return { id, done: done.promise };
    } catch (error) {
      limit?.end();
      throw error;
    }
  }

  async callAndForget(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<void> {
    const where = checkUnlimitedTarget("remoteDo", target);
    const found = this.reference(fn);
    const reference = found instanceof Promise ? await found : found;
    const place = this.#directory.find(where);
    const { process } = place instanceof Promise ? await place : place;
    if (!process.hasRoom) await process.room();
    process.callAndForget(reference, args);
  }

  async #fetch(
    fn: Callable,
    pid: CallOptions["pid"],
    args: readonly unknown[],
    limit: CallLimit | undefined,
  ): Promise<unknown> {
    const found = this.reference(fn, limit?.signal);
    const reference = found instanceof Promise ? await found : found;
    const place = this.#directory.find(pid, limit?.signal);
    const { process } = place instanceof Promise ? await place : place;
    if (!process.hasRoom) await room(process, limit);
    return limit === undefined
      ? new Promise((resolve, reject) => process.call(reference, args, { resolve, reject }))
      : awaitReply(process, reference, args, limit);
  }
}

async function room(process: CallableProcess, limit: CallLimit | undefined): Promise<void> {
  if (process.hasRoom) return;
  await (limit === undefined ? process.room() : abortable(process.room(), limit.signal));
}

/** The reply to a call, which is abandoned when its limit is reached. */
export function awaitReply(
  process: CallableProcess,
  reference: FunctionReference,
  args: readonly unknown[],
  { signal, rule, leftMs }: Pick<CallLimit, "signal" | "rule" | "leftMs">,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => {
      if (id >= 0) process.abandon(id, rule);
      reject(signal.reason);
    };
    const settle = (): void => signal.removeEventListener("abort", onAbort);
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
    const id = process.call(reference, args, settled, leftMs);
    if (id >= 0) signal.addEventListener("abort", onAbort, { once: true });
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
