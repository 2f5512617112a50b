import type { PlacementConstraint, TaskOverride } from "@aws-sdk/client-ecs";
import type { LaunchedWorker, LaunchOutcome, LaunchRequest } from "../../cluster/cluster-manager.js";
import type { ExitReason, LaunchFailure } from "../../errors.js";
import { WorkerVariable } from "../../protocol/worker-variables.js";
import { deferred } from "../../util/deferred.js";
import type { ECSOperations, TasksAnswer } from "./ecs-client.js";
import type { DoomedInstances } from "./ecs-doomed-instances.js";
import { explain, serviceError } from "./ecs-errors.js";
import type { Attempted } from "./ecs-errors.js";
import { runTaskFailure } from "./ecs-failures.js";
import { BatchPlan } from "./ecs-launch-plan.js";
import type { NextStep } from "./ecs-launch-plan.js";
import type { ECSTaskDetails, TaskPhase } from "./ecs-lifecycle.js";
import type { ECSSettings } from "./ecs-settings.js";
import { OutcomeQueue } from "../../cluster/outcome-queue.js";
import { MODIFY_PER_SECOND } from "./ecs-pace.js";
import type { RequestPace } from "./ecs-pace.js";
import {
  LAUNCH_VARIABLE,
  checkOverrideSize,
  countedAs,
  groupEnvironment,
  planCalls,
  runTaskInput,
  startedBy,
  taskOverride,
  tokenUses,
} from "./ecs-request.js";
import type { PlannedCall } from "./ecs-request.js";
import { backoffMs } from "./ecs-retry.js";
import type { PatienceLimits } from "./ecs-retry.js";
import { stopTasks, strayTasks } from "./ecs-stop.js";
import type { WorkerTaskDefinition } from "./ecs-task-definition.js";
import { TaskEnds } from "./ecs-task-ends.js";
import type { KnownTask, KnownTasks } from "./ecs-tasks.js";
import { taskArnOf } from "./ecs-task-workers.js";
import { forEachOf, pause } from "./ecs-wait.js";

/** What a launch shares with the other launches of its manager. */
export interface LaunchShared {
  readonly settings: ECSSettings;
  readonly ecs: ECSOperations;
  readonly tasks: KnownTasks;
  readonly pace: RequestPace;
  readonly doomed: DoomedInstances;
  /** Why an ended task is gone, with its output. */
  exitOf(task: KnownTask, signal: AbortSignal): Promise<ExitReason>;
  attempted(operation: string): Attempted;
}

type Outcome = LaunchOutcome<ECSTaskDetails>;
interface Batch {
  readonly call: PlannedCall;
  readonly plan: BatchPlan;
  readonly override: TaskOverride;
  readonly placementConstraints: readonly PlacementConstraint[];
}

const CALLS_AT_ONCE = 4;
/** How long RunTask may fail for reasons of the service or the network before its tasks are given up. */
const OUTAGE_MS = 60_000;
const BRIEF_ATTEMPTS = 4;
/** When a launch is over, a RunTask under way still has so long to say what it started. */
const LAST_ANSWER_MS = 5000;
/** For the end of what a launch leaves, beyond the time that its StopTask calls take. */
const WIND_UP_MS = 20_000;
/** Reading the output of many tasks that fail alike would use up the account's rate for CloudWatch Logs. */
const OUTPUTS_PER_LAUNCH = 10;

/**
 * One launch: RunTask until all workers were started or given up, and what becomes of their tasks. Every task that
 * ECS started for it was either yielded as `launched` or is stopped before the iteration ends.
 */
export class ECSLaunch {
  readonly #shared: LaunchShared;
  readonly #request: LaunchRequest;
  readonly #queue = new OutcomeQueue<Outcome>();
  readonly #over = new AbortController();
  readonly #unfollow = new Set<() => void>();
  /** Accepted after the launch was over: nobody was told of them. */
  readonly #tooLate: string[] = [];
  /** The cause that was last told. */
  #waitsFor: string | undefined;
  #accepted = 0;
  #ended = 0;
  #outputs = 0;
  #mayHaveStrays = false;
  #isRefused = false;

