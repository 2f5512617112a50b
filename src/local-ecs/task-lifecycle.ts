/**
 * The life of one task, as ECS shows it (Developer Guide, "Task lifecycle"):
 *
 * PROVISIONING → PENDING → ACTIVATING → RUNNING → DEACTIVATING → STOPPING → DEPROVISIONING → STOPPED
 *
 * A task that never ran goes from PENDING to STOPPING, and from PROVISIONING to DEPROVISIONING. A step makes at most
 * one change of status, so that every status can be seen from outside; where nothing has to be waited for, the step
 * asks to be advanced by an effect. The first cause of a stop is the one that is shown.
 */
import { release, reserve } from "./placement.js";
import type {
  ContainerInstance,
  ContainerNetwork,
  NetworkBinding,
  StopCode,
  Task,
  TaskContainer,
  TaskStatus,
} from "./state.js";

export type TaskEvent =
  /** Goes on from a status that waits for nothing; ignored if the task has left it. */
  | { readonly kind: "advance"; readonly from: TaskStatus }
  | { readonly kind: "pull-started" }
  | { readonly kind: "pull-stopped" }
  | {
      readonly kind: "container-started";
      readonly container: TaskContainer;
      readonly runtimeId: string;
      readonly networkBindings: readonly NetworkBinding[];
      readonly network?: ContainerNetwork;
    }
  /** Never ran. Without a reason: because its task was stopped first. */
  | { readonly kind: "container-not-started"; readonly container: TaskContainer; readonly reason?: string }
  | {
      readonly kind: "container-exited";
      readonly container: TaskContainer;
      readonly exitCode?: number;
      readonly reason?: string;
    }
  | { readonly kind: "stop"; readonly stopCode: StopCode; readonly reason: string }
  /** It waited for this. */
  | { readonly kind: "room-found"; readonly instance: ContainerInstance }
  /** Its instance is gone, and with it whatever the task's containers would have to tell. */
  | { readonly kind: "instance-lost"; readonly reason: string };

export type TaskEffect =
  /** Give the event back, soon. */
  | { readonly kind: "advance"; readonly task: Task; readonly from: TaskStatus }
  /** Pull and start every container; each must be answered by exactly one started or not-started event. */
  | { readonly kind: "start"; readonly task: Task }
  /** End what runs and abandon what is being started. */
  | { readonly kind: "stop-containers"; readonly task: Task }
  /** Something that DescribeTasks shows has changed. */
  | { readonly kind: "changed"; readonly task: Task };

export function step(task: Task, event: TaskEvent, now: number): TaskEffect[] {
  // What was still under way when its instance was lost.
  if (task.lastStatus === "STOPPED") return [];
  switch (event.kind) {
    case "advance":
      return event.from === task.lastStatus ? advance(task, now) : [];
    case "pull-started":
      task.pullStartedAt = now;
      task.connectivityAt ??= now;
      return changed(task);
    case "pull-stopped":
      task.pullStoppedAt = now;
      return changed(task);
    case "container-started":
      return containerStarted(task, event, now);
    case "container-not-started":
      return containerNotStarted(task, event.container, event.reason, now);
    case "container-exited":
      return containerExited(task, event, now);
    case "stop":
      return stop(task, event.stopCode, event.reason, now);
    case "room-found":
      return takeRoom(task, event.instance);
    case "instance-lost":
      return loseInstance(task, event.reason, now);
  }
}

function advance(task: Task, now: number): TaskEffect[] {
  switch (task.lastStatus) {
    case "PROVISIONING": {
      const { placementFailure, awaitedRoom } = task;
      if (awaitedRoom !== undefined) return [];
      return placementFailure === undefined
        ? [...enter(task, "PENDING"), { kind: "start", task }]
        : stop(task, "TaskFailedToStart", `TaskFailedToStart: ${placementFailure}`, now);
    }
    case "ACTIVATING":
      task.startedAt = now;
      return enter(task, "RUNNING");
    case "DEACTIVATING":
      return enterStopping(task);
    case "STOPPING":
      if (!hasEnded(task)) return [];
      task.executionStoppedAt ??= now;
      return [...enter(task, "DEPROVISIONING"), { kind: "advance", task, from: "DEPROVISIONING" }];
    case "DEPROVISIONING":
      task.stoppedAt = now;
      release(task);
      return enter(task, "STOPPED");
    case "PENDING":
    case "RUNNING":
    case "STOPPED":
      return [];
  }
}

/** Nothing if it does not wait any more. */
function takeRoom(task: Task, instance: ContainerInstance): TaskEffect[] {
  if (task.awaitedRoom === undefined) return [];
  stopWaiting(task);
  task.instance = instance;
  task.host = instance;
  reserve(task);
  return [...changed(task), { kind: "advance", task, from: "PROVISIONING" }];
}

