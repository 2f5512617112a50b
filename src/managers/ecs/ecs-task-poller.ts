import type { Task } from "@aws-sdk/client-ecs";
import { serviceError } from "./ecs-errors.js";
import type { TasksAnswer } from "./ecs-client.js";
import { afterError } from "./ecs-retry.js";
import { pause } from "./ecs-wait.js";

/** ARNs in one DescribeTasks call (Amazon ECS API reference, DescribeTasks, `tasks`). */
export const TASKS_PER_DESCRIBE = 100;

/** Rounds of many calls are spread so that Rollcall makes at most this many a second, a quarter of the account's. */
const CALLS_PER_SECOND = 5;
const SLOWEST = 6;
const GROWTH = 1.5;
/** Consecutive rounds that may fail for reasons that can pass before the watchers are told. */
const FAILED_ROUNDS = 8;

/** Told of every look at a task, by the poller of its manager. */
export interface TaskWatcher {
  /** Returns whether this was news. */
  seen(task: Task): boolean;
  /** ECS does not know the task, or not yet. */
  missing(): boolean;
  /** Tasks cannot be described; the poller has dropped the watcher. */
  failed(error: unknown): void;
}

/**
 * Looks at all tasks that somebody waits for, in calls of 100, often at first and less often while nothing changes.
 * There is one for each manager. It runs while it has watchers, and leaves no timer and no request behind after the last one.
 */
export class ECSTaskPoller {
  readonly #describe: (arns: readonly string[], signal: AbortSignal) => Promise<TasksAnswer>;
  readonly #pollMs: number;
  readonly #watchers = new Map<string, Set<TaskWatcher>>();
  #run: AbortController | undefined;
  #wake = new AbortController();
  #intervalMs: number;

  constructor(
    describe: (arns: readonly string[], signal: AbortSignal) => Promise<TasksAnswer>,
    pollMs: number,
  ) {
    this.#describe = describe;
    this.#pollMs = pollMs;
    this.#intervalMs = pollMs / 4;
  }

  /** Tasks that are being watched. */
  get size(): number {
    return this.#watchers.size;
  }

  /** Looks at the task until the returned function is called. */
  watch(arn: string, watcher: TaskWatcher): () => void {
    const watchers = this.#watchers.get(arn) ?? new Set();
    this.#watchers.set(arn, watchers.add(watcher));
    this.#hurry();
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#watchers.get(arn) === watchers) this.#watchers.delete(arn);
      if (this.#watchers.size === 0) this.#stop();
    };
  }

  #hurry(): void {
    this.#intervalMs = this.#pollMs / 4;
    if (this.#run === undefined) {
      this.#run = new AbortController();
      void this.#loop(this.#run.signal);
    } else {
      this.#wake.abort();
    }
  }

  #stop(): void {
    this.#run?.abort();
    this.#run = undefined;
  }

  async #loop(signal: AbortSignal): Promise<void> {
    let failedRounds = 0;
    while (!signal.aborted) {
      await this.#rest(signal);
      if (signal.aborted) return;
      try {
        const isNews = await this.#round(signal);
        failedRounds = 0;
        const grown = Math.min(this.#intervalMs * GROWTH, this.#pollMs * SLOWEST);
        this.#intervalMs = isNews ? Math.min(this.#pollMs, grown) : grown;
      } catch (error) {
        if (signal.aborted) return;
        failedRounds += 1;
        this.#intervalMs = Math.min(this.#intervalMs * 2, this.#pollMs * SLOWEST);
        const verdict = afterError(serviceError(error));
        const isHopeless = !verdict.retry || (verdict.patience !== "launch" && failedRounds >= FAILED_ROUNDS);
        if (isHopeless) return this.#giveUp(error);
      }
    }
  }

  /** A new watcher cuts a long pause short, but never makes two rounds follow each other at once. */
  async #rest(signal: AbortSignal): Promise<void> {
    const calls = Math.ceil(this.#watchers.size / TASKS_PER_DESCRIBE);
    const shortest = ((calls - 1) * 1000) / CALLS_PER_SECOND + this.#pollMs / 4;
    await pause(shortest, signal);
    const remaining = this.#intervalMs - shortest;
    if (remaining <= 0 || signal.aborted) return;
    this.#wake = new AbortController();
    await pause(remaining, AbortSignal.any([signal, this.#wake.signal]));
  }

  async #round(signal: AbortSignal): Promise<boolean> {
    const arns = [...this.#watchers.keys()];
    let isNews = false;
    for (let start = 0; start < arns.length && !signal.aborted; start += TASKS_PER_DESCRIBE) {
      const answer = await this.#describe(arns.slice(start, start + TASKS_PER_DESCRIBE), signal);
      for (const task of answer.tasks) {
        for (const watcher of this.#watching(task.taskArn)) isNews = watcher.seen(task) || isNews;
      }
      for (const failure of answer.failures) {
        for (const watcher of this.#watching(failure.arn)) isNews = watcher.missing() || isNews;
      }
    }
    return isNews;
  }

  #watching(arn: string | undefined): readonly TaskWatcher[] {
    return [...(this.#watchers.get(arn ?? "") ?? [])];
  }

  #giveUp(error: unknown): void {
    const watchers = [...this.#watchers.values()].flatMap((set) => [...set]);
    this.#watchers.clear();
    this.#stop();
    for (const watcher of watchers) watcher.failed(error);
  }
}