  constructor(shared: LaunchShared, request: LaunchRequest) {
    this.#shared = shared;
    this.#request = request;
  }

  async *outcomes(definition: WorkerTaskDefinition): AsyncGenerator<Outcome, void, undefined> {
    const batches = this.#planBatches(definition);
    const signal = AbortSignal.any([this.#request.signal, this.#over.signal]);
    const lastAnswer = new AbortController();
    const starting = this.#startAll(definition, batches, signal, lastAnswer.signal).catch((error: unknown) =>
      this.#queue.fail(error),
    );
    try {
      for (;;) {
        const outcome = await this.#queue.next(signal);
        if (outcome === undefined) return;
        yield outcome;
      }
    } finally {
      this.#over.abort();
      for (const unfollow of this.#unfollow) unfollow();
      const patience = setTimeout(() => lastAnswer.abort(), LAST_ANSWER_MS);
      await starting;
      clearTimeout(patience);
      await this.#stopUntold(definition);
    }
  }

  #planBatches(definition: WorkerTaskDefinition): readonly Batch[] {
    const { launchId, workers } = this.#request;
    const { doomed, settings } = this.#shared;
    const { watchSpot } = settings;
    // The same for the whole launch: a request that is repeated must not differ.
    const { constraints: placementConstraints, isAvoiding } = doomed.avoid(
      settings.runTask.placementConstraints ?? [],
      performance.now(),
    );
    return planCalls(workers.max, settings.workersPerTask).map((call, index) => {
      const environment = {
        ...this.#request.workerEnvironment(tokenUses(call)),
        ...groupEnvironment(call),
        ...definition.networkEnvironment,
        ...(watchSpot === undefined ? {} : { [WorkerVariable.watchSpot]: watchSpot ? "yes" : "no" }),
        [LAUNCH_VARIABLE]: launchId,
      };
      const override = taskOverride(settings, definition.containerName, environment);
      checkOverrideSize(override);
      return { call, plan: new BatchPlan(index, call.tasks, isAvoiding), override, placementConstraints };
    });
  }

  /** The first call goes alone: what it is refused for, all would be. */
  async #startAll(
    definition: WorkerTaskDefinition,
    [scout, ...others]: readonly Batch[],
    signal: AbortSignal,
    lastAnswer: AbortSignal,
  ): Promise<void> {
    if (scout === undefined) return;
    const answered = deferred<void>();
    const first = this.#startBatch(definition, scout, signal, lastAnswer, answered.resolve);
    first.catch(answered.reject);
    await answered.promise;
    if (this.#isRefused) return;
    const rest = forEachOf(others, CALLS_AT_ONCE, (batch) =>
      this.#startBatch(definition, batch, signal, lastAnswer, () => undefined),
    );
    await Promise.all([first, rest]);
  }

  async #startBatch(
    definition: WorkerTaskDefinition,
    batch: Batch,
    signal: AbortSignal,
    lastAnswer: AbortSignal,
    onAnswer: () => void,
  ): Promise<void> {
    const { plan } = batch;
    for (;;) {
      await pause(this.#shared.pace.take(performance.now()), signal);
      if (signal.aborted || this.#isRefused) break;
      const step = await this.#ask(definition, batch, lastAnswer, onAnswer);
      if (step.kind !== "again") break;
      await pause(backoffMs(step.retry, step.capMs, Math.random), signal);
    }
    this.#mayHaveStrays ||= plan.isUncertain;
    onAnswer();
  }

  async #ask(
    definition: WorkerTaskDefinition,
    { call, plan, override, placementConstraints }: Batch,
    lastAnswer: AbortSignal,
    onAnswer: () => void,
  ): Promise<NextStep> {
    const { settings, ecs } = this.#shared;
    const input = runTaskInput(settings, {
      ...plan.request,
      taskDefinitionArn: definition.arn,
      launchId: this.#request.launchId,
      batch: plan.index,
      override,
      placementConstraints,
    });
    let answer: TasksAnswer;
    try {
      answer = await ecs.runTask(input, lastAnswer);
    } catch (error) {
      // Cut off when the launch was over: it may have started tasks.
      if (lastAnswer.aborted) this.#mayHaveStrays = true;
      const step = plan.refused(serviceError(error), performance.now(), this.#limits());
      const count = plan.remaining * countedAs(call);
      if (step.kind === "refused" && !this.#over.signal.aborted) this.#refuse(count, error, step.triedMs);
      if (step.kind === "again") this.#wait(this.#callFailure(count, error));
      return step;
    }
    for (const task of answer.tasks) this.#accept(task, definition, call);
    const step = plan.answered(answer.tasks.length, answer.failures, performance.now(), this.#limits());
    onAnswer();
    if (step.kind === "failed" || step.kind === "again") {
      const failure = this.#placementFailure(plan.remaining * countedAs(call), answer.failures, definition);
      if (step.kind === "again") this.#wait(failure);
      else this.#fail(failure, step.triedMs);
    }
    return step;
  }

  /** Who can do with fewer workers waits less for the others. */
  #limits(): PatienceLimits {
    const { capacityMs, extraCapacityMs } = this.#shared.settings.timeouts;
    const hasMin = this.#accepted - this.#ended >= this.#request.workers.min;
    return {
      capacityMs: hasMin ? extraCapacityMs : capacityMs,
      outageMs: OUTAGE_MS,
      briefAttempts: BRIEF_ATTEMPTS,
    };
  }

  #accept(
    task: TasksAnswer["tasks"][number],
    definition: WorkerTaskDefinition,
    { perTask }: PlannedCall,
  ): void {
    const { tasks } = this.#shared;
    const arn = task.taskArn ?? "";
    if (!tasks.add(task, definition, perTask)) return;
    if (this.#over.signal.aborted || this.#request.signal.aborted) {
      this.#tooLate.push(arn);
      return;
    }
    const known = tasks.get(arn)!;
    this.#waitsFor = undefined;
    this.#accepted += known.workers.ids.length;
    this.#push("launched", known);
    const unfollow = tasks.follow(arn, {
      changed: (now, before) => this.#changed(now, before),
      counted: (now) => this.#counted(now),
      failed: (error) => this.#queue.fail(explain(error, this.#shared.attempted("DescribeTasks"))),
    });
    this.#unfollow.add(unfollow);
  }

  #changed(task: KnownTask, before: TaskPhase): void {
    if (task.phase === "ended") {
      if (before === "ended") return;
      this.#ended += task.workers.ids.length;
      void this.#pushExit(task);
      return;
    }
    const isBeyond = task.phase !== before;
    if (isBeyond && before === "accepted") this.#push("placed", task);
    if (isBeyond && task.phase === "started") this.#push("started", task);
  }

  /** The first worker of a task has told how many there are. */
  #counted(task: KnownTask): void {
    const [first, ...others] = workersOf(task);
    if (first === undefined) return;
    this.#accepted += others.length;
    this.#queue.push({ kind: "brought", by: first.id, workers: others });
    if (task.phase === "placed" || task.phase === "started") this.#push("placed", task);
    if (task.phase === "started") this.#push("started", task);
  }