function stopWaiting(task: Task): void {
  delete task.awaitedRoom;
  task.cluster.waiting.delete(task);
}

function containerStarted(
  task: Task,
  event: Extract<TaskEvent, { kind: "container-started" }>,
  now: number,
): TaskEffect[] {
  const { container } = event;
  container.lastStatus = "RUNNING";
  container.runtimeId = event.runtimeId;
  container.networkBindings = event.networkBindings;
  if (event.network !== undefined) container.network = event.network;
  container.startedAt = now;
  return activateWhenStarted(task);
}

function containerNotStarted(
  task: Task,
  container: TaskContainer,
  reason: string | undefined,
  now: number,
): TaskEffect[] {
  container.lastStatus = "STOPPED";
  container.finishedAt = now;
  if (reason !== undefined) container.reason = reason;
  if (task.desiredStatus === "STOPPED") return endWhenStopped(task, now);
  if (!container.definition.essential) return activateWhenStarted(task);
  // ECS repeats the container's reason for a failed pull and gives a general sentence for a failed start.
  const isPull = reason?.startsWith("CannotPull") ?? false;
  return stop(task, "TaskFailedToStart", isPull ? (reason ?? "") : "Task failed to start", now);
}

function containerExited(
  task: Task,
  event: Extract<TaskEvent, { kind: "container-exited" }>,
  now: number,
): TaskEffect[] {
  const { container } = event;
  container.lastStatus = "STOPPED";
  if (event.exitCode !== undefined) container.exitCode = event.exitCode;
  container.finishedAt = now;
  if (event.reason !== undefined) container.reason = event.reason;
  if (task.desiredStatus === "STOPPED") return endWhenStopped(task, now);
  if (!container.definition.essential) return changed(task);
  return stop(task, "EssentialContainerExited", "Essential container in task exited", now);
}

function stop(task: Task, stopCode: StopCode, reason: string, now: number): TaskEffect[] {
  if (task.desiredStatus === "STOPPED") return [];
  task.desiredStatus = "STOPPED";
  task.stopCode = stopCode;
  task.stoppedReason = reason;
  task.stoppingAt = now;
  stopWaiting(task);
  // A stopped task loses its tags (ECS API Reference, StopTask).
  task.tags.clear();
  if (task.lastStatus === "PENDING") return enterStopping(task);
  if (task.lastStatus !== "PROVISIONING")
    return [...enter(task, "DEACTIVATING"), { kind: "advance", task, from: "DEACTIVATING" }];
  for (const container of task.containers) container.lastStatus = "STOPPED";
  return [...enter(task, "DEPROVISIONING"), { kind: "advance", task, from: "DEPROVISIONING" }];
}

/** At once: the control plane has nobody to ask. */
function loseInstance(task: Task, reason: string, now: number): TaskEffect[] {
  if (task.desiredStatus !== "STOPPED") {
    task.desiredStatus = "STOPPED";
    task.stopCode = "TerminationNotice";
    task.stoppedReason = reason;
    task.stoppingAt = now;
    task.tags.clear();
  }
  for (const container of task.containers) container.lastStatus = "STOPPED";
  task.stoppedAt = now;
  release(task);
  return [...enter(task, "STOPPED"), { kind: "stop-containers", task }];
}

function enterStopping(task: Task): TaskEffect[] {
  return [
    ...enter(task, "STOPPING"),
    { kind: "stop-containers", task },
    ...(hasEnded(task) ? [{ kind: "advance", task, from: "STOPPING" } as const] : []),
  ];
}

function activateWhenStarted(task: Task): TaskEffect[] {
  if (task.lastStatus !== "PENDING" || task.desiredStatus === "STOPPED") return changed(task);
  if (task.containers.some((container) => container.lastStatus === "PENDING")) return changed(task);
  return [...enter(task, "ACTIVATING"), { kind: "advance", task, from: "ACTIVATING" }];
}

function endWhenStopped(task: Task, now: number): TaskEffect[] {
  if (!hasEnded(task)) return changed(task);
  task.executionStoppedAt = now;
  return [...changed(task), { kind: "advance", task, from: "STOPPING" }];
}

function hasEnded(task: Task): boolean {
  return task.containers.every((container) => container.lastStatus === "STOPPED");
}

function enter(task: Task, status: TaskStatus): TaskEffect[] {
  task.lastStatus = status;
  return changed(task);
}

function changed(task: Task): TaskEffect[] {
  task.version += 1;
  return [{ kind: "changed", task }];
}
