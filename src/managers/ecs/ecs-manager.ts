import type {
  ClusterManager,
  LaunchOutcome,
  LaunchRequest,
  LaunchedWorker,
  LeavingNotice,
  RendezvousAddress,
  WorkerCount,
  WorkerReport,
  WorkerWatch,
} from "../../cluster/cluster-manager.js";
import { ClusterManagerError } from "../../errors.js";
import type { ExitReason } from "../../errors.js";
import { chooseAddress, lookAround } from "./ecs-advertise.js";
import { withRetries } from "./ecs-call.js";
import { consoleLinks } from "./ecs-console.js";
import { ECSServiceClient } from "./ecs-client.js";
import { MANAGER_NAME, explain } from "./ecs-errors.js";
import type { Attempted } from "./ecs-errors.js";
import { DoomedInstances } from "./ecs-doomed-instances.js";
import { watchDraining } from "./ecs-draining.js";
import { ECSLaunch } from "./ecs-launch.js";
import { instanceName } from "./ecs-lifecycle.js";
import type { ECSTaskDetails } from "./ecs-lifecycle.js";
import { LogTail } from "./ecs-log-tail.js";
import type { ECSManagerOptions, ECSTimeouts } from "./ecs-options.js";
import { ecsSettings } from "./ecs-settings.js";
import type { ECSSettings } from "./ecs-settings.js";
import { MODIFY_BURST, MODIFY_PER_SECOND, RequestPace } from "./ecs-pace.js";
import { TaskEnds } from "./ecs-task-ends.js";
import { stopTasks } from "./ecs-stop.js";
import { workerTaskDefinition } from "./ecs-task-definition.js";
import type { WorkerTaskDefinition } from "./ecs-task-definition.js";
import { ECSTaskPoller } from "./ecs-task-poller.js";
import { KnownTasks } from "./ecs-tasks.js";
import type { KnownTask } from "./ecs-tasks.js";
import { taskArnOf } from "./ecs-task-workers.js";
import { timeLimit } from "../../util/time-limit.js";

/** Whoever cannot reach ECS should hear of it within seconds. */
const FIRST_CONTACT = { limits: { capacityMs: 0, outageMs: 1500, briefAttempts: 3 }, capMs: 500 };
/** Whoever drains an instance waits for minutes. */
const DRAINING_POLLS = 10;
/** Within which all workers of a task are lost whose task ends. */
const TOGETHER_MS = 500;
/** Beyond the time that the task itself may take to end. */
const STOP_MARGIN_MS = 60_000;

/**
 * Starts workers as Amazon ECS tasks with RunTask, on EC2 or Fargate. Needs the package `@aws-sdk/client-ecs`, and
 * `@aws-sdk/client-cloudwatch-logs` if errors shall carry the last output of tasks that log there.
 *
 * Rights: `ecs:DescribeTaskDefinition`, `ecs:RunTask`, `ecs:DescribeTasks`, `ecs:StopTask`, `ecs:ListTasks`,
 * `iam:PassRole` for the roles of the task definition, `ecs:TagResource` with tags, `logs:GetLogEvents` for output,
 * `ecs:DescribeContainerInstances` with `watchDraining`.
 */
export class ECSManager implements ClusterManager<ECSTaskDetails>, AsyncDisposable {
  readonly name = MANAGER_NAME;
  readonly output = "control";
  readonly workers: WorkerCount;
  readonly countsPlaces: boolean;
  readonly timeouts: ECSTimeouts;
  readonly #settings: ECSSettings;
  readonly #ecs: ECSServiceClient;
  readonly #logs: LogTail;
  readonly #tasks: KnownTasks;
  readonly #pace = new RequestPace(MODIFY_BURST, MODIFY_PER_SECOND, performance.now());
  readonly #doomed = new DoomedInstances();
  readonly #exits = new Map<string, Promise<ExitReason>>();

