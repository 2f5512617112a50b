import type { PlacementConstraint, RunTaskCommandInput, Task, TaskOverride } from "@aws-sdk/client-ecs";
import { MOST_WORKERS_OF_CONTAINER, WorkerVariable } from "../../protocol/worker-variables.js";
import type { ECSSettings } from "./ecs-settings.js";
import type { WorkersPerTask } from "./ecs-task-workers.js";

/** Tasks that one RunTask call can start (Amazon ECS API reference, RunTask, `count`). */
export const TASKS_PER_CALL = 10;

/** Characters of `overrides` in one RunTask call, JSON punctuation included (same page, `overrides`). */
export const OVERRIDE_LIMIT = 8192;

/** The variable in which a task carries the launch it belongs to, whatever `startedBy` is. */
export const LAUNCH_VARIABLE = "ROLLCALL_LAUNCH_ID";

/** The launch to which a task belongs, by that variable; undefined for tasks that Rollcall did not start. */
export function launchOf(task: Task): string | undefined {
  const variables = (task.overrides?.containerOverrides ?? []).flatMap(
    ({ environment }) => environment ?? [],
  );
  return variables.find(({ name }) => name === LAUNCH_VARIABLE)?.value;
}

/** The contract keeps what a cluster adds below 400 characters; this stands in for it before it is known. */
export const LONGEST_WORKER_ENVIRONMENT: Readonly<Record<string, string>> = {
  ROLLCALL_: "-".repeat(400),
  [LAUNCH_VARIABLE]: "-".repeat(12),
  [WorkerVariable.workers]: "auto",
};

/** One RunTask call: its tasks share their overrides, and so the number of their workers. */
export interface PlannedCall {
  readonly tasks: number;
  readonly perTask: WorkersPerTask;
}

/** The RunTask calls of a launch for so many workers, or with `auto` tasks. A last task that is not full has its own. */
export function planCalls(count: number, perTask: WorkersPerTask): PlannedCall[] {
  const full = perTask === "auto" ? count : Math.floor(count / perTask);
  const rest = perTask === "auto" ? 0 : count % perTask;
  const calls = Array.from({ length: Math.ceil(full / TASKS_PER_CALL) }, (_, index) => ({
    tasks: Math.min(TASKS_PER_CALL, full - index * TASKS_PER_CALL),
    perTask,
  }));
  return rest === 0 ? calls : [...calls, { tasks: 1, perTask: rest }];
}

/** As how many workers each task of a call counts before any of them has reported. */
export function countedAs({ perTask }: Pick<PlannedCall, "perTask">): number {
  return perTask === "auto" ? 1 : perTask;
}

/** How many workers may report with the token of a call. */
export function tokenUses({ tasks, perTask }: PlannedCall): number {
  return tasks * (perTask === "auto" ? MOST_WORKERS_OF_CONTAINER : perTask);
}

/** The variable by which a task knows how many workers it has. */
export function groupEnvironment({
  perTask,
}: Pick<PlannedCall, "perTask">): Readonly<Record<string, string>> {
  return perTask === 1 ? {} : { [WorkerVariable.workers]: `${perTask}` };
}

/** `startedBy` of the tasks of a launch. */
export function startedBy(settings: Pick<ECSSettings, "startedBy">, launchId: string): string {
  return settings.startedBy ?? `rollcall/${launchId}`;
}

/**
 * The idempotency token of one request: the same for every repetition of an attempt whose outcome is unknown, so
 * that ECS answers with the tasks it already started, and a new one for each attempt that asks for tasks that an
 * answered one did not bring (Amazon ECS API reference, "Ensuring idempotency").
 */
export function clientToken(launchId: string, batch: number, attempt: number): string {
  return `rollcall-${launchId}-${batch}-${attempt}`;
}

/** What a launch changes of its task definition. Throws a `RangeError` if the worker's container is named as another one. */
export function taskOverride(
  settings: Pick<ECSSettings, "taskOverrides" | "containerOverrides" | "otherContainerOverrides" | "command">,
  containerName: string,
  workerEnvironment: Readonly<Record<string, string>>,
): TaskOverride {
  if (settings.otherContainerOverrides.some(({ name }) => name === containerName)) {
    throw new RangeError(
      `overrides.otherContainers.${containerName} is the worker's own container; use overrides.container for it`,
    );
  }
  const added = Object.entries(workerEnvironment).map(([name, value]) => ({ name, value }));
  return {
    ...settings.taskOverrides,
    containerOverrides: [
      {
        ...settings.containerOverrides,
        name: containerName,
        ...(settings.command === undefined ? {} : { command: [...settings.command] }),
        environment: [...(settings.containerOverrides.environment ?? []), ...added],
      },
      ...settings.otherContainerOverrides,
    ],
  };
}

/** Throws a `RangeError` if ECS would refuse this override for its length. */
export function checkOverrideSize(override: TaskOverride): void {
  const size = JSON.stringify(override).length;
  if (size <= OVERRIDE_LIMIT) return;
  const parts = overrideParts(override)
    .toSorted((a, b) => b.size - a.size)
    .slice(0, 3)
    .map((part) => `${part.name} with ${part.size}`);
  throw new RangeError(
    `the overrides of a task come to ${size} characters and ECS takes ${OVERRIDE_LIMIT}; the largest are ` +
      `${parts.join(", ")}. Put long values into the image, the task definition or a file, or send them to the ` +
      `workers once they have joined`,
  );
}

function overrideParts(override: TaskOverride): { name: string; size: number }[] {
  return (override.containerOverrides ?? []).flatMap((container) => [
    { name: "command", size: JSON.stringify(container.command ?? []).length },
    ...(container.environment ?? []).map((pair) => ({
      name: `environment ${pair.name ?? ""}`,
      size: JSON.stringify(pair).length,
    })),
  ]);
}

/** One RunTask call. */
export function runTaskInput(
  settings: ECSSettings,
  call: {
    readonly taskDefinitionArn: string;
    readonly launchId: string;
    readonly batch: number;
    readonly attempt: number;
    readonly count: number;
    readonly override: TaskOverride;
    readonly placementConstraints: readonly PlacementConstraint[];
  },
): RunTaskCommandInput {
  return {
    ...settings.rawRunTask,
    ...settings.runTask,
    cluster: settings.ecsCluster,
    taskDefinition: call.taskDefinitionArn,
    count: call.count,
    startedBy: startedBy(settings, call.launchId),
    clientToken: clientToken(call.launchId, call.batch, call.attempt),
    overrides: call.override,
    ...(call.placementConstraints.length === 0
      ? {}
      : { placementConstraints: [...call.placementConstraints] }),
  };
}
