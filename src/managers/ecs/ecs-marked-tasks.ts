import type { Task } from "@aws-sdk/client-ecs";
import { withRetries } from "./ecs-call.js";
import type { ECSConnection } from "./ecs-connection.js";
import { MODIFY_BURST, MODIFY_PER_SECOND, RequestPace } from "./ecs-pace.js";
import { launchOf } from "./ecs-request.js";
import { stopTasks } from "./ecs-stop.js";
import { ECSTaskPoller, TASKS_PER_DESCRIBE } from "./ecs-task-poller.js";

/** A task that carries Rollcall's mark: the launch it belongs to, in its override. */
export interface MarkedTask {
  readonly taskArn: string;
  readonly launchId: string;
  /** As ECS gives it: `PENDING`, `RUNNING`, `STOPPED`, ... */
  readonly lastStatus: string;
  readonly startedBy?: string;
  readonly taskDefinitionArn?: string;
  readonly containerInstanceArn?: string;
  readonly createdAt?: Date;
  readonly stoppedReason?: string;
}

const RETRIES = { capacityMs: 0, outageMs: 15_000, briefAttempts: 3 };
const POLL_MS = 1000;

/** The tasks of an ECS cluster that Rollcall started, whoever's program did it. Others are never shown and never touched. */
export class MarkedTasks {
  readonly #connection: ECSConnection;
  readonly #cluster: string;

  constructor(connection: ECSConnection, ecsCluster: string) {
    this.#connection = connection;
    this.#cluster = ecsCluster;
  }

  /** Those that shall run, and with `stopped` also those that were told to stop or ended within the last hour. */
  async list(options: { readonly stopped: boolean }, signal: AbortSignal): Promise<readonly MarkedTask[]> {
    const statuses = options.stopped ? (["RUNNING", "STOPPED"] as const) : (["RUNNING"] as const);
    const found: MarkedTask[] = [];
    for (const desiredStatus of statuses) {
      const arns = await this.#arns(desiredStatus, signal);
      for (let start = 0; start < arns.length; start += TASKS_PER_DESCRIBE) {
        const { tasks } = await this.#retried(signal, () =>
          this.#describe(arns.slice(start, start + TASKS_PER_DESCRIBE), signal),
        );
        found.push(...tasks.flatMap(marked));
      }
    }
    return found;
  }

  /** Tells these to stop, and waits until ECS says that they are STOPPED. Gives those of which it has not, by `signal`. */
  async stop(
    tasks: readonly MarkedTask[],
    reason: string,
    signal: AbortSignal,
  ): Promise<readonly MarkedTask[]> {
    const pace = new RequestPace(MODIFY_BURST, MODIFY_PER_SECOND, performance.now());
    const arns = tasks.map((task) => task.taskArn);
    await stopTasks({ stopTask: (arn, why) => this.#stopOne(arn, why, signal) }, pace, arns, reason, signal);
    const alive = await this.#untilStopped(arns, signal);
    return tasks.filter((task) => alive.has(task.taskArn));
  }

  #untilStopped(arns: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    const poller = new ECSTaskPoller((some, until) => this.#describe(some, until), POLL_MS);
    const alive = new Set(arns);
    return new Promise((resolve, reject) => {
      const unwatch = new Map<string, () => void>();
      const end = (): void => {
        signal.removeEventListener("abort", end);
        for (const stop of unwatch.values()) stop();
        resolve(alive);
      };
      const gone = (arn: string): boolean => {
        alive.delete(arn);
        unwatch.get(arn)?.();
        if (alive.size === 0) end();
        return true;
      };
      if (arns.length === 0 || signal.aborted) return end();
      signal.addEventListener("abort", end);
      for (const arn of arns) {
        const watcher = {
          seen: (task: Task) => task.lastStatus === "STOPPED" && gone(arn),
          missing: () => gone(arn),
          failed: (error: unknown): void => {
            signal.removeEventListener("abort", end);
            reject(error);
          },
        };
        unwatch.set(arn, poller.watch(arn, watcher));
      }
    });
  }

  async #arns(desiredStatus: "RUNNING" | "STOPPED", signal: AbortSignal): Promise<readonly string[]> {
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const input = { cluster: this.#cluster, desiredStatus, nextToken };
      const page = await this.#retried(signal, () =>
        this.#connection.call(signal, ({ sdk, client }, options) =>
          client.send(new sdk.ListTasksCommand(input), options),
        ),
      );
      arns.push(...(page.taskArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined && nextToken !== "");
    return arns;
  }

  async #describe(arns: readonly string[], signal: AbortSignal) {
    const answer = await this.#connection.call(signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeTasksCommand({ cluster: this.#cluster, tasks: [...arns] }), options),
    );
    return { tasks: answer.tasks ?? [], failures: answer.failures ?? [] };
  }

  async #stopOne(task: string, reason: string, signal: AbortSignal): Promise<void> {
    await this.#connection.call(signal, ({ sdk, client }, options) =>
      client.send(new sdk.StopTaskCommand({ cluster: this.#cluster, task, reason }), options),
    );
  }

  #retried<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    return withRetries(attempt, { limits: RETRIES, signal });
  }
}

function marked(task: Task): readonly MarkedTask[] {
  const launchId = launchOf(task);
  const { taskArn, startedBy, taskDefinitionArn, containerInstanceArn, createdAt, stoppedReason } = task;
  if (launchId === undefined || taskArn === undefined) return [];
  return [
    {
      taskArn,
      launchId,
      lastStatus: task.lastStatus ?? "UNKNOWN",
      ...(startedBy === undefined ? {} : { startedBy }),
      ...(taskDefinitionArn === undefined ? {} : { taskDefinitionArn }),
      ...(containerInstanceArn === undefined ? {} : { containerInstanceArn }),
      ...(createdAt === undefined ? {} : { createdAt }),
      ...(stoppedReason === undefined ? {} : { stoppedReason }),
    },
  ];
}
