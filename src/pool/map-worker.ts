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
  readonly #window: InFlightWindow;
  #running = 0;

  constructor(
    readonly pid: number,
    readonly process: CallableProcess,
    concurrency: number | undefined,
  ) {
    this.#window = new InFlightWindow(concurrency);
  }

  get running(): number {
    return this.#running;
  }

  get canTakeMore(): boolean {
    return this.canBeReserved && this.#running < this.#window.size;
  }

  /** Whether it could have an item alone, at the latest when those it has are done. */
  get canBeReserved(): boolean {
    return !this.isReserved && this.process.isOpen && this.process.hasRoom;
  }

  get windowSize(): number {
    return this.#window.size;
  }

  began(): void {
    if (this.#running++ === 0) this.#window.began(performance.now());
  }

  ended(): void {
    this.#running--;
    this.isReserved = false;
    this.#window.ended(performance.now());
  }
}
