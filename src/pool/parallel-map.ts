import { ClusterClosedError, LinkLostError, NoWorkersError, ProcessExitedError } from "../errors.js";
import type { CallableProcess } from "../calls/call-process.js";
import type { FunctionReference } from "../functions/function-reference.js";
import { deferred, type Deferred } from "../util/deferred.js";
import type { CheckedMapOptions } from "./map-options.js";
import { MapPlan, type MapItem } from "./map-plan.js";
import { MapWorker } from "./map-worker.js";

/** What a map needs of its cluster. */
export interface MapContext {
  readonly reference: (signal: AbortSignal) => FunctionReference | Promise<FunctionReference>;
  /** The processes that may be given items now. Empty while workers are only on their way. */
  readonly processes: () => readonly { readonly pid: number; readonly process: CallableProcess }[];
  /** Whether workers may still come without anyone doing anything. */
  readonly mayGrow: () => boolean;
  /** Why the last launch failed, if it did. */
  readonly lastLaunchError: () => unknown;
  readonly isClosed: () => boolean;
  /** Calls back when workers come or go, a launch ends or the cluster closes. Returns how to stop that. */
  readonly onChange: (listener: () => void) => () => void;
}

/** Results that wait for their reader, beyond what is being worked on, before no more items are sent. */
const READ_AHEAD = 16;

/**
 * A map under way; it began when it was made. Awaited, it gives all results in the order of the input. Iterated, it
 * gives each as `order` says, and goes no further ahead than its reader and its workers need. It ends when all items
 * are done, with the first error, or when it is aborted or its iteration is left; what is then still running on the
 * workers is abandoned. Each result is handed out once: await it or iterate it, not both.
 */
export class ParallelMap<T, R> implements Promise<R[]>, AsyncIterable<R> {
  readonly [Symbol.toStringTag] = "ParallelMap";
  readonly #context: MapContext;
  readonly #options: CheckedMapOptions;
  readonly #input: Iterator<T> | AsyncIterator<T>;
  readonly #plan: MapPlan<T, R>;
  readonly #workers = new Map<number, MapWorker>();
  readonly #over = new AbortController();
  readonly #results: (readonly [index: number, result: R])[] = [];
  readonly #all = deferred<R[]>();
  #reader: Deferred<void> | undefined;
  #isIterated = false;
  #isAwaited = false;
  #reference: FunctionReference | undefined;
  /** The item that an asynchronous input is about to give. */
  #isReading = false;
  #isPumping = false;
  #end: { readonly error?: unknown } | undefined;
  #stopListening: () => void = () => {};

  constructor(context: MapContext, input: Iterator<T> | AsyncIterator<T>, options: CheckedMapOptions) {
    this.#context = context;
    this.#input = input;
    this.#options = options;
    this.#plan = new MapPlan(options);
    this.#all.promise.catch(() => {});
    void this.#start();
  }

