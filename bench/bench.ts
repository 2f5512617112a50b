import { within } from "./time-limit.js";

/** A value that every contender of a bench gives in each round. */
export interface Figure {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  /** Whether Rollcall's value is divided by those of the others. */
  readonly isCompared: boolean;
}

/** Values by figure key. One that does not apply to a contender is left out. */
export type Readings = Readonly<Record<string, number>>;

/** One of the things that a bench compares. Whatever it started belongs to the `Closers` it was made with. */
export interface Contender {
  readonly name: string;
  /** One round. Must leave nothing running that would disturb the contender that comes next. */
  measure(): Promise<Readings>;
  /** What comes before the first round. By default a round that does not count. */
  warmUp?(): Promise<unknown>;
}

export interface Scale {
  /** A smoke test: counts so small that the figures mean little. */
  readonly isQuick: boolean;
}

export interface Bench {
  readonly name: string;
  readonly title: string;
  /** What exactly is measured, for whoever reads the figures. */
  readonly notes: string;
  readonly figures: readonly Figure[];
  /** Rounds unless the command line says otherwise. */
  readonly rounds: number;
  /** Why it cannot run on this machine, if it needs more than Node; then it is left out, and whoever asked is told. */
  readonly whyNot?: () => string | undefined;
  /** Makes the contenders. The first one is Rollcall; ratios are its values over those of the others. */
  open(scale: Scale, closers: Closers): Promise<readonly Contender[]>;
}

const CLOSE_LIMIT_MS = 15_000;

/** Owns what a bench has started and ends it, last started first. */
export class Closers {
  readonly #closers: (() => unknown)[] = [];

  add(close: () => unknown): void {
    this.#closers.push(close);
  }

  /**
   * Ends everything, also when some of it fails to end: that is told and has no bearing on what was measured. (On a
   * busy machine `many-calls` has been seen not to end, with every call of Rollcall's answered; why was not found.)
   */
  async close(onFailure: (message: string) => void): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) {
      try {
        await within("closing", Promise.resolve(close()), CLOSE_LIMIT_MS);
      } catch (error) {
        onFailure((error as Error).message);
      }
    }
  }
}
