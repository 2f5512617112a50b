import type { Launch } from "./launch.js";
import { ReplacementPlan } from "./replacement-plan.js";

export interface ReplacementHooks {
  /** Starts so many workers in the way of the first launch. */
  readonly launch: (count: number) => Launch;
  /** Workers are on their way, or soon will be: maps wait for them. */
  readonly pending: () => void;
  readonly settled: () => void;
  /** So many workers are missing, and nothing more is tried for them. */
  readonly gaveUp: (missing: number) => void;
}

/** Replaces the workers of one launch that die. Owns its timer and the launches it starts; `stop` ends both. */
export class Replacement {
  readonly #plan: ReplacementPlan;
  readonly #hooks: ReplacementHooks;
  /** Workers of the launch and their replacements, with the time of their join. */
  readonly #joinedAt = new Map<number, number>();
  #isStarting = false;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** @param limit How many workers may be replaced in all. */
  constructor(limit: number, hooks: ReplacementHooks) {
    this.#plan = new ReplacementPlan(limit);
    this.#hooks = hooks;
  }

  /** A worker of the launch, or one that replaces another, is a member. */
  joined(pid: number): void {
    this.#joinedAt.set(pid, performance.now());
  }

  /** A worker of the cluster goes, or announces that it will, and nobody asked for it. Counts it once. */
  lost(pid: number): void {
    const joinedAt = this.#joinedAt.get(pid);
    if (joinedAt === undefined) return;
    this.#joinedAt.delete(pid);
    this.#plan.lost(performance.now() - joinedAt);
    this.#next();
  }

  /** A worker of the cluster was asked to go: nobody takes its place. */
  removed(pid: number): void {
    this.#joinedAt.delete(pid);
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#hooks.settled();
  }

  /** One start at a time: what is lost meanwhile is started together after it. */
  #next(): void {
    if (this.#isStopped || this.#isStarting || this.#timer !== undefined) return;
    if (this.#plan.missing === 0) return;
    if (this.#plan.isOver) return this.#hooks.gaveUp(this.#plan.missing);
    this.#hooks.pending();
    this.#timer = setTimeout(() => void this.#start(), this.#plan.delayMs);
  }

  async #start(): Promise<void> {
    this.#timer = undefined;
    this.#isStarting = true;
    const count = this.#plan.owed;
    this.#plan.began(count);
    let joined = 0;
    try {
      joined = (await this.#hooks.launch(count)).joined.length;
    } catch {
      // Its own events have told why.
    }
    this.#isStarting = false;
    this.#plan.ended(count - joined);
    this.#hooks.settled();
    this.#next();
  }
}
