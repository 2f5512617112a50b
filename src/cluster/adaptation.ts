import { AdaptationPlan, type AdaptationLimits } from "./adaptation-plan.js";
import type { Launch } from "./launch.js";

/** How often the load is looked at. */
const CHECK_MS = 250;
const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 60_000;
/** Launches in a row that brought no worker, after which no more are made. */
const MOST_FAILURES = 5;

export interface AdaptationHooks {
  /** The load of these workers, those that leave left out, and the work that waits for others. */
  readonly load: (pids: ReadonlySet<number>) => {
    readonly workers: readonly { readonly pid: number; readonly calls: number }[];
    readonly waiting: number;
  };
  readonly launch: (count: number, onJoined: (pid: number) => void) => Launch;
  /** Whether values live on a worker that somebody still refers to. */
  readonly isNeeded: (pid: number) => Promise<boolean>;
  /** Removes a worker when the calls that it may have got meanwhile are over. */
  readonly remove: (pid: number) => Promise<void>;
  /** Who waits for workers should look again whether there is hope. */
  readonly changed: () => void;
}

/**
 * Starts workers for the work that waits and gives them back when they have had nothing to do. Owns its timer and its
 * launches; `stop` ends the first, and the cluster the others. Its workers stay.
 */
export class Adaptation implements Disposable {
  readonly #limits: AdaptationLimits;
  readonly #plan: AdaptationPlan;
  readonly #hooks: AdaptationHooks;
  readonly #timer: NodeJS.Timeout;
  readonly #workers = new Set<number>();
  #arriving = 0;
  #failuresInARow = 0;
  #nextLaunchAt = 0;
  #isStopped = false;

  /** Made by `Cluster.adapt`. */
  constructor(limits: AdaptationLimits, hooks: AdaptationHooks) {
    this.#limits = limits;
    this.#plan = new AdaptationPlan(limits);
    this.#hooks = hooks;
    this.#timer = setInterval(() => this.check(), CHECK_MS);
    this.check();
  }

  /** Pids of the workers that it has started and that are there. */
  get workers(): number[] {
    return [...this.#workers];
  }

  /** Whether work may wait for workers that it will start. */
  get mayGrow(): boolean {
    if (this.#isStopped || this.#failuresInARow >= MOST_FAILURES) return false;
    return this.#workers.size < this.#limits.max;
  }

  /** No more workers are started or given back; those that are there stay. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#hooks.changed();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  /** A worker is gone, whatever the reason. */
  gone(pid: number): void {
    this.#workers.delete(pid);
  }

  /** Looks at the load now. */
  check(): void {
    if (this.#isStopped) return;
    const now = performance.now();
    const load = this.#hooks.load(this.#workers);
    const { start, remove } = this.#plan.step({ now, arriving: this.#arriving, ...load });
    // While work waits for workers the program must not end; otherwise this is no reason for it to go on.
    if (load.waiting > 0) this.#timer.ref();
    else this.#timer.unref();
    if (start > 0 && now >= this.#nextLaunchAt && this.mayGrow) void this.#launch(start);
    for (const pid of remove) void this.#giveBack(pid);
  }

  async #launch(count: number): Promise<void> {
    this.#arriving += count;
    let joined = 0;
    try {
      await this.#hooks.launch(count, (pid) => {
        joined++;
        this.#arriving--;
        this.#workers.add(pid);
      });
    } catch {
      // Its own events have told why, and maps that wait in vain will.
    }
    this.#arriving -= count - joined;
    if (joined > 0) this.#failuresInARow = 0;
    else {
      const delayMs = Math.min(FIRST_DELAY_MS * 2 ** this.#failuresInARow++, LONGEST_DELAY_MS);
      this.#nextLaunchAt = performance.now() + delayMs;
    }
    this.#hooks.changed();
  }

  async #giveBack(pid: number): Promise<void> {
    try {
      if (!(await this.#hooks.isNeeded(pid)) && !this.#isStopped) await this.#hooks.remove(pid);
    } catch {
      // It is gone already.
    }
  }
}
