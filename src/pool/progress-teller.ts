/** Tells of changes, but not more often than every so many milliseconds; the last change is always told. */
export class ProgressTeller {
  readonly #tell: () => void;
  readonly #everyMs: number;
  #lastTold = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(everyMs: number, tell: () => void) {
    this.#everyMs = everyMs;
    this.#tell = tell;
  }

  /** Something is different now. */
  changed(): void {
    if (this.#timer !== undefined) return;
    const wait = this.#everyMs === 0 ? 0 : this.#lastTold + this.#everyMs - performance.now();
    if (wait <= 0) return this.#tellNow();
    this.#timer = setTimeout(() => this.#tellNow(), wait);
  }

  /** Nothing more will change. Tells what has not been told yet. */
  end(): void {
    if (this.#timer !== undefined) this.#tellNow();
  }

  #tellNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lastTold = performance.now();
    this.#tell();
  }
}