  then<A = R[], B = never>(
    onResult?: ((results: R[]) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isAwaited = true;
    return this.#all.promise.then(onResult, onError);
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<R[] | B> {
    return this.then(undefined, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<R[]> {
    return this.then().finally(onEnd);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<R, void, void> {
    for await (const [, result] of this.entries()) yield result;
  }

  /** Iterates pairs of an item's position in the input and its result. */
  async *entries(): AsyncGenerator<readonly [index: number, result: R], void, void> {
    if (this.#isIterated || this.#isAwaited) {
      throw new TypeError(
        "the results of a pmap are handed out once: it has been awaited or iterated already",
      );
    }
    this.#isIterated = true;
    try {
      for (;;) {
        const next = this.#results.shift();
        if (next !== undefined) {
          this.#pump();
          yield next;
        } else if (this.#end === undefined) {
          this.#reader = deferred();
          await this.#reader.promise;
        } else if ("error" in this.#end) throw this.#end.error;
        else return;
      }
    } finally {
      this.#finish({ error: new TypeError("the iteration of this pmap was left") });
    }
  }

  async #start(): Promise<void> {
    const { signal } = this.#options;
    const onAbort = (): void => this.#finish({ error: signal!.reason });
    try {
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true, signal: this.#over.signal });
      const found = this.#context.reference(this.#over.signal);
      this.#reference = found instanceof Promise ? await found : found;
      if (this.#end !== undefined) return;
      this.#stopListening = this.#context.onChange(() => this.#workersChanged());
      this.#workersChanged();
    } catch (error) {
      this.#finish({ error });
    }
  }

  #workersChanged(): void {
    if (this.#context.isClosed()) {
      return this.#finish({
        error: new ClusterClosedError("the cluster was closed while the map was running"),
      });
    }
    const present = this.#context.processes();
    for (const { pid, process } of present) {
      if (!this.#workers.has(pid))
        this.#workers.set(pid, new MapWorker(pid, process, this.#options.concurrency));
    }
    const pids = new Set(present.map(({ pid }) => pid));
    for (const pid of this.#workers.keys()) if (!pids.has(pid)) this.#workers.delete(pid);
    if (
      present.length === 0 &&
      !this.#context.mayGrow() &&
      this.#plan.running === 0 &&
      !this.#plan.isComplete
    ) {
      const error = new NoWorkersError(
        "no worker is left to go on with, and none is on its way; add some with addProcs",
        { cause: this.#context.lastLaunchError() },
      );
      this.#finish({ error });
    }
    this.#pump();
  }

  /** Gives items to workers as long as both are there. */
  #pump(): void {
    if (this.#isPumping || this.#end !== undefined || this.#reference === undefined) return;
    this.#isPumping = true;
    try {
      while (this.#end === undefined) {
        const quietest = this.#plan.hasSuspects ? this.#quietestWorker() : undefined;
        if (quietest !== undefined && quietest.running === 0) {
          quietest.isReserved = true;
          this.#send(quietest, this.#plan.takeSuspect()!);
          continue;
        }
        // With suspects waiting the quietest worker gets no more, so that it will soon have room for one alone.
        const worker = this.#freeWorker(quietest);
        if (worker === undefined) break;
        // What runs again is what results wait for: it needs no room among them.
        const item = this.#plan.takeAgain() ?? (this.#hasRoomAhead() ? this.#takeInput() : undefined);
        if (item === undefined) break;
        this.#send(worker, item);
      }
    } catch (error) {
      // The input threw.
      this.#finish({ error });
    } finally {
      this.#isPumping = false;
    }
    this.#awaitRoom();
    this.#checkComplete();
  }

  /** Goes on when a worker whose connection is crowded, perhaps by others' calls, has room again. */
  #awaitRoom(): void {
    for (const worker of this.#workers.values()) {
      if (worker.process.hasRoom || !worker.process.isOpen || worker.isAwaited) continue;
      worker.isAwaited = true;
      void worker.process.room().then(() => {
        worker.isAwaited = false;
        this.#pump();
      });
    }
  }

  /** With a reader, results must not pile up; without one they are all kept anyway. */
  #hasRoomAhead(): boolean {
    if (!this.#isIterated) return true;
    let windows = 0;
    for (const worker of this.#workers.values()) windows += worker.windowSize;
    return this.#results.length + this.#plan.held < READ_AHEAD + 2 * windows;
  }

  #quietestWorker(): MapWorker | undefined {
    let best: MapWorker | undefined;
    for (const worker of this.#workers.values()) {
      if (worker.canBeReserved && (best === undefined || worker.running < best.running)) best = worker;
    }
    return best;
  }

  #freeWorker(except: MapWorker | undefined): MapWorker | undefined {
    let best: MapWorker | undefined;
    for (const worker of this.#workers.values()) {
      if (worker === except) continue;
      if (worker.canTakeMore && (best === undefined || worker.running < best.running)) best = worker;
    }
    return best;
  }

  #takeInput(): MapItem<T> | undefined {
    if (this.#isReading || this.#inputIsOver) return undefined;
    const next = this.#input.next();
    if (!isThenable(next)) return this.#inputGave(next);
    this.#isReading = true;
    Promise.resolve(next).then(
      (result) => {
        this.#isReading = false;
        const item = this.#inputGave(result);
        if (item !== undefined) this.#plan.putBack(item);
        this.#pump();
      },
      (error: unknown) => this.#finish({ error }),
    );
    return undefined;
  }

  #inputIsOver = false;

  #inputGave(result: IteratorResult<T>): MapItem<T> | undefined {
    if (result.done !== true) return this.#plan.take(result.value);
    this.#inputIsOver = true;
    this.#plan.inputEnded();
    return undefined;
  }

  #send(worker: MapWorker, item: MapItem<T>): void {
    worker.began();
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
      worker.ended();
      worker.calls.delete(id);
    };
    let id = -1;
    id = worker.process.call(this.#reference!, [item.value], {
      resolve: (value) => {
        settle();
        this.#succeeded(item, value as R);
      },
      reject: (error) => {
        settle();
        this.#failed(worker, item, error);
      },
    });
    if (!isSettled && id >= 0) worker.calls.add(id);
  }

