import { ItemKillsWorkersError } from "../errors.js";

/** One item of a map on its way. */
export interface MapItem<T> {
  /** Its position in the input, from 0. */
  readonly index: number;
  readonly value: T;
  /** The attempt that it is on, or about to begin; from 1. */
  readonly attempt: number;
  /** Workers that died while they worked on it. */
  readonly deaths: number;
  /** Attempts that ended with an error. */
  readonly errors: number;
  /** It goes in a message of its own, because the one that it shared could not travel. */
  readonly isAlone: boolean;
}

/**
 * How an attempt failed: with an error or past its time, by the death of its worker, or because its worker was asked to
 * leave.
 */
export type AttemptEnd = "error" | "death" | "removal";

/** What the rules allow after a failed attempt. Whoever asks decides, and then says `runAgain` or `substituted`. */
export type Verdict =
  /** It may run again after `delayMs` milliseconds. */
  | { readonly mayRunAgain: true; readonly delayMs: number }
  /** That was the last attempt. */
  | { readonly mayRunAgain: false; readonly error: unknown };

export interface MapPlanOptions {
  /** Hand out results in the order of the input, or as they come. */
  readonly order: "input" | "finished";
  /** An item is set aside when this many workers have died on it. At least 1. */
  readonly maxDeaths: number;
  /** How long to wait before each further attempt after an error; as many attempts as there are delays. */
  readonly retryDelays: readonly number[];
}

/**
 * Keeps the books of a parallel map: which items are out, which must run again, which results may be handed out. An
 * attempt ends with a result, an error, or the loss of its worker. Errors are counted against `retryDelays`, deaths
 * against `maxDeaths`, attempts together. Pure.
 */
export class MapPlan<T, R> {
  readonly #options: MapPlanOptions;
  readonly #again: MapItem<T>[] = [];
  /** Items that were being worked on when a worker died. */
  readonly #suspects: MapItem<T>[] = [];
  readonly #early = new Map<number, R>();
  #taken = 0;
  #running = 0;
  #undecided = 0;
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

  /** Items whose attempt has failed, and of which it is not decided yet what becomes of them. */
  get undecided(): number {
    return this.#undecided;
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
    return this.#isInputOver && this.#running === 0 && this.#undecided === 0 && !this.hasWaiting;
  }

  /** Items that wait for a worker again. */
  get waiting(): number {
    return this.#again.length + this.#suspects.length;
  }

  /** Items wait for a worker. */
  get hasWaiting(): boolean {
    return this.waiting > 0;
  }

  get hasSuspects(): boolean {
    return this.#suspects.length > 0;
  }

  inputEnded(): void {
    this.#isInputOver = true;
  }

  /** An item that was put back; it goes before new input. `not alone`: one that may share a message. */
  takeAgain(only: "any" | "not alone" = "any"): MapItem<T> | undefined {
    if (only === "not alone" && this.#again[0]?.isAlone === true) return undefined;
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
    return { index: this.#taken++, value, attempt: 1, deaths: 0, errors: 0, isAlone: false };
  }

  /** Takes a result and returns what may be handed out now, in order. */
  succeeded(item: MapItem<T>, result: R): readonly (readonly [index: number, result: R])[] {
    this.#running--;
    return this.#finished(item, result);
  }

  /** The attempt is over without a result, and the item undecided. */
  attemptFailed(item: MapItem<T>, end: AttemptEnd, error: unknown): Verdict {
    this.#running--;
    this.#undecided++;
    if (end === "removal") return { mayRunAgain: true, delayMs: 0 };
    if (end === "death") {
      const deaths = item.deaths + 1;
      if (deaths < this.#options.maxDeaths) return { mayRunAgain: true, delayMs: 0 };
      return { mayRunAgain: false, error: new ItemKillsWorkersError(item.index, deaths, { cause: error }) };
    }
    const delayMs = this.#options.retryDelays[item.errors];
    return delayMs === undefined ? { mayRunAgain: false, error } : { mayRunAgain: true, delayMs };
  }

  /** The undecided item waits for a worker again, for its next attempt. */
  runAgain(item: MapItem<T>, end: AttemptEnd): void {
    this.#undecided--;
    const next = {
      ...item,
      attempt: item.attempt + 1,
      deaths: item.deaths + (end === "death" ? 1 : 0),
      errors: item.errors + (end === "error" ? 1 : 0),
    };
    (next.deaths > 0 ? this.#suspects : this.#again).push(next);
  }

  /** This takes the place of the undecided item's result. Returns what may be handed out now. */
  substituted(item: MapItem<T>, result: R): readonly (readonly [index: number, result: R])[] {
    this.#undecided--;
    return this.#finished(item, result);
  }

  /** The item was taken and has not been attempted: it could not be sent, or has not been asked for yet. */
  putBack(item: MapItem<T>): void {
    this.#running--;
    (item.deaths > 0 ? this.#suspects : this.#again).unshift(item);
  }

  /** The message that it shared with others could not travel: it goes in one of its own, as the same attempt. */
  putBackAlone(item: MapItem<T>): void {
    this.putBack({ ...item, isAlone: true });
  }

  #finished(item: MapItem<T>, result: R): readonly (readonly [index: number, result: R])[] {
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

  #takeFrom(queue: MapItem<T>[]): MapItem<T> | undefined {
    const item = queue.shift();
    if (item !== undefined) this.#running++;
    return item;
  }
}
