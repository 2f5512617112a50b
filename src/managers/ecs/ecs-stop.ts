import type { Task } from "@aws-sdk/client-ecs";
import { withRetries } from "./ecs-call.js";
import type { ECSOperations } from "./ecs-client.js";
import { serviceError } from "./ecs-errors.js";
import type { RequestPace } from "./ecs-pace.js";
import { launchOf } from "./ecs-request.js";
import { TASKS_PER_DESCRIBE } from "./ecs-task-poller.js";
import { forEachOf, pause } from "./ecs-wait.js";

const CALLS_AT_ONCE = 8;
const LIMITS = { capacityMs: 0, outageMs: 15_000, briefAttempts: 5 };

/** Sends StopTask for each of these. One that ECS does not know is gone. Rejects with the first error, after all. */
export async function stopTasks(
  ecs: Pick<ECSOperations, "stopTask">,
  pace: RequestPace,
  taskArns: readonly string[],
  reason: string,
  signal: AbortSignal,
): Promise<void> {
  await forEachOf(taskArns, CALLS_AT_ONCE, async (arn) => {
    try {
      await withRetries(
        async () => {
          await pause(pace.take(performance.now()), signal);
          await ecs.stopTask(arn, reason, signal);
        },
        { limits: LIMITS, signal },
      );
    } catch (error) {
      if (!/task was not found/i.test(serviceError(error).message)) throw error;
    }
  });
}

/**
 * Finds the tasks of a launch that nobody knows of: RunTask may have started them though its answer was lost. Only
 * tasks that carry the launch's id in their override are meant, whatever else has the same `startedBy`.
 */
export async function strayTasks(
  ecs: ECSOperations,
  mark: { readonly startedBy: string; readonly launchId: string },
  isKnown: (arn: string) => boolean,
  signal: AbortSignal,
): Promise<readonly Task[]> {
  const retries = { limits: LIMITS, signal };
  const listed = await withRetries(() => ecs.listTasks(mark.startedBy, signal), retries);
  const unknown = listed.filter((arn) => !isKnown(arn));
  const strays: Task[] = [];
  for (let start = 0; start < unknown.length; start += TASKS_PER_DESCRIBE) {
    const arns = unknown.slice(start, start + TASKS_PER_DESCRIBE);
    const { tasks } = await withRetries(() => ecs.describeTasks(arns, signal), retries);
    strays.push(...tasks.filter((task) => launchOf(task) === mark.launchId));
  }
  return strays;
}
