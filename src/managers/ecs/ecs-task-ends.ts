import { deferred } from "../../util/deferred.js";
import { orAborted } from "./ecs-wait.js";
import type { KnownTask, KnownTasks } from "./ecs-tasks.js";

/** Watches several tasks until all of them have ended. Unknown ones count as ended. Must be closed. */
export class TaskEnds {
  readonly #tasks: KnownTasks;
  readonly #arns: readonly string[];
  readonly #unfollow: (() => void)[];
  readonly #done = deferred<void>();
  #failure: unknown;

  constructor(tasks: KnownTasks, arns: readonly string[]) {
    this.#tasks = tasks;
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
      return task === undefined || task.phase === "ended" ? [] : [task];
    });
  }

  /** Resolves when all have ended, when that cannot be seen any more, or when `signal` aborts. Never rejects. */
  async wait(signal: AbortSignal): Promise<void> {
    // An abort ends the wait and nothing else; the caller looks at the signal.
    await orAborted(this.#done.promise, signal).catch(() => undefined);
  }

  close(): void {
    for (const unfollow of this.#unfollow) unfollow();
  }

  #check(): void {
    if (this.alive().length === 0) this.#done.resolve();
  }
}
