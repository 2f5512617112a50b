import {
  CallTimeoutError,
  ClusterClosedError,
  LinkLostError,
  NoWorkersError,
  ProcessExitedError,
  SerializationError,
} from "../errors.js";
import type { CallableProcess } from "../calls/call-process.js";
import type { EachOutcome } from "../functions/compositions.js";
import { GLOBAL_MODULE, type FunctionReference } from "../functions/function-reference.js";
import { remoteError } from "../rpc/failure.js";
import type { PendingCall } from "../rpc/pending-calls.js";
import { onceAborted } from "../util/abort-listeners.js";
import { sharedAbortController } from "../util/shared-abort.js";
import { delay } from "../util/time-limit.js";
import type { CheckedMapOptions } from "./map-options.js";
import type { ItemsIterator } from "./items.js";
import { MapInput } from "./map-input.js";
import { MapPlan, type AttemptEnd, type MapItem, type Verdict } from "./map-plan.js";
import type { MapWorker } from "./map-worker.js";
import { MapWorkers } from "./map-workers.js";
import { ProgressTeller } from "./progress-teller.js";

/** What a map needs of its cluster. */
export interface MapContext {
  /** The function to call: with one item, or, if the map goes in batches, with a list of items (`each`). */
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
  /** This work is under way; returns how to say that it is over. */
  readonly underWay: (work: WaitingWork) => () => void;
  /** How many items the input has, if that is known. */
  readonly size?: number | undefined;
}

/** Work that more workers could do. */
export interface WaitingWork {
  /** How many more workers would have something to do at once; infinite if nobody can say. */
  readonly waiting: number;
}

export type MapEnd = { readonly error?: unknown };

/** Who gets the results of a map. */
export interface MapResults<R> {
  /** Results that nobody has read yet; undefined if all are kept anyway. */
  readonly unread: () => number | undefined;
  readonly take: (entries: readonly (readonly [index: number, result: R])[]) => void;
  /** Called once. */
  readonly end: (end: MapEnd) => void;
}

/** Results that wait for their reader, beyond what is being worked on, before no more items are sent. */
const READ_AHEAD = 16;

/** In this time a worker has been stopped in a call, or it cannot be. */
const STOPPING_MS = 5_000;

/** Answered as soon as a worker has time for anything. */
const sign: FunctionReference = { module: GLOBAL_MODULE, export: "Boolean", name: "Boolean" };

/** Moves the items of one map to the workers and the results back; what becomes of each item, its plan says. */
export class MapRun<T, R> implements WaitingWork {
  readonly #context: MapContext;
  readonly #options: CheckedMapOptions<T>;
  readonly #results: MapResults<R>;
  readonly #input: MapInput<T>;
  readonly #plan: MapPlan<T, R>;
  readonly #workers: MapWorkers;
  readonly #over = sharedAbortController();
  readonly #progress: ProgressTeller | undefined;
  readonly #timers = new Set<NodeJS.Timeout>();
  #reference: FunctionReference | undefined;
  #isPumping = false;
  #isOver = false;
  #stopListening: () => void = () => {};
  #stopHearing: () => void = () => {};
  #ended: () => void = () => {};

