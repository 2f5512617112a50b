/** How many workers a task has; with `auto` its first worker tells, since its container's cores decide. */
export type WorkersPerTask = number | "auto";

const SEPARATOR = "#";

/** The id of the worker in this slot, from 1 on: the task's ARN alone where a task has one worker. */
export function workerId(taskArn: string, slot: number, perTask: WorkersPerTask): string {
  return perTask === 1 ? taskArn : `${taskArn}${SEPARATOR}${slot}`;
}

/** The task of a worker. */
export function taskArnOf(id: string): string {
  return id.split(SEPARATOR, 1)[0] ?? id;
}

/** The workers of one task: how many they are, and which of them are gone, or on their way out. Pure. */
export class TaskWorkers {
  readonly #taskArn: string;
  readonly #perTask: WorkersPerTask;
  #count: number;
  #isCounted: boolean;
  readonly #gone = new Set<string>();

  constructor(taskArn: string, perTask: WorkersPerTask) {
    this.#taskArn = taskArn;
    this.#perTask = perTask;
    this.#isCounted = perTask !== "auto";
    this.#count = perTask === "auto" ? 1 : perTask;
  }

  /** Whether it is known how many they are; until then the first one stands for all. */
  get isCounted(): boolean {
    return this.#isCounted;
  }

  get ids(): readonly string[] {
    return Array.from({ length: this.#count }, (_, index) =>
      workerId(this.#taskArn, index + 1, this.#perTask),
    );
  }

  /** Whether all are gone. */
  get areGone(): boolean {
    return this.#gone.size >= this.#count;
  }

  /** Undefined for one too many: a task definition may set how many workers its container starts, and nobody asked for them. */
  idOf(slot: number): string | undefined {
    return slot > this.#count ? undefined : workerId(this.#taskArn, slot, this.#perTask);
  }

  /** One of them has said how many they are. False if that was known. */
  counted(count: number): boolean {
    if (this.#isCounted) return false;
    this.#isCounted = true;
    this.#count = count;
    return true;
  }

  /** This one has ended, or was asked to. */
  setGone(id: string): void {
    this.#gone.add(id);
  }
}
