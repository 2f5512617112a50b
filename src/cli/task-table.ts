import type { MarkedTask } from "../managers/ecs/ecs-marked-tasks.js";
import { table } from "./table.js";

const HEADING = ["LAUNCH", "TASK", "STATUS", "AGE", "DEFINITION", "INSTANCE", "STARTED BY"];

/** Tasks for people; `now` in milliseconds since the epoch. */
export function taskTable(tasks: readonly MarkedTask[], now: number): string {
  const rows = tasks.map((task) => [
    task.launchId,
    lastPart(task.taskArn),
    task.lastStatus,
    task.createdAt === undefined ? "-" : age(now - task.createdAt.getTime()),
    lastPart(task.taskDefinitionArn),
    lastPart(task.containerInstanceArn),
    task.startedBy ?? "-",
  ]);
  return table(HEADING, rows);
}

/** `45s`, `12m`, `3h`, `2d` */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

function lastPart(arn: string | undefined): string {
  return arn?.split("/").at(-1) ?? "-";
}
