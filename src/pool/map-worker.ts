import type { CallableProcess } from "../calls/call-process.js";
import { InFlightWindow } from "./in-flight-window.js";

/** One process that a map gives items to. */
export class MapWorker {
  /** Calls that can still be abandoned. */
  readonly calls = new Set<number>();
  /** Its one item must not share the worker with others. */
  isReserved = false;
  /** Somebody waits for room on its connection. */
  isAwaited = false;
  /** It has not come back from an item whose time is up. */
  isHeldUp = false;
  readonly #window: InFlightWindow;
  #running = 0;

  constructor(
    readonly pid: number,
    readonly process: CallableProcess,
    concurrency: number | undefined,
    batch: number | "auto",
  ) {
    this.#window = new InFlightWindow(concurrency, batch);
  }

  /** Messages that it has not answered. */
  get running(): number {
    return this.#running;
  }

  get canTakeMore(): boolean {
    return this.canBeReserved && this.#running < this.#window.size;
  }

  /** Whether it could have an item alone, at the latest when those it has are done. */
  get canBeReserved(): boolean {
    return !this.isReserved && !this.isHeldUp && this.process.isOpen && this.process.hasRoom;
  }

  /** Items that it may have at once. */
  get windowSize(): number {
    return this.#window.size * this.#window.batchSize;
  }

  get batchSize(): number {
    return this.#window.batchSize;
  }

  began(): void {
    if (this.#running++ === 0) this.#window.began(performance.now());
  }

  ended(items: number): void {
    this.#running--;
    this.isReserved = false;
    this.#window.ended(performance.now(), items);
  }
}
