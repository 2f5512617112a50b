import type { Container, Task } from "@aws-sdk/client-ecs";
import type { ExitReason } from "../../errors.js";
import { otherContainerEnded, stopCause } from "./ecs-stop-reasons.js";
import type { StopCause } from "./ecs-stop-reasons.js";
import type { WorkerTaskDefinition } from "./ecs-task-definition.js";

/** What ECS knows of a worker's task. */
export interface ECSTaskDetails {
  readonly taskArn: string;
  readonly taskDefinitionArn?: string;
  /** As ECS gives it: `PROVISIONING`, `PENDING`, `RUNNING`, `STOPPED`, ... */
  readonly lastStatus: string;
  /** Absent on Fargate and before placement. */
  readonly containerInstanceArn?: string;
  readonly availabilityZone?: string;
  readonly launchType?: string;
  readonly capacityProviderName?: string;
}

/**
 * How far a task has come. `accepted`: ECS has it. `placed`: it has a machine. `started`: its containers run.
 * `ended`: the worker's container will not run again.
 */
export type TaskPhase = "accepted" | "placed" | "started" | "ended";

/**
 * Statuses of a task (Amazon ECS developer guide, "Task lifecycle"). A status that is not here tells nothing new.
 * DEPROVISIONING comes after the containers have stopped: what is left is the network interface.
 */
const PHASE_OF_STATUS: Readonly<Record<string, TaskPhase>> = {
  PROVISIONING: "accepted",
  PENDING: "accepted",
  ACTIVATING: "placed",
  RUNNING: "started",
  DEPROVISIONING: "ended",
  STOPPED: "ended",
  DELETED: "ended",
};

const ORDER: readonly TaskPhase[] = ["accepted", "placed", "started", "ended"];

/** The further of two phases: answers of DescribeTasks can be older than one that came before. */
export function furthest(a: TaskPhase, b: TaskPhase): TaskPhase {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}

/** How far the worker in `containerName` of this task has come. */
export function taskPhase(task: Task, containerName: string): TaskPhase {
  const byStatus = PHASE_OF_STATUS[task.lastStatus ?? ""] ?? "accepted";
  if (byStatus === "ended") return "ended";
  // On the way to STOPPED the worker's own container can be over long before the task is.
  if (task.desiredStatus === "STOPPED" && workerContainer(task, containerName)?.lastStatus === "STOPPED") {
    return "ended";
  }
  const isPlaced =
    task.containerInstanceArn !== undefined ||
    (task.launchType === "FARGATE" && task.lastStatus === "PENDING");
  return isPlaced ? furthest(byStatus, "placed") : byStatus;
}

/** Whether the end of the task is complete, its network interface included. */
export function isStopped(task: Task): boolean {
  return task.lastStatus === "STOPPED" || task.lastStatus === "DELETED";
}

export function taskDetails(task: Task, taskArn: string): ECSTaskDetails {
  const { taskDefinitionArn, containerInstanceArn, availabilityZone, launchType, capacityProviderName } =
    task;
  return {
    taskArn,
    lastStatus: task.lastStatus ?? "UNKNOWN",
    ...(taskDefinitionArn === undefined ? {} : { taskDefinitionArn }),
    ...(containerInstanceArn === undefined ? {} : { containerInstanceArn }),
    ...(availabilityZone === undefined ? {} : { availabilityZone }),
    ...(launchType === undefined ? {} : { launchType }),
    ...(capacityProviderName === undefined ? {} : { capacityProviderName }),
  };
}

/** Signals by the exit code with which a container reports them: 128 + number. */
const SIGNAL_OF_EXIT_CODE: Readonly<Record<number, string>> = {
  130: "SIGINT",
  132: "SIGILL",
  134: "SIGABRT",
  135: "SIGBUS",
  136: "SIGFPE",
  137: "SIGKILL",
  139: "SIGSEGV",
  143: "SIGTERM",
};

