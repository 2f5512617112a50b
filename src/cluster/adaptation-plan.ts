/** What a cluster looks like at one moment. */
export interface Load {
  /** Milliseconds, of any monotonic clock. */
  readonly now: number;
  /** The workers that adaptation may remove, with the calls each has in flight. */
  readonly workers: readonly { readonly pid: number; readonly calls: number }[];
  /** Workers on their way. */
  readonly arriving: number;
  /** Pieces of work that would start now if there were workers for them; infinite if nobody can say how many. */
  readonly waiting: number;
}

export interface AdaptationLimits {
  readonly min: number;
  readonly max: number;
  /** How long a worker may be without work before it is given back, in milliseconds. */
  readonly idleMs: number;
  /** How long work must have waited before more workers are started for it, in milliseconds. */
  readonly patienceMs: number;
}

export interface Adaptation {
  /** So many workers should be started. */
  readonly start: number;
  /** These should be given back. */
  readonly remove: readonly number[];
}

/**
 * How many workers there should be: one for each piece of work that runs or has waited for `patienceMs`, between `min` and
 * `max`; a worker that has had nothing to do for `idleMs` goes. Without any workers nothing is waited for. Pure.
 */
export class AdaptationPlan {
  readonly #limits: AdaptationLimits;
  /** Since when each worker has had nothing to do, as far as was seen. */
  readonly #idleSince = new Map<number, number>();
  #waitingSince: number | undefined;

  constructor(limits: AdaptationLimits) {
    this.#limits = limits;
  }

  step({ now, workers, arriving, waiting }: Load): Adaptation {
    const { min, max, patienceMs } = this.#limits;
    this.#waitingSince = waiting === 0 ? undefined : (this.#waitingSince ?? now);
    const hasWaited = this.#waitingSince !== undefined && now - this.#waitingSince >= patienceMs;
    const isAlone = workers.length + arriving === 0;
    const wanted = hasWaited || isAlone ? waiting : 0;
    const busy = workers.filter(({ calls }) => calls > 0).length;
    const desired = Math.min(max, Math.max(min, busy + wanted));
    const here = workers.length + arriving;
    const idle = this.#idle(now, workers);
    if (here < desired) return { start: desired - here, remove: [] };
    // Those that came last go first: what stays has the most of the program's state and code.
    const surplus = Math.max(0, Math.min(idle.length, workers.length - Math.max(min, busy + waiting)));
    return { start: 0, remove: idle.toSorted((one, other) => other - one).slice(0, surplus) };
  }

  /** Pids of workers that have been idle for long enough. */
  #idle(now: number, workers: Load["workers"]): number[] {
    const here = new Set(workers.map(({ pid }) => pid));
    for (const pid of this.#idleSince.keys()) if (!here.has(pid)) this.#idleSince.delete(pid);
    const idle: number[] = [];
    for (const { pid, calls } of workers) {
      if (calls > 0) {
        this.#idleSince.delete(pid);
        continue;
      }
      const since = this.#idleSince.get(pid) ?? now;
      this.#idleSince.set(pid, since);
      if (now - since >= this.#limits.idleMs) idle.push(pid);
    }
    return idle;
  }
}
