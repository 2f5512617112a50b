/** A replacement that dies sooner than this after its join has failed. */
const SHORT_LIFE_MS = 10_000;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;
/** Failures in a row after which nothing more is tried. */
const MOST_FAILURES = 5;

/** When, and how often, the workers of a launch are replaced. Pure: told the time, it says how long to wait. */
export class ReplacementPlan {
  readonly #limit: number;
  #begun = 0;
  #owed = 0;
  #failuresInARow = 0;

  /** @param limit How many workers may be replaced in all. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Workers that are gone and have no replacement. */
  get missing(): number {
    return this.#owed;
  }

  /** Workers that should be started. */
  get owed(): number {
    return this.isOver ? 0 : Math.min(this.#owed, this.#limit - this.#begun);
  }

  /** Too many have failed in a row, or as many have been started as may be. */
  get isOver(): boolean {
    return this.#failuresInARow >= MOST_FAILURES || this.#begun >= this.#limit;
  }

  /** How long to wait before the next start. */
  get delayMs(): number {
    if (this.#failuresInARow === 0) return 0;
    return Math.min(FIRST_DELAY_MS * 2 ** (this.#failuresInARow - 1), LONGEST_DELAY_MS);
  }

  /** A worker is gone, `livedMs` after its join. */
  lost(livedMs: number): void {
    this.#owed++;
    // That one of the first workers is short of life says nothing about replacements yet.
    if (this.#begun === 0 || livedMs >= SHORT_LIFE_MS) this.#failuresInARow = 0;
    else this.#failuresInARow++;
  }

  /** Workers are being started: they are no longer owed. */
  began(count: number): void {
    this.#owed -= count;
    this.#begun += count;
  }

  /** A start has ended, and so many of its workers did not come. They are owed again, and are not counted twice. */
  ended(missing: number): void {
    if (missing === 0) return;
    this.#owed += missing;
    this.#begun -= missing;
    this.#failuresInARow++;
  }
}
