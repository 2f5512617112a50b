import { ItemKillsWorkersError } from "../errors.js";

/** One item of a map on its way. */
export interface MapItem<T> {
  /** Its position in the input, from 0. */
  readonly index: number;
  readonly value: T;
  /** Workers that died while they worked on it. */
  readonly deaths: number;
}

export interface MapPlanOptions {
  /** Hand out results in the order of the input, or as they come. */
  readonly order: "input" | "finished";
  /** An item is set aside when this many workers have died on it. At least 1. */
  readonly maxDeaths: number;
}

/**
 * Keeps the books of a parallel map: which items are out, which must run again because their worker died, which
 * results may be handed out. An attempt ends with a result, an error, or the death of its worker. Pure.
 */
export class MapPlan<T, R> {
  readonly #options: MapPlanOptions;
  readonly #again: MapItem<T>[] = [];
  /** Items that were being worked on when a worker died. */
  readonly #suspects: MapItem<T>[] = [];
  readonly #early = new Map<number, R>();
  #taken = 0;
  #running = 0;
  #done = 0;
  #handedOut = 0;
  #isInputOver = false;

  constructor(options: MapPlanOptions) {
    this.#options = options;
  }

  /** Items that were taken from the input. */
  get taken(): number {
    return this.#taken;
  }

  get running(): number {
    return this.#running;
  }

  get done(): number {
    return this.#done;
  }

  /** Results that wait for an earlier one. */
  get held(): number {
    return this.#early.size;
  }

  /** Everything has been handed out. */
  get isComplete(): boolean {
    return this.#isInputOver && this.#running === 0 && this.#again.length === 0 && !this.hasSuspects;
  }

  get hasSuspects(): boolean {
    return this.#suspects.length > 0;
  }

  inputEnded(): void {
    this.#isInputOver = true;
  }

  /** An item that was put back; it goes before new input. */
  takeAgain(): MapItem<T> | undefined {
    return this.#takeFrom(this.#again);
  }

  /**
   * An item whose worker died. It must be alone on its worker: several items may have been there at that death, and only
   * one of them be to blame.
   */
  takeSuspect(): MapItem<T> | undefined {
    return this.#takeFrom(this.#suspects);
  }

  /** A new item from the input. */
  take(value: T): MapItem<T> {
    this.#running++;
    return { index: this.#taken++, value, deaths: 0 };
  }

  /** Takes a result and returns what may be handed out now, in order. */
  succeeded(item: MapItem<T>, result: R): readonly (readonly [index: number, result: R])[] {
    this.#running--;
    this.#done++;
    if (this.#options.order === "finished") return [[item.index, result]];
    if (item.index !== this.#handedOut) {
      this.#early.set(item.index, result);
      return [];
    }
    const ready: [number, R][] = [[this.#handedOut++, result]];
    while (this.#early.has(this.#handedOut)) {
      ready.push([this.#handedOut, this.#early.get(this.#handedOut)!]);
      this.#early.delete(this.#handedOut++);
    }
    return ready;
  }

  /** The worker died. Returns the error that sets the item aside, if it has killed too many. */
  workerDied(item: MapItem<T>, cause: unknown): ItemKillsWorkersError | undefined {
    this.#running--;
    const deaths = item.deaths + 1;
    if (deaths >= this.#options.maxDeaths) return new ItemKillsWorkersError(item.index, deaths, { cause });
    this.#suspects.push({ ...item, deaths });
    return undefined;
  }

  /** The item was taken and could not be sent: its worker was gone already. It has not been attempted. */
  putBack(item: MapItem<T>): void {
    this.#running--;
    (item.deaths > 0 ? this.#suspects : this.#again).unshift(item);
  }

  #takeFrom(queue: MapItem<T>[]): MapItem<T> | undefined {
    const item = queue.shift();
    if (item !== undefined) this.#running++;
    return item;
  }
}