/** Why the worker in this ended task is gone, without its output. */
export function taskExit(
  task: Task,
  { containerName, logs }: Pick<WorkerTaskDefinition, "containerName" | "logs">,
): ExitReason {
  const container = workerContainer(task, containerName);
  const exitCode = container?.exitCode;
  const { cause, advice } = causeOf(task, container);
  const hint = exitCode !== undefined && logs === undefined ? LOGS_HINT : "";
  const instance = OF_THE_INSTANCE.has(cause) ? instanceName(task.containerInstanceArn) : undefined;
  const where = instance === undefined ? "" : ` (it was on ${instance})`;
  const message = `${describeStop(task, container)}${where}`;
  const facts = { cause, advice: `${advice}${hint}`, message };
  // Whoever stopped it (a person, a Spot interruption) is the cause; the exit code is only what came of it.
  const endedItself = task.stopCode === undefined || task.stopCode === "EssentialContainerExited";
  if (!endedItself || exitCode === undefined) {
    return { kind: "stopped", ...facts, ...(exitCode === undefined ? {} : { exitCode }) };
  }
  const signal = SIGNAL_OF_EXIT_CODE[exitCode];
  return signal === undefined
    ? { kind: "exited", ...facts, exitCode }
    : { kind: "signalled", ...facts, exitCode, signal };
}

/** Causes that lie with what a task ran on, rather than with the task. */
const OF_THE_INSTANCE: ReadonlySet<string> = new Set([
  "Spot interruption",
  "instance gone",
  "instance draining",
  "platform maintenance",
  "infrastructure fault",
  "agent disconnected",
  "disk full",
]);

/** A container instance in messages; undefined on Fargate, and before placement. */
export function instanceName(containerInstanceArn: string | undefined): string | undefined {
  const id = containerInstanceArn?.split("/").at(-1);
  return id === undefined ? undefined : `container instance ${id}`;
}

const LOGS_HINT =
  " (its output would stand here if the container had the log driver awslogs with an awslogs-stream-prefix)";

function causeOf(task: Task, container: Container | undefined): StopCause {
  const other = task.stopCode === "EssentialContainerExited" ? endedBefore(task, container) : undefined;
  if (other?.exitCode !== undefined) return otherContainerEnded(other.name ?? "?", other.exitCode);
  const texts = [task.stopCode, task.stoppedReason, container?.reason].filter((text) => text !== undefined);
  return stopCause(texts, container?.exitCode);
}

/** Exit codes of a container that ECS ended because its task was over. */
const ENDED_WITH_ITS_TASK: readonly (number | undefined)[] = [undefined, 137, 143];

/** The container whose end took the worker with it, if it looks like that. */
function endedBefore(task: Task, worker: Container | undefined): Container | undefined {
  if (worker?.reason !== undefined || !ENDED_WITH_ITS_TASK.includes(worker?.exitCode)) return undefined;
  return task.containers?.find(
    (container) => container !== worker && !ENDED_WITH_ITS_TASK.includes(container.exitCode),
  );
}

/** For a task of which ECS says that it does not exist, though it did. */
export function forgottenTaskExit(taskArn: string): ExitReason {
  return {
    kind: "stopped",
    cause: "MISSING",
    message: `ECS no longer knows ${shortTask(taskArn)} (MISSING): it stopped more than an hour ago, or never came to be`,
    advice:
      "look in CloudTrail for what became of it, and check that region and ECS cluster are the ones it was started in",
  };
}

function workerContainer(task: Task, containerName: string): Container | undefined {
  return task.containers?.find((container) => container.name === containerName);
}

function describeStop(task: Task, container: Container | undefined): string {
  const parts = [
    task.stoppedReason === undefined ? undefined : JSON.stringify(task.stoppedReason),
    container?.exitCode === undefined ? undefined : `exit code ${container.exitCode}`,
    container?.reason === undefined ? undefined : `container: ${JSON.stringify(container.reason)}`,
  ].filter((part) => part !== undefined);
  const why = [task.stopCode, parts.join(", ")]
    .filter((part) => part !== undefined && part !== "")
    .join(": ");
  return `${shortTask(task.taskArn ?? "")} stopped${why === "" ? "" : `, ${why}`}`;
}

function shortTask(arn: string): string {
  return `ECS task ${arn.split("/").at(-1) ?? arn}`;
}