  #succeeded(item: MapItem<T>, value: R): void {
    if (this.#end !== undefined) return;
    for (const entry of this.#plan.succeeded(item, value)) this.#results.push(entry);
    this.#tellProgress();
    this.#reader?.resolve();
    this.#pump();
  }

  #failed(worker: MapWorker, item: MapItem<T>, error: unknown): void {
    if (this.#end !== undefined) return;
    const isLost = error instanceof ProcessExitedError || error instanceof LinkLostError;
    if (!isLost) return this.#finish({ error });
    this.#workers.delete(worker.pid);
    // A worker that was told to leave takes its items' attempts with it, and no blame falls on them.
    const isAnnounced =
      error instanceof ProcessExitedError &&
      (error.reason.kind === "removed" || error.reason.announced === true);
    if (isAnnounced) this.#plan.putBack(item);
    else {
      const setAside = this.#plan.workerDied(item, error);
      if (setAside !== undefined) return this.#finish({ error: setAside });
    }
    this.#workersChanged();
  }

  #tellProgress(): void {
    const { done, running, taken } = this.#plan;
    try {
      this.#options.onProgress?.({ done, running, taken });
    } catch (error) {
      // It is called while a worker's message is read, which it must not disturb.
      this.#finish({ error });
    }
  }

  #checkComplete(): void {
    if (this.#end === undefined && !this.#isReading && this.#plan.isComplete) this.#finish({});
  }

  /** The one place where a map ends. */
  #finish(end: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#over.abort();
    this.#stopListening();
    for (const worker of this.#workers.values()) {
      for (const id of worker.calls) worker.process.abandon(id);
      worker.calls.clear();
    }
    this.#workers.clear();
    if (!this.#inputIsOver) void this.#closeInput();
    if (!("error" in end)) this.#all.resolve(this.#isIterated ? [] : this.#inOrder());
    else {
      this.#all.reject(end.error);
      // Nobody has asked for the outcome yet, and perhaps nobody will: then it must not pass in silence.
      if (!this.#isIterated && !this.#isAwaited) setImmediate(() => this.#reportUnheard(end.error));
    }
    this.#reader?.resolve();
  }

  #reportUnheard(error: unknown): void {
    if (!this.#isIterated && !this.#isAwaited) void Promise.reject(error);
  }

  #inOrder(): R[] {
    if (this.#options.order === "input") return this.#results.map(([, result]) => result);
    return this.#results.toSorted(([a], [b]) => a - b).map(([, result]) => result);
  }

  /** Lets a generator run its `finally`. */
  async #closeInput(): Promise<void> {
    try {
      await this.#input.return?.();
    } catch {
      // The map has ended already, with its own result or error; this one has nobody to go to.
    }
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as { then?: unknown }).then === "function";
}
