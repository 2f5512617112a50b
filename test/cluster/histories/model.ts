import assert from "node:assert/strict";
import type { Random } from "../../fixtures/random.js";
import type { Outcome } from "./acting.js";

/** Since when something goes on, in steps of the history. */
export interface Since {
  readonly step: number;
}

/**
 * Who is there and what has been done to them, and so which errors may come: a process that nobody touched must do its
 * work, and nothing but what was done may be the reason of a failure.
 */
export class Model {
  step = 0;
  readonly #random: Random;
  /** Workers that have not ended, as far as anybody has heard. */
  readonly #there: number[] = [];
  readonly #gone: number[] = [];
  /** Killed, removed or taken away, from the moment on when that began. */
  readonly #touched = new Set<number>();
  /** How many interruptions of a process go on. */
  readonly #interrupting = new Map<number, number>();
  /** The last step at which an interruption of a process ended. */
  readonly #interrupted = new Map<number, number>();
  #lastCut = -1;
  #lastKey = 0;
  #isOver = false;

  constructor(random: Random) {
    this.#random = random;
  }

  get workers(): readonly number[] {
    return this.#there;
  }

  get untouched(): number[] {
    return this.#there.filter((pid) => !this.#touched.has(pid));
  }

  get since(): Since {
    return { step: this.step };
  }

  newKey(): number {
    return ++this.#lastKey;
  }

  joined(pid: number): void {
    assert.ok(!this.everyone.includes(pid), `pid ${pid} has been given before`);
    this.#there.push(pid);
    this.#there.sort((one, other) => one - other);
  }

  touch(pid: number): void {
    this.#touched.add(pid);
  }

  /** Everything is over: nothing that happens now says anything. */
  end(): void {
    this.#isOver = true;
  }

  exited(pid: number): void {
    if (this.#isOver) return;
    assert.ok(this.#touched.has(pid), `worker ${pid} has ended, and nobody has done anything to it`);
    this.#there.splice(this.#there.indexOf(pid), 1);
    this.#gone.push(pid);
  }

  /** Until what it returns is called; several may go on at once. */
  interrupting(pid: number): () => void {
    this.#interrupting.set(pid, (this.#interrupting.get(pid) ?? 0) + 1);
    return () => {
      this.#interrupting.set(pid, this.#interrupting.get(pid)! - 1);
      this.#interrupted.set(pid, this.step);
    };
  }

  cut(): void {
    this.#lastCut = this.step;
  }

  isTouched(...pids: readonly number[]): boolean {
    return pids.some((pid) => this.#touched.has(pid));
  }

  wasCut(since: Since): boolean {
    return this.#lastCut >= since.step;
  }

  wasInterrupted(since: Since, ...pids: readonly number[]): boolean {
    return pids.some(
      (pid) => (this.#interrupting.get(pid) ?? 0) > 0 || (this.#interrupted.get(pid) ?? -1) >= since.step,
    );
  }

  /** Whether nothing was done since then that these processes may have felt. */
  isCalm(since: Since, ...pids: readonly number[]): boolean {
    return !this.isTouched(...pids) && !this.wasInterrupted(since, ...pids) && !this.wasCut(since);
  }

  /** The manager, or a worker that has not ended as far as anybody has heard; now and then one that has. */
  anyone(): number {
    if (this.#gone.length > 0 && this.#random(50) === 0) return this.pick(this.#gone);
    return this.pick([1, ...this.#there]);
  }

  /** The pids of all there have been. */
  get everyone(): number[] {
    return [1, ...this.#there, ...this.#gone];
  }

  pick<T>(values: readonly T[]): T {
    return values[this.#random(values.length)]!;
  }

  /** Fails for an error that nothing has been the reason for. Gives the value, if there is one. */
  judge<T>(outcome: Outcome<T>, since: Since, involved: readonly number[]): T | undefined {
    if ("value" in outcome) return outcome.value;
    const error = outcome.error.replace(/^(RemoteError )+/, "");
    const isExplained =
      (error === "ProcessExitedError" && this.isTouched(...involved)) ||
      (error === "CallInterruptedError" && this.wasInterrupted(since, ...involved)) ||
      // The call that makes a reference may be lost, while others who have got it ask for it.
      (/^(LinkLostError|UnknownReferenceError)$/.test(error) && this.wasCut(since));
    assert.ok(isExplained, `${outcome.error} of ${involved.join(", ")}: ${outcome.message}`);
    return undefined;
  }
}