  /** Throws a `TypeError` or `RangeError` for an option that is wrong; nothing is sent. */
  constructor(options: ECSManagerOptions) {
    this.#settings = ecsSettings(options);
    this.workers = this.#settings.workers;
    this.countsPlaces = this.#settings.workersPerTask === "auto";
    this.timeouts = this.#settings.timeouts;
    this.#ecs = new ECSServiceClient(this.#settings);
    this.#logs = new LogTail(this.#ecs, this.#settings.logsClient);
    const poller = new ECSTaskPoller(
      (arns, signal) => this.#ecs.describeTasks(arns, signal),
      this.#settings.pollMs,
    );
    this.#tasks = new KnownTasks(poller, () => performance.now());
  }

  async rendezvousAddress(signal: AbortSignal): Promise<RendezvousAddress> {
    await this.#definition(signal);
    return chooseAddress(this.#settings.rendezvous, await lookAround(this.#ecs.endpoint?.hostname, signal));
  }

  async *launch(request: LaunchRequest): AsyncGenerator<LaunchOutcome<ECSTaskDetails>, void, undefined> {
    let definition: WorkerTaskDefinition;
    try {
      definition = await this.#definition(request.signal);
    } catch (error) {
      if (request.signal.aborted) return;
      throw error;
    }
    const launch = new ECSLaunch(
      {
        settings: this.#settings,
        ecs: this.#ecs,
        tasks: this.#tasks,
        pace: this.#pace,
        doomed: this.#doomed,
        exitOf: (task, signal) => this.#exitOf(task, signal),
        attempted: (operation) => this.#attempted(operation),
      },
      request,
    );
    yield* launch.outcomes(definition);
  }

  identify(report: WorkerReport): string | undefined {
    const { taskArn: arn, slot = 1, slots = 1 } = report;
    if (arn === undefined) return undefined;
    this.#tasks.counted(arn, slots);
    return this.#tasks.get(arn)?.workers.idOf(slot);
  }

  describe(id: string): LaunchedWorker<ECSTaskDetails> | undefined {
    const task = this.#tasks.get(taskArnOf(id));
    if (task === undefined) return undefined;
    const place = instanceName(task.details.containerInstanceArn);
    return { id, details: task.details, ...(place === undefined ? {} : { place }) };
  }

  watch(watch: WorkerWatch, signal: AbortSignal): void {
    if (!this.#settings.watchDraining) return;
    void watchDraining({
      ecs: this.#ecs,
      instanceOf: (id) => this.#tasks.get(taskArnOf(id))?.details.containerInstanceArn,
      intervalMs: DRAINING_POLLS * this.#settings.pollMs,
      watch,
      explain: (error) => explain(error, this.#attempted("DescribeContainerInstances")),
      signal,
    });
  }

  /** What is launched from now on is kept off the instance that goes. */
  noticed(_id: string, { instanceId, deadline }: LeavingNotice): void {
    if (instanceId === undefined) return;
    const endsInMs = deadline === undefined ? undefined : deadline - Date.now();
    this.#doomed.add(instanceId, endsInMs, performance.now());
  }

  async exitReason(id: string, signal: AbortSignal): Promise<ExitReason | undefined> {
    const arn = taskArnOf(id);
    const task = (): KnownTask | undefined => this.#tasks.get(arn);
    this.#tasks.setGone([id]);
    const ends = new TaskEnds(this.#tasks, [arn], "ended");
    try {
      // What takes the whole task away takes all of its workers at once.
      if (task()?.workers.areGone === false) {
        await ends.wait(AbortSignal.any([signal, AbortSignal.timeout(TOGETHER_MS)]));
      }
      if (task()?.workers.areGone === false && ends.alive().length > 0) return endedAlone(arn);
      await ends.wait(signal);
    } finally {
      ends.close();
    }
    return this.#exitOfEnded(task(), signal);
  }

  #exitOfEnded(task: KnownTask | undefined, signal: AbortSignal): Promise<ExitReason> | undefined {
    return task?.phase === "ended" ? this.#exitOf(task, signal) : undefined;
  }

  /** Stops the tasks that have no other worker left. A worker of another task ends itself by force after its grace. */
  async kill(ids: readonly string[], graceMs: number, signal: AbortSignal): Promise<void> {
    const over = this.#tasks.setGone(ids);
    const ends = new TaskEnds(this.#tasks, over, "stopped");
    try {
      await ends.wait(AbortSignal.any([signal, timeLimit(graceMs)]));
      signal.throwIfAborted();
      const alive = ends.alive();
      if (alive.length === 0) return;
      const arns = alive.map((task) => task.arn);
      await stopTasks(this.#ecs, this.#pace, arns, "Rollcall: the worker was removed", signal).catch(
        (error: unknown) => {
          signal.throwIfAborted();
          throw explain(error, this.#attempted("StopTask"));
        },
      );
      await this.#confirmEnd(ends, alive, signal);
    } finally {
      ends.close();
    }
  }

  /** Closes idle connections to AWS. Tasks are stopped by `kill`, which their cluster calls. */
  async close(): Promise<void> {
    await this.#logs.close();
    await this.#ecs.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #confirmEnd(ends: TaskEnds, alive: readonly KnownTask[], signal: AbortSignal): Promise<void> {
    const stopMs = Math.max(...alive.map((task) => task.definition.stopTimeout)) * 1000;
    await ends.wait(AbortSignal.any([signal, AbortSignal.timeout(stopMs + STOP_MARGIN_MS)]));
    signal.throwIfAborted();
    const left = ends.alive();
    if (left.length === 0) return;
    if (ends.failure !== undefined) throw explain(ends.failure, this.#attempted("DescribeTasks"));
    throw new ClusterManagerError(
      `ECS was told to stop ${left.length} tasks and has not confirmed it in time; look at ` +
        left.map((task) => task.arn).join(", "),
      MANAGER_NAME,
    );
  }

  async #definition(signal: AbortSignal): Promise<WorkerTaskDefinition> {
    const definition = await withRetries(() => this.#ecs.describeTaskDefinition(signal), {
      ...FIRST_CONTACT,
      signal,
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw explain(error, this.#attempted("DescribeTaskDefinition"));
    });
    return workerTaskDefinition(definition, this.#settings);
  }

  /** The reason with the task's output; asked for once for each task. */
  #exitOf(task: KnownTask, signal: AbortSignal): Promise<ExitReason> {
    const known = this.#exits.get(task.arn);
    if (known !== undefined) return known;
    const found = this.#findExit(task, signal).finally(() => {
      // Cut short, so the output may be missing; who asks later may have more time.
      if (signal.aborted) this.#exits.delete(task.arn);
    });
    this.#exits.set(task.arn, found);
    return found;
  }

  async #findExit(task: KnownTask, signal: AbortSignal): Promise<ExitReason> {
    const { logs, containerName } = task.definition;
    const exit = task.exit ?? { kind: "stopped", message: `ECS task ${task.arn} stopped` };
    // A task whose program never ran has written nothing.
    const hasRun = exit.exitCode !== undefined;
    const links = this.#ecs.isAWS
      ? consoleLinks(
          task.arn,
          this.#settings.ecsCluster,
          hasRun && logs !== undefined ? { ...logs, containerName } : undefined,
        )
      : [];
    const reason = links.length === 0 ? exit : { ...exit, links };
    if (logs === undefined || !hasRun) return reason;
    const output = await this.#logs.lastLines(logs, containerName, task.arn, signal);
    return output.length === 0 ? reason : { ...reason, output };
  }

  #attempted(operation: string): Attempted {
    const { ecsCluster, taskDefinition, endpoint } = this.#settings;
    const address = this.#ecs.endpoint?.origin ?? endpoint;
    return { operation, ecsCluster, taskDefinition, ...(address === undefined ? {} : { endpoint: address }) };
  }
}

/** One of several workers of a task. Its exit code is in the task's output. */
function endedAlone(taskArn: string): ExitReason {
  return { kind: "exited", message: `its process in task ${taskArn} ended; the task goes on` };
}
