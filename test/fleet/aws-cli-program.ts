/** Runs on the manager's host: what the AWS CLI sees of workers on the fleet, and does to them. */
import { Cluster } from "#dist/index.js";
import { ECSManager } from "#dist/managers/ecs/index.js";
import type { RunTaskCommandInput, Task } from "@aws-sdk/client-ecs";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { FleetEndpoint } from "./fleet-endpoint.js";
import { environment, square } from "./work.js";

export interface AwsCliResult {
  readonly startedTasks: readonly string[];
  readonly listedTasks: readonly string[];
  readonly describedTasks: readonly Task[];
  /** What became of the worker whose task the CLI stopped. */
  readonly stopped: { readonly taskArn: string; readonly message: string };
  /** By the worker that is left, after the instance of both was drained. */
  readonly squared: number;
  readonly failuresWhileDraining: readonly unknown[];
  /** Names and values in the environment of a worker's process. */
  readonly workerEnvironment: Readonly<Record<string, string | undefined>>;
  /** A stranger started a task with the overrides that DescribeTasks shows. */
  readonly replayed: { readonly exitCode: number | undefined; readonly workers: readonly number[] };
}

await using endpoint = await FleetEndpoint.start();
await endpoint.register();
const { local } = endpoint;

async function aws<Answer>(...words: readonly string[]): Promise<Answer> {
  const env = {
    PATH: process.env["PATH"],
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_DEFAULT_REGION: local.region,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_PAGER: "",
  };
  const all = ["--endpoint-url", local.endpoint, "--output", "json", "ecs", ...words];
  const { stdout } = await promisify(execFile)("/usr/bin/aws", all, { env });
  return JSON.parse(stdout) as Answer;
}

let result: AwsCliResult;
{
  await using manager = new ECSManager({
    client: endpoint.client,
    taskDefinition: "worker",
    workers: 2,
    command: "image",
  });
  await using cluster = new Cluster();
  const { joined } = await cluster.addProcs(manager);
  const [victim, survivor] = joined;
  if (victim === undefined || survivor === undefined) throw new Error("two workers have joined");
  const { taskArns } = await aws<{ taskArns: string[] }>("list-tasks");
  const { tasks } = await aws<{ tasks: Task[] }>("describe-tasks", "--tasks", ...taskArns);

  const overrides = tasks[0]?.overrides ?? {};
  const replay: RunTaskCommandInput = { taskDefinition: "worker", overrides };
  const { tasks: strangers } = await aws<{ tasks: Task[] }>(
    "run-task",
    "--cli-input-json",
    JSON.stringify(replay),
  );
  const stranger = await local.waitForTask(
    strangers[0]?.taskArn ?? "",
    ({ lastStatus }) => lastStatus === "STOPPED",
  );
  const replayed = { exitCode: stranger.containers[0]?.exitCode, workers: cluster.workers() };

  const gone = new Promise<string>((resolve) =>
    cluster.on("exited", ({ reason }) => resolve(reason.message)),
  );
  await aws("stop-task", "--task", victim.launched.id, "--reason", "by hand");
  await gone;
  const arns = local.instances.map(({ arn }) => arn);
  await aws("update-container-instances-state", "--status", "DRAINING", "--container-instances", ...arns);
  const failuresWhileDraining = await aws<unknown>("run-task", "--task-definition", "worker").then(
    () => [],
    (error: Error) => [error.message],
  );
  result = {
    startedTasks: joined.map(({ launched }) => launched.id),
    listedTasks: taskArns,
    describedTasks: tasks,
    stopped: { taskArn: victim.launched.id, message: await gone },
    squared: await cluster.remoteCallFetch(square, survivor.pid, 12),
    failuresWhileDraining,
    workerEnvironment: await cluster.remoteCallFetch(environment, survivor.pid),
    replayed,
  };
}
process.send?.(result);
process.disconnect?.();
