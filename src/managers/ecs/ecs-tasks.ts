import type { Task } from "@aws-sdk/client-ecs";
import type { ExitReason } from "../../errors.js";
import { forgottenTaskExit, furthest, isStopped, taskDetails, taskExit, taskPhase } from "./ecs-lifecycle.js";
import type { ECSTaskDetails, TaskPhase } from "./ecs-lifecycle.js";
import type { WorkerTaskDefinition } from "./ecs-task-definition.js";
import type { ECSTaskPoller, TaskWatcher } from "./ecs-task-poller.js";
import { TaskWorkers, taskArnOf } from "./ecs-task-workers.js";
import type { WorkersPerTask } from "./ecs-task-workers.js";

/** ECS is eventually consistent: a task it just accepted can be unknown to DescribeTasks for a while. */
const MISSING_GRACE_MS = 30_000;

/** One task that a launch of this manager has started. */
export interface KnownTask {
  readonly arn: string;
  readonly definition: WorkerTaskDefinition;
  readonly workers: TaskWorkers;
  readonly details: ECSTaskDetails;
  readonly phase: TaskPhase;
  /** Set once `phase` is `ended`; without the task's output. */
  readonly exit?: ExitReason;
  /** ECS has nothing left to do for it: it is STOPPED. Its worker has ended before. */
  readonly isStopped: boolean;
}

export interface TaskListener {
  /** The task's phase or details are new; `before` is the phase until now. */
  changed(task: KnownTask, before: TaskPhase): void;
  /** It is known now how many workers the task has. */
  counted?(task: KnownTask): void;
  /** ECS does not let us look at tasks; the listener has been dropped. */
  failed(error: unknown): void;
}

interface Entry {
  task: KnownTask;
  /** When ECS last said that the task exists. */
  knownAt: number;
  /** ECS counts a task's changes; a lower number than before is an older answer. */
  version: number;
  readonly listeners: Set<TaskListener>;
  unwatch: (() => void) | undefined;
}

/** All tasks of a manager. A task is looked at while somebody follows it and it is not STOPPED. */
export class KnownTasks {
  readonly #entries = new Map<string, Entry>();
  readonly #poller: Pick<ECSTaskPoller, "watch">;
  readonly #now: () => number;

  constructor(poller: Pick<ECSTaskPoller, "watch">, now: () => number) {
    this.#poller = poller;
    this.#now = now;
  }

  /** Takes a task from an answer to RunTask. False if it is known already: ECS repeats answers. */
  add(task: Task, definition: WorkerTaskDefinition, perTask: WorkersPerTask = 1): boolean {
    const arn = task.taskArn ?? "";
    if (arn === "" || this.#entries.has(arn)) return false;
    const known: KnownTask = {
      arn,
      definition,
      workers: new TaskWorkers(arn, perTask),
      details: taskDetails(task, arn),
      phase: "accepted",
      isStopped: false,
    };
    this.#entries.set(arn, {
      task: known,
      knownAt: this.#now(),
      version: 0,
      listeners: new Set(),
      unwatch: undefined,
    });
    return true;
  }

  get(arn: string): KnownTask | undefined {
    return this.#entries.get(arn)?.task;
  }

  /** One of the task's workers has said how many they are. */
  counted(arn: string, workers: number): void {
    const entry = this.#entries.get(arn);
    if (entry?.task.workers.counted(workers) !== true) return;
    for (const listener of entry.listeners) listener.counted?.(entry.task);
  }

  /** These workers have ended or were asked to. Returns those of their tasks in which no other worker is left. */
  setGone(ids: readonly string[]): readonly string[] {
    const tasks = new Set<KnownTask>();
    for (const id of ids) {
      const task = this.get(taskArnOf(id));
      if (task === undefined) continue;
      task.workers.setGone(id);
      if (task.workers.areGone || task.phase === "ended") tasks.add(task);
    }
    return [...tasks].map((task) => task.arn);
  }

  /** Tells the listener of every change until the returned function is called or the task is STOPPED. */
  follow(arn: string, listener: TaskListener): () => void {
    const entry = this.#entries.get(arn);
    if (entry === undefined || entry.task.isStopped) return () => undefined;
    entry.listeners.add(listener);
    entry.unwatch ??= this.#poller.watch(arn, this.#watcher(entry));
    return () => {
      entry.listeners.delete(listener);
      if (entry.listeners.size === 0) release(entry);
    };
  }

  #watcher(entry: Entry): TaskWatcher {
    return {
      seen: (task) => {
        entry.knownAt = this.#now();
        if ((task.version ?? entry.version) < entry.version) return false;
        entry.version = task.version ?? entry.version;
        const { arn, definition } = entry.task;
        const phase = furthest(entry.task.phase, taskPhase(task, definition.containerName));
        const details = taskDetails(task, arn);
        const isNews = phase !== entry.task.phase || details.lastStatus !== entry.task.details.lastStatus;
        const exit = phase === "ended" ? taskExit(task, definition) : undefined;
        update(entry, {
          ...entry.task,
          phase,
          details,
          isStopped: isStopped(task),
          ...(exit === undefined ? {} : { exit }),
        });
        return isNews;
      },
      missing: () => {
        if (this.#now() - entry.knownAt < MISSING_GRACE_MS) return false;
        update(entry, {
          ...entry.task,
          phase: "ended",
          isStopped: true,
          exit: forgottenTaskExit(entry.task.arn),
        });
        return true;
      },
      failed: (error) => {
        const listeners = [...entry.listeners];
        entry.listeners.clear();
        entry.unwatch = undefined;
        for (const listener of listeners) listener.failed(error);
      },
    };
  }
}

function update(entry: Entry, task: KnownTask): void {
  const before = entry.task.phase;
  entry.task = task;
  const listeners = [...entry.listeners];
  if (task.isStopped) {
    entry.listeners.clear();
    release(entry);
  }
  for (const listener of listeners) listener.changed(task, before);
}

function release(entry: Entry): void {
  entry.unwatch?.();
  entry.unwatch = undefined;
}