  constructor(
    context: MapContext,
    input: ItemsIterator<T>,
    options: CheckedMapOptions<T>,
    results: MapResults<R>,
  ) {
    this.#context = context;
    this.#input = new MapInput(
      input,
      {
        gave: (next) => {
          if (next === undefined) this.#plan.inputEnded();
          else this.#plan.putBack(this.#plan.take(next.value));
          this.pump();
        },
        failed: (error) => this.finish({ error }),
      },
      context.size,
    );
    this.#options = options;
    this.#results = results;
    this.#plan = new MapPlan(options);
    this.#workers = new MapWorkers(options, () => this.pump());
    if (options.onProgress !== undefined) {
      this.#progress = new ProgressTeller(options.progressMs, () => this.#tellProgress());
    }
  }

  async start(): Promise<void> {
    const { signal } = this.#options;
    const onAbort = (): void => this.finish({ error: signal!.reason });
    try {
      if (signal?.aborted === true) return onAbort();
      if (signal !== undefined) this.#stopHearing = onceAborted(signal, onAbort);
      const found = this.#context.reference(this.#over.signal);
      this.#reference = found instanceof Promise ? await found : found;
      if (this.#isOver) return;
      this.#ended = this.#context.underWay(this);
      this.#stopListening = this.#context.onChange(() => this.#workersChanged());
      this.#workersChanged();
    } catch (error) {
      this.finish({ error });
    }
  }

  get waiting(): number {
    if (this.#isOver) return 0;
    return this.#plan.waiting + (this.#hasRoomAhead() ? this.#input.left : 0);
  }

  /** Gives items to workers as long as both are there. */
  pump(): void {
    if (this.#isPumping || this.#isOver || this.#reference === undefined) return;
    this.#isPumping = true;
    try {
      while (!this.#isOver) {
        const quietest = this.#plan.hasSuspects ? this.#workers.quietest() : undefined;
        if (quietest !== undefined && quietest.running === 0) {
          quietest.isReserved = true;
          this.#send(quietest, [this.#plan.takeSuspect()!]);
          continue;
        }
        // With suspects waiting the quietest worker gets no more, so that it will soon have room for one alone.
        const worker = this.#workers.free(quietest);
        if (worker === undefined) break;
        const items = this.#takeItems(worker.batchSize);
        if (items === undefined) break;
        this.#send(worker, items);
      }
    } catch (error) {
      // The input threw.
      this.finish({ error });
    } finally {
      this.#isPumping = false;
    }
    this.#workers.awaitRoom();
    if (!this.#isOver && this.#plan.isComplete) this.finish({});
  }

  /** The one place where a map ends. */
  finish(end: MapEnd): void {
    if (this.#isOver) return;
    this.#progress?.end();
    // Its listener may have ended the map itself.
    if (this.#isOver) return;
    this.#isOver = true;
    this.#over.abort();
    this.#stopListening();
    this.#stopHearing();
    this.#ended();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#workers.abandonAll();
    void this.#input.close();
    this.#results.end(end);
  }

  #workersChanged(): void {
    if (this.#context.isClosed()) {
      return this.finish({
        error: new ClusterClosedError("the cluster was closed while the map was running"),
      });
    }
    const present = this.#context.processes();
    this.#workers.update(present);
    if (
      present.length === 0 &&
      !this.#context.mayGrow() &&
      this.#plan.running === 0 &&
      this.#plan.undecided === 0 &&
      !this.#plan.isComplete
    ) {
      const error = new NoWorkersError(
        "no worker is left to go on with, and none is on its way; add some with addProcs",
        { cause: this.#context.lastLaunchError() },
      );
      this.finish({ error });
    }
    this.pump();
  }

  /** With a reader, results must not pile up; without one they are all kept anyway. */
  #hasRoomAhead(): boolean {
    const unread = this.#results.unread();
    if (unread === undefined) return true;
    return unread + this.#plan.held < READ_AHEAD + 2 * this.#workers.windows;
  }

  /** What goes in one message, if there is anything. */
  #takeItems(most: number): MapItem<T>[] | undefined {
    // What runs again is what results wait for: it needs no room among them.
    const first = this.#plan.takeAgain("any") ?? this.#takeInput();
    if (first === undefined) return undefined;
    const items = [first];
    while (items.length < most && !first.isAlone) {
      const item = this.#plan.takeAgain("not alone") ?? this.#takeInput();
      if (item === undefined) break;
      items.push(item);
    }
    return items;
  }

  #takeInput(): MapItem<T> | undefined {
    if (!this.#hasRoomAhead()) return undefined;
    const next = this.#input.next();
    if (this.#input.isOver) this.#plan.inputEnded();
    return next === undefined ? undefined : this.#plan.take(next.value);
  }

  #send(worker: MapWorker, items: readonly MapItem<T>[]): void {
    worker.began();
    let isSettled = false;
    let timer: NodeJS.Timeout | undefined;
    let id = -1;
    /** False if the outcome comes too late. */
    const settle = (): boolean => {
      if (isSettled) return false;
      isSettled = true;
      if (timer !== undefined) this.#clearTimer(timer);
      worker.ended(items.length);
      worker.calls.delete(id);
      return !this.#isOver;
    };
    const { itemTimeoutMs, stopRule, batch } = this.#options;
    const isBatched = batch !== 1;
    const argument = isBatched ? items.map((item) => item.value) : items[0]!.value;
    const settling: PendingCall = {
      resolve: (value) => {
        if (!settle()) return;
        if (isBatched) this.#batchEnded(worker, items, value as EachOutcome);
        else this.#deliver(this.#plan.succeeded(items[0]!, value as R));
      },
      reject: (error) => {
        if (!settle()) return;
        // The worker watches the time too, and its word may be as fast as this process's own timer.
        if (performance.now() >= upAt && !isLoss(error)) this.#timeIsUp(worker, items[0]!, itemTimeoutMs!);
        else this.#messageFailed(worker, items, error as Error);
      },
    };
    const upAt = itemTimeoutMs === undefined ? Infinity : performance.now() + itemTimeoutMs;
    id = worker.process.call(this.#reference!, [argument], settling, itemTimeoutMs);
    if (isSettled || id < 0) return;
    worker.calls.add(id);
    if (itemTimeoutMs === undefined) return;
    timer = this.#after(itemTimeoutMs, () => {
      if (!settle()) return;
      worker.process.abandon(id, stopRule);
      this.#holdUp(worker, itemTimeoutMs);
      this.#timeIsUp(worker, items[0]!, itemTimeoutMs);
    });
  }

  #deliver(entries: readonly (readonly [index: number, result: R])[]): void {
    this.#results.take(entries);
    this.#progress?.changed();
    this.pump();
  }

  #batchEnded(worker: MapWorker, items: readonly MapItem<T>[], { values, failures }: EachOutcome): void {
    const failed = new Map(failures);
    for (const [position, item] of items.entries()) {
      const failure = failed.get(position);
      if (failure !== undefined) {
        this.#attemptFailed(worker.pid, item, "error", remoteError(failure, worker.pid));
      } else {
        this.#results.take(this.#plan.succeeded(item, values[position] as R));
        this.#progress?.changed();
      }
      if (this.#isOver) return;
    }
    this.pump();
  }

  /** No item of the message has a result. */
  #messageFailed(worker: MapWorker, items: readonly MapItem<T>[], error: Error): void {
    if (isLoss(error)) {
      this.#workers.lost(worker);
      // A worker that was told to leave takes its items' attempts with it, and no blame falls on them.
      const end = isAnnounced(error) ? "removal" : "death";
      for (const item of items) this.#attemptFailed(worker.pid, item, end, error);
      if (!this.#isOver) this.#workersChanged();
    } else if (error instanceof SerializationError && items.length > 1) {
      // One of them cannot travel, or all together are too large: alone, each has its own outcome.
      for (const item of items.toReversed()) this.#plan.putBackAlone(item);
      this.pump();
    } else {
      for (const item of items) this.#attemptFailed(worker.pid, item, "error", error);
    }
  }

  #timeIsUp(worker: MapWorker, item: MapItem<T>, itemTimeoutMs: number): void {
    const error = new CallTimeoutError(
      `item ${item.index} did not end within ${itemTimeoutMs} ms on worker ${worker.pid}`,
    );
    this.#attemptFailed(worker.pid, item, "error", error);
  }

  /** A worker that still computes, until it is broken off, would use up the next item's time; so it gets none before it shows a sign. */
  #holdUp(worker: MapWorker, itemTimeoutMs: number): void {
    if (!worker.process.isOpen) return;
    worker.isHeldUp = true;
    const isBack = (): void => {
      worker.isHeldUp = false;
      worker.calls.delete(id);
      this.pump();
    };
    const id = worker.process.call(sign, [], {
      resolve: isBack,
      reject: (error) => {
        if (isLoss(error)) this.#workers.lost(worker);
        isBack();
        if (!this.#isOver) this.#workersChanged();
      },
    });
    if (id >= 0 && worker.isHeldUp) worker.calls.add(id);
    this.#checkLater(itemTimeoutMs);
  }

  /** After the time that a worker may take to be stopped in its item, and that of an item. */
  #checkLater(itemTimeoutMs: number): void {
    const { stop, stopAfterMs } = this.#options.stopRule;
    const stopMs = stop === "signal" ? 0 : stopAfterMs + STOPPING_MS;
    this.#after(stopMs + itemTimeoutMs, () => this.#checkHeldUp(itemTimeoutMs));
  }

  /** Nobody will work on what is left, if all workers are lost in items whose time is up. */
  #checkHeldUp(itemTimeoutMs: number): void {
    if (!this.#workers.areAllHeldUp || this.#plan.running > 0) return;
    const isWaiting = this.#plan.hasWaiting || !(this.#input.isOver || this.#input.isReading);
    if (!isWaiting || this.#context.mayGrow()) return this.#checkLater(itemTimeoutMs);
    const error = new NoWorkersError(
      `none of the map's workers (${this.#workers.size}) has come back from an item that is past its itemTimeoutMs of ` +
        `${itemTimeoutMs} ms, and nobody is left for the other items`,
    );
    this.finish({ error });
  }

  #attemptFailed(pid: number, item: MapItem<T>, end: AttemptEnd, error: Error): void {
    const verdict = this.#plan.attemptFailed(item, end, error);
    const { retryCheck, onError } = this.#options;
    if (verdict.mayRunAgain && verdict.delayMs === 0 && retryCheck === undefined) {
      this.#plan.runAgain(item, end);
      this.pump();
    } else if (!verdict.mayRunAgain && onError === undefined) this.finish({ error: verdict.error });
    else void this.#decide(pid, item, end, error, verdict);
  }

  /** Asks the program's hooks, and waits as long as the item must. */
  async #decide(
    pid: number,
    item: MapItem<T>,
    end: AttemptEnd,
    error: Error,
    verdict: Verdict,
  ): Promise<void> {
    const { retryCheck, onError } = this.#options;
    const at = { item: item.value, index: item.index, attempt: item.attempt, pid };
    try {
      if (verdict.mayRunAgain && (retryCheck === undefined || (await retryCheck(error, at)))) {
        if (this.#isOver) return;
        if (verdict.delayMs > 0) await delay(verdict.delayMs, this.#over.signal);
        this.#plan.runAgain(item, end);
        return this.#workersChanged();
      }
      if (this.#isOver) return;
      const final = verdict.mayRunAgain ? error : (verdict.error as Error);
      if (onError === undefined) return this.finish({ error: final });
      const substitute = (await onError(final, at)) as R;
      if (this.#isOver) return;
      this.#results.take(this.#plan.substituted(item, substitute));
      this.#progress?.changed();
      this.#workersChanged();
    } catch (thrown) {
      this.finish({ error: thrown });
    }
  }

  #after(ms: number, act: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  #clearTimer(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#timers.delete(timer);
  }

  #tellProgress(): void {
    const { done, running, taken } = this.#plan;
    try {
      this.#options.onProgress?.({ done, running, taken });
    } catch (error) {
      // It is called while a worker's message is read, which it must not disturb.
      this.finish({ error });
    }
  }
}

/** The worker is gone, or cannot be reached from here. */
function isLoss(error: unknown): boolean {
  return error instanceof ProcessExitedError || error instanceof LinkLostError;
}

function isAnnounced(error: unknown): boolean {
  if (!(error instanceof ProcessExitedError)) return false;
  return error.reason.kind === "removed" || error.reason.announced === true;
}
