import type { CallableProcess } from "../calls/call-process.js";
import type { StopRule } from "../rpc/stop-rule.js";
import { MapWorker } from "./map-worker.js";

export interface MapWorkersOptions {
  readonly concurrency: number | undefined;
  readonly batch: number | "auto";
  /** What becomes of what is abandoned. */
  readonly stopRule: StopRule;
}

/** The workers of one map, and which of them is next. */
export class MapWorkers {
  readonly #workers = new Map<number, MapWorker>();
  readonly #options: MapWorkersOptions;
  readonly #onRoom: () => void;

  /** `onRoom` is called when a worker whose connection was crowded has room again. */
  constructor(options: MapWorkersOptions, onRoom: () => void) {
    this.#options = options;
    this.#onRoom = onRoom;
  }

  /** Takes in those that are new, and leaves those that are there no more. */
  update(present: readonly { readonly pid: number; readonly process: CallableProcess }[]): void {
    const { concurrency, batch } = this.#options;
    for (const { pid, process } of present) {
      if (!this.#workers.has(pid)) this.#workers.set(pid, new MapWorker(pid, process, concurrency, batch));
    }
    const pids = new Set(present.map(({ pid }) => pid));
    for (const pid of this.#workers.keys()) if (!pids.has(pid)) this.#workers.delete(pid);
  }

  lost(worker: MapWorker): void {
    this.#workers.delete(worker.pid);
  }

  get size(): number {
    return this.#workers.size;
  }

  /** Items that all of them may have at once. */
  get windows(): number {
    let windows = 0;
    for (const worker of this.#workers.values()) windows += worker.windowSize;
    return windows;
  }

  /** Nobody can be given anything, as all are lost in items whose time is up. */
  get areAllHeldUp(): boolean {
    for (const worker of this.#workers.values()) if (!worker.isHeldUp) return false;
    return this.#workers.size > 0;
  }

  /** The one that will soonest have room for an item alone. */
  quietest(): MapWorker | undefined {
    let best: MapWorker | undefined;
    for (const worker of this.#workers.values()) {
      if (worker.canBeReserved && (best === undefined || worker.running < best.running)) best = worker;
    }
    return best;
  }

  /** The one that can take an item and has the fewest. */
  free(except: MapWorker | undefined): MapWorker | undefined {
    let best: MapWorker | undefined;
    for (const worker of this.#workers.values()) {
      if (worker === except) continue;
      if (worker.canTakeMore && (best === undefined || worker.running < best.running)) best = worker;
    }
    return best;
  }

  /** Waits for room on connections that are crowded, perhaps by others' calls. */
  awaitRoom(): void {
    for (const worker of this.#workers.values()) {
      if (worker.process.hasRoom || !worker.process.isOpen || worker.isAwaited) continue;
      worker.isAwaited = true;
      void worker.process.room().then(() => {
        worker.isAwaited = false;
        this.#onRoom();
      });
    }
  }

  /** Nobody waits any longer for what they run. */
  abandonAll(): void {
    for (const worker of this.#workers.values()) {
      for (const id of worker.calls) worker.process.abandon(id, this.#options.stopRule);
      worker.calls.clear();
    }
    this.#workers.clear();
  }
}
