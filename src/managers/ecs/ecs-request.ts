import type { PlacementConstraint, RunTaskCommandInput, Task, TaskOverride } from "@aws-sdk/client-ecs";
import type { ECSSettings } from "./ecs-settings.js";

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
};

/** How many tasks each RunTask call of a launch asks for. */
export function planBatches(count: number): number[] {
  const calls = Math.ceil(count / TASKS_PER_CALL);
  return Array.from({ length: calls }, (_, index) =>
    Math.min(TASKS_PER_CALL, count - index * TASKS_PER_CALL),
  );
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
