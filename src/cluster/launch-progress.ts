import type { LaunchFailure } from "../errors.js";
import type { WorkerCount } from "./cluster-manager.js";

export type LaunchVerdict =
  /** Something may still come. */
  | "waiting"
  /** Every worker has joined or failed, and enough have joined. */
  | "complete"
  /** Fewer can come than are needed. */
  | "hopeless";

/** The arithmetic of a launch: who has joined, who may still come, whether that is enough. Pure. */
export class LaunchProgress {
  #wanted: WorkerCount;
  readonly #outstanding = new Set<string>();
  readonly #joined = new Set<string>();
  /** Launched ones that bring others, nobody knows yet how many. */
  readonly #open = new Set<string>();
  readonly #failures: LaunchFailure[] = [];
  #failed = 0;

  constructor(wanted: WorkerCount) {
    this.#wanted = wanted;
  }

  /** Grows with what launched workers bring. */
  get wanted(): WorkerCount {
    return this.#wanted;
  }

  get joined(): number {
    return this.#joined.size;
  }

  /** Launched, and neither joined nor failed. */
  get outstanding(): readonly string[] {
    return [...this.#outstanding];
  }

  /** Failures of one cause are counted together if they have the same way out, or else the same message. */
  get failures(): readonly LaunchFailure[] {
    const groups = new Map<string, LaunchFailure>();
    for (const failure of this.#failures) {
      const key = `${failure.cause}\0${failure.advice ?? failure.message}`;
      const same = groups.get(key);
      groups.set(key, same === undefined ? failure : mergeFailures(same, failure));
    }
    return [...groups.values()];
  }

  get verdict(): LaunchVerdict {
    const { min, max } = this.#wanted;
    if (max - this.#failed < min) return "hopeless";
    return this.#joined.size + this.#failed >= max && this.#open.size === 0 ? "complete" : "waiting";
  }

  /** Workers that were neither launched nor reported as failed so far. */
  get unaccounted(): number {
    return Math.max(0, this.#wanted.max - this.#failed - this.#joined.size - this.#outstanding.size);
  }

  hasLaunched(id: string): boolean {
    return this.#outstanding.has(id);
  }

  launched(id: string, bringsOthers = false): void {
    if (bringsOthers) this.#open.add(id);
    if (!this.#joined.has(id)) this.#outstanding.add(id);
  }

  /** The others of a launched worker are known, and launched too. False if none were awaited of it. */
  brought(by: string, others: readonly string[]): boolean {
    if (!this.#open.delete(by)) return false;
    const { min, max } = this.#wanted;
    this.#wanted = { min: min + others.length, max: max + others.length };
    for (const id of others) this.launched(id);
    return true;
  }

  /** Nobody brings others any more. */
  close(): void {
    this.#open.clear();
  }

  workerJoined(id: string): void {
    this.#outstanding.delete(id);
    this.#joined.add(id);
  }

  /** Workers that were never launched. */
  notLaunched(failure: LaunchFailure): void {
    this.#failed += failure.count;
    this.#failures.push(failure);
  }

  /** A launched worker, perhaps a joined one, is gone. False if that was known. */
  lost(id: string, failure: LaunchFailure): boolean {
    if (!this.#outstanding.delete(id) && !this.#joined.delete(id)) return false;
    this.#open.delete(id);
    this.#failed++;
    this.#failures.push(failure);
    return true;
  }
}

/** What is told of one stands for all: of the first, or of the first whose output is known. */
function mergeFailures(first: LaunchFailure, second: LaunchFailure): LaunchFailure {
  const hasOutput = first.exit?.output !== undefined || second.exit?.output === undefined;
  const ids = [...(first.ids ?? []), ...(second.ids ?? [])];
  return {
    ...(hasOutput ? first : second),
    count: first.count + second.count,
    ...(ids.length === 0 ? {} : { ids }),
  };
}
