import type { ConsoleLink } from "../../errors.js";
import type { LogDestination } from "./ecs-task-definition.js";

/** Where the pages of each partition's console are. Other partitions have none that is public. */
const CONSOLES: Readonly<Record<string, string>> = {
  aws: "console.aws.amazon.com",
  "aws-cn": "console.amazonaws.cn",
  "aws-us-gov": "console.amazonaws-us-gov.com",
};

/**
 * The console's pages about a task, and about its output if that goes to CloudWatch Logs. None for an ARN that cannot be
 * read. The old short form of an ARN names no ECS cluster, so that is given apart (as a name or an ARN).
 */
export function consoleLinks(
  taskArn: string,
  ecsCluster: string,
  logs?: LogDestination & { readonly containerName: string },
): readonly ConsoleLink[] {
  const [, partition = "", service, region = "", , resource = ""] = taskArn.split(":");
  const host = CONSOLES[partition];
  const [kind, ...path] = resource.split("/");
  const taskId = path.at(-1) ?? "";
  if (host === undefined || service !== "ecs" || region === "" || kind !== "task" || taskId === "") return [];
  const cluster = path.length > 1 ? path[0] : ecsCluster.split("/").at(-1);
  const task = `https://${region}.${host}/ecs/v2/clusters/${cluster}/tasks/${taskId}/configuration?region=${region}`;
  const links = [{ title: "task", url: task }];
  if (logs === undefined) return links;
  const stream = logStream(logs, taskId);
  const logRegion = logs.region ?? region;
  const place = `log-groups/log-group/${inFragment(logs.group)}/log-events/${inFragment(stream)}`;
  const url = `https://${logRegion}.${host}/cloudwatch/home?region=${logRegion}#logsV2:${place}`;
  return [...links, { title: "logs", url }];
}

/** The stream of a container (Amazon ECS developer guide, "Using the awslogs log driver"). */
export function logStream(
  { streamPrefix, containerName }: { readonly streamPrefix: string; readonly containerName: string },
  taskId: string,
): string {
  return `${streamPrefix}/${containerName}/${taskId}`;
}

/** The console encodes twice, with `$` for the second `%`. */
function inFragment(text: string): string {
  return encodeURIComponent(encodeURIComponent(text)).replaceAll("%", "$");
}
