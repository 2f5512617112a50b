import type { LaunchType } from "./capacity-provider.js";
import type { StopCode, Task, TaskStatus } from "./state.js";

/** What an observer sees of a task at one moment: the members of DescribeTasks that say how it is. */
export interface ObservedTask {
  readonly taskArn: string;
  readonly taskDefinitionArn: string;
  readonly clusterArn: string;
  /** Absent on Fargate, and where the task's capacity provider had no room. */
  readonly containerInstanceArn?: string;
  readonly launchType: LaunchType;
  /** Only if the task was started with a strategy. */
  readonly capacityProviderName?: string;
  readonly lastStatus: TaskStatus;
  readonly desiredStatus: "RUNNING" | "STOPPED";
  /** Grows with every change. */
  readonly version: number;
  readonly startedBy?: string;
  readonly group: string;
  readonly stopCode?: StopCode;
  readonly stoppedReason?: string;
  readonly containers: readonly {
    readonly name: string;
    readonly lastStatus: "PENDING" | "RUNNING" | "STOPPED";
    readonly exitCode?: number;
    readonly reason?: string;
  }[];
}

export function observe(task: Task): ObservedTask {
  return {
    taskArn: task.arn,
    taskDefinitionArn: task.definition.arn,
    clusterArn: task.cluster.arn,
    ...(task.instance === undefined ? {} : { containerInstanceArn: task.instance.arn }),
    launchType: task.launchType,
    ...(task.capacityProvider === undefined ? {} : { capacityProviderName: task.capacityProvider }),
    lastStatus: task.lastStatus,
    desiredStatus: task.desiredStatus,
    version: task.version,
    ...(task.startedBy === undefined ? {} : { startedBy: task.startedBy }),
    group: task.group,
    ...(task.stopCode === undefined ? {} : { stopCode: task.stopCode }),
    ...(task.stoppedReason === undefined ? {} : { stoppedReason: task.stoppedReason }),
    containers: task.containers.map(({ definition, lastStatus, exitCode, reason }) => ({
      name: definition.name,
      lastStatus,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(reason === undefined ? {} : { reason }),
    })),
  };
}

export interface TaskOutput {
  readonly taskArn: string;
  readonly container: string;
  readonly stream: "stdout" | "stderr";
  /** Without its line end. */
  readonly line: string;
}

/** A set of listeners. A listener that throws is a defect of its owner and does not stop the others. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();

  /** Returns the function that takes the listener away. */
  add(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(value: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
