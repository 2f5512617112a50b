import { findRoom } from "./find-room.js";
import type { Cluster, Task } from "./state.js";
import type { TaskEvent } from "./task-lifecycle.js";

export interface WaitingTasksOptions {
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly apply: (task: Task, event: TaskEvent) => void;
  /** How long a task waits for room, in ms. */
  readonly waitMs: number;
}

/** Gives tasks that wait for room of their capacity provider what becomes free, the oldest first, and ends those that get none. */
export class WaitingTasks {
  readonly #timers = new Map<Task, NodeJS.Timeout>();

  constructor(private readonly options: WaitingTasksOptions) {}

  /** To be called when tasks may have come, room become free, or a task have been stopped. */
  look(): void {
    for (const { waiting } of this.options.clusters.values()) for (const task of waiting) this.#place(task);
    for (const [task, timer] of this.#timers) {
      if (task.awaitedRoom !== undefined) continue;
      clearTimeout(timer);
      this.#timers.delete(task);
    }
  }

  /** None gives up any more. */
  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #place(task: Task): void {
    const found = roomFor(task);
    if (found === undefined) return;
    if ("instance" in found) this.options.apply(task, { kind: "room-found", instance: found.instance });
    else if (!this.#timers.has(task))
      this.#timers.set(
        task,
        setTimeout(() => this.#giveUp(task), this.options.waitMs),
      );
  }

  #giveUp(task: Task): void {
    const found = roomFor(task);
    if (found === undefined || "instance" in found) return;
    const reason = `TaskFailedToStart: ${found.reason}`;
    this.options.apply(task, { kind: "stop", stopCode: "TaskFailedToStart", reason });
  }
}

/** Undefined if it does not wait. */
function roomFor({ cluster, awaitedRoom }: Task): ReturnType<typeof findRoom> | undefined {
  return awaitedRoom === undefined
    ? undefined
    : findRoom(cluster, awaitedRoom.capacityProvider, awaitedRoom.placement);
}
