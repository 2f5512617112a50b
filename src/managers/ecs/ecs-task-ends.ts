import { deferred } from "../../util/deferred.js";
import { abortable } from "../../util/time-limit.js";
import type { KnownTask, KnownTasks } from "./ecs-tasks.js";

/**
 * Watches several tasks until the workers of all have `ended`, or until all are `stopped` as ECS calls it, which comes
 * later. Unknown ones count as both. Must be closed.
 */
export class TaskEnds {
  readonly #tasks: KnownTasks;
  readonly #arns: readonly string[];
  readonly #until: "ended" | "stopped";
  readonly #unfollow: (() => void)[];
  readonly #done = deferred<void>();
  #failure: unknown;

  constructor(tasks: KnownTasks, arns: readonly string[], until: "ended" | "stopped") {
    this.#tasks = tasks;
    this.#until = until;
    this.#arns = [...new Set(arns)];
    this.#unfollow = this.alive().map((task) =>
      tasks.follow(task.arn, {
        changed: () => this.#check(),
        failed: (error) => {
          this.#failure ??= error;
          this.#done.resolve();
        },
      }),
    );
    this.#check();
  }

  /** Why tasks can no longer be looked at, if so. */
  get failure(): unknown {
    return this.#failure;
  }

  alive(): readonly KnownTask[] {
    return this.#arns.flatMap((arn) => {
      const task = this.#tasks.get(arn);
      if (task === undefined) return [];
      const isOver = this.#until === "stopped" ? task.isStopped : task.phase === "ended";
      return isOver ? [] : [task];
    });
  }

  /** Resolves when all have ended, when that cannot be seen any more, or when `signal` aborts. Never rejects. */
  async wait(signal: AbortSignal): Promise<void> {
    // An abort ends the wait and nothing else; the caller looks at the signal.
    await abortable(this.#done.promise, signal).catch(() => undefined);
  }

  close(): void {
    for (const unfollow of this.#unfollow) unfollow();
  }

  #check(): void {
    if (this.alive().length === 0) this.#done.resolve();
  }
}
