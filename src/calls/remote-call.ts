import { CallTimeoutError, ClusterClosedError } from "../errors.js";
import type { FunctionReference } from "../functions/function-reference.js";
import type { CallableProcess, ProcessDirectory } from "./call-process.js";
import { checkTarget, checkUnlimitedTarget, type CallOptions, type CallTarget } from "./call-target.js";
import { abortable } from "../util/time-limit.js";
import { Future } from "./future.js";

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

  constructor(functions: FunctionSource, directory: ProcessDirectory) {
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
      if (options.signal === undefined && options.timeoutMs === undefined) {
        return await this.#fetch(fn, options.pid, args, undefined);
      }
      return await limited(options, (signal) => this.#fetch(fn, options.pid, args, signal));
    } catch (error) {
      // Made here, the trace goes on, through `await`, to the code that made the call.
      throw withCallSite(error);
    }
  }

  async call(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<Future<unknown>> {
    const where = checkUnlimitedTarget("remoteCall", target);
    const found = this.reference(fn);
    const reference = found instanceof Promise ? await found : found;
    const place = this.#directory.find(where);
    const { pid, process } = place instanceof Promise ? await place : place;
    if (!process.hasRoom) await process.room();
    const keepAs = process.newReference();
    let refused: { error: unknown } | undefined;
    let isStarting = true;
    const future = new Future(pid, process, keepAs, (done) => {
      process.callAndKeep(reference, args, keepAs, {
        resolve: () => done.resolve(),
        reject: (error) => {
          if (isStarting) refused = { error };
          done.reject(error);
        },
      });
    });
    isStarting = false;
    if (refused !== undefined) throw refused.error;
    return future;
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
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const found = this.reference(fn, signal);
    const reference = found instanceof Promise ? await found : found;
    const place = this.#directory.find(pid, signal);
    const { process } = place instanceof Promise ? await place : place;
    if (!process.hasRoom) await (signal === undefined ? process.room() : abortable(process.room(), signal));
    return signal === undefined
      ? new Promise((resolve, reject) => process.call(reference, args, { resolve, reject }))
      : awaitReply(process, reference, args, signal);
  }
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

/** The reply to a call, which is abandoned when the signal aborts. */
export function awaitReply(
  process: CallableProcess,
  reference: FunctionReference,
  args: readonly unknown[],
  signal: AbortSignal,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => {
      if (id >= 0) process.abandon(id);
      reject(signal.reason);
    };
    const settle = (): void => signal.removeEventListener("abort", onAbort);
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