  #push(kind: "launched" | "placed" | "started", task: KnownTask): void {
    const isOpen = kind === "launched" && !task.workers.isCounted;
    for (const worker of workersOf(task)) {
      this.#queue.push(isOpen ? { kind, worker, bringsOthers: true } : { kind, worker });
    }
  }

  async #pushExit(task: KnownTask): Promise<void> {
    this.#outputs += 1;
    const reason =
      this.#outputs <= OUTPUTS_PER_LAUNCH
        ? await this.#shared.exitOf(task, this.#over.signal)
        : (task.exit ?? { kind: "stopped", message: "the task stopped" });
    const [worker, ...others] = workersOf(task);
    if (worker !== undefined) this.#queue.push({ kind: "exited", worker, others, reason });
  }

  #refuse(count: number, error: unknown, triedMs: number): void {
    const explained = explain(error, this.#shared.attempted("RunTask"));
    // Nothing runs, so there is nothing to weigh up: the whole launch is refused.
    if (this.#accepted === 0) {
      this.#isRefused = true;
      this.#queue.fail(explained);
      return;
    }
    this.#fail(this.#callFailure(count, error), triedMs);
  }

  /** Says once what hinders: every call of a launch, and every attempt, meets with the same. */
  #wait(failure: LaunchFailure): void {
    if (failure.cause === this.#waitsFor) return;
    this.#waitsFor = failure.cause;
    this.#queue.push({ kind: "waiting", failure });
  }

  #fail(failure: LaunchFailure, triedMs: number): void {
    this.#queue.push({
      kind: "failed",
      failure: { ...failure, message: `${failure.message}${tried(triedMs)}` },
    });
  }

  #callFailure(count: number, error: unknown): LaunchFailure {
    const { message, serviceCode } = explain(error, this.#shared.attempted("RunTask"));
    return { count, cause: serviceCode ?? "RunTask", message };
  }

  #placementFailure(
    count: number,
    failures: TasksAnswer["failures"],
    definition: WorkerTaskDefinition,
  ): LaunchFailure {
    const failure = runTaskFailure(count, failures, this.#shared.settings.ecsCluster);
    const ports = definition.declaredHostPorts;
    const declared =
      failure.cause.startsWith("RESOURCE:PORTS") && ports.length > 0
        ? ` (host ports ${ports.join(", ")})`
        : "";
    return { ...failure, message: `${failure.message}${declared}` };
  }

  /** Stops the tasks of this launch that its cluster was not told of, and waits until ECS says that they are STOPPED. */
  async #stopUntold(definition: WorkerTaskDefinition): Promise<void> {
    const undelivered = this.#queue
      .drain()
      .filter((outcome) => outcome.kind === "launched")
      .map((outcome) => taskArnOf(outcome.worker.id));
    const untold = [...new Set([...this.#tooLate, ...undelivered])];
    if (untold.length === 0 && !this.#mayHaveStrays) return;
    const { ecs, tasks, pace, settings } = this.#shared;
    const signal = AbortSignal.timeout(WIND_UP_MS + (untold.length * 1000) / MODIFY_PER_SECOND);
    const { launchId } = this.#request;
    const reason = `Rollcall: launch ${launchId} is over`;
    const mark = { startedBy: startedBy(settings, launchId), launchId };
    const looks = this.#mayHaveStrays ? 2 : 0;
    try {
      await stopTasks(ecs, pace, untold, reason, signal);
      for (let look = 0; look < looks; look++) {
        // A request that was cut off can take effect after it; one look at once and one a little later.
        if (look > 0) await pause(2 * settings.pollMs, signal);
        const strays = await strayTasks(ecs, mark, (arn) => tasks.get(arn) !== undefined, signal);
        for (const task of strays) tasks.add(task, definition);
        const arns = strays.map((task) => task.taskArn ?? "");
        await stopTasks(ecs, pace, arns, reason, signal);
        untold.push(...arns);
      }
    } catch {
      // The launch is over and must end without an error; such a worker finds no manager and ends by itself.
      return;
    }
    const ends = new TaskEnds(tasks, untold, "stopped");
    await ends.wait(AbortSignal.timeout(definition.stopTimeout * 1000 + WIND_UP_MS));
    ends.close();
  }
}

function workersOf({ workers, details }: KnownTask): LaunchedWorker<ECSTaskDetails>[] {
  return workers.ids.map((id) => ({ id, details }));
}

function tried(ms: number): string {
  return ms < 1000 ? "" : ` (tried for ${Math.round(ms / 1000)} s)`;
}
