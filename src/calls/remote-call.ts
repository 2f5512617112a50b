import { CallTimeoutError, ClusterClosedError } from "../errors.js";
import type { FunctionFinder } from "../functions/function-finder.js";
import type { FunctionReference } from "../functions/function-reference.js";
import type { CallableProcess, Processes } from "./call-process.js";
import { checkTarget, type CallOptions, type CallTarget } from "./call-target.js";
import { Future } from "./future.js";

export type Callable = (...args: never[]) => unknown;

/** Sends calls to the processes of a cluster. */
export class Caller {
  readonly #finder: FunctionFinder;
  readonly #processes: Processes;
  #isClosed = false;

  constructor(finder: FunctionFinder, processes: Processes) {
    this.#finder = finder;
    this.#processes = processes;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** The name under which workers find this function. */
  reference(fn: Callable, signal?: AbortSignal): FunctionReference | Promise<FunctionReference> {
    if (this.#isClosed) throw new ClusterClosedError("the cluster was closed; its workers are gone");
    if (typeof fn !== "function") throw new TypeError(`a remote call needs a function, not ${typeof fn}`);
    return this.#finder.known(fn) ?? this.#finder.find(fn, signal);
  }

  async callFetch(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<unknown> {
    const options = checkTarget(target);
    options.signal?.throwIfAborted();
    const found = this.reference(fn, options.signal);
    const reference = found instanceof Promise ? await found : found;
    const { process } = this.#processes.find(options.pid);
    if (!process.hasRoom) await process.room();
    try {
      return await awaitReply(process, reference, args, options);
    } catch (error) {
      // Made here, the trace goes on, through `await`, to the code that made the call.
      throw withCallSite(error);
    }
  }

  async call(fn: Callable, target: CallTarget, args: readonly unknown[]): Promise<Future<unknown>> {
    const options = checkTarget(target);
    const found = this.reference(fn, options.signal);
    const reference = found instanceof Promise ? await found : found;
    const { pid, process } = this.#processes.find(options.pid);
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
    const options = checkTarget(target);
    const found = this.reference(fn, options.signal);
    const reference = found instanceof Promise ? await found : found;
    const { process } = this.#processes.find(options.pid);
    if (!process.hasRoom) await process.room();
    process.callAndForget(reference, args);
  }
}

function awaitReply(
  process: CallableProcess,
  reference: FunctionReference,
  args: readonly unknown[],
  { signal, timeoutMs }: CallOptions,
): Promise<unknown> {
  if (signal === undefined && timeoutMs === undefined) {
    return new Promise((resolve, reject) => process.call(reference, args, { resolve, reject }));
  }
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => giveUp(signal!.reason);
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
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
    const giveUp = (reason: unknown): void => {
      settle();
      if (id >= 0) process.abandon(id);
      reject(reason);
    };
    if (id < 0) return;
    signal?.addEventListener("abort", onAbort, { once: true });
    if (timeoutMs !== undefined) {
      timer = setTimeout(
        () => giveUp(new CallTimeoutError(`the call did not end within ${timeoutMs} ms`)),
        timeoutMs,
      );
    }
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
