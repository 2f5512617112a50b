import type { ContainerSpec, LaunchedContainer, Launcher } from "./launcher.js";
import { cannotPull, ContainerStartError } from "./launcher.js";
import { startOrder } from "./start-order.js";
import type { ContainerInstance, Task, TaskContainer } from "./state.js";
import { step, type TaskEffect, type TaskEvent } from "./task-lifecycle.js";

export interface TaskRunnerOptions {
  /** What runs the task's containers: that of its host. */
  readonly launcherOf: (task: Task) => Launcher;
  readonly now: () => number;
  /** Seconds, for containers whose definition has no `stopTimeout`. */
  readonly stopTimeout: number;
  /** What ECS adds to the environment of a container. */
  readonly environmentOf: (task: Task, container: TaskContainer) => Readonly<Record<string, string>>;
  /** Where the metadata file of a container is that is about to be created, if it shall have one. */
  readonly metadataFolderOf: (task: Task, container: TaskContainer) => string | undefined;
  readonly onChange: (task: Task) => void;
  readonly onStart: (container: TaskContainer) => void;
  readonly onLine: (task: Task, container: TaskContainer, stream: "stdout" | "stderr", line: string) => void;
}

/** What runs, or is being started, of one task. */
interface Run {
  readonly task: Task;
  /** Aborted when the task shall stop. */
  readonly stopping: AbortController;
  readonly launched: Map<TaskContainer, LaunchedContainer>;
}

/** Performs the effects of the task life-cycle and gives it back what happened. Owns all that runs of all tasks. */
export class TaskRunner {
  readonly #runs = new Map<Task, Run>();
  /** What passes between ECS and the agent of an instance, kept while they are not connected. */
  readonly #held = new Map<ContainerInstance, (() => void)[]>();
  /** No container may take longer than this to stop, in ms; lowered by `stopAll`. */
  #stopLimitMs = Infinity;

  constructor(private readonly options: TaskRunnerOptions) {}

  perform(effects: readonly TaskEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "advance":
          setImmediate(() => this.apply(effect.task, { kind: "advance", from: effect.from }));
          break;
        case "start":
          this.#whenConnected(effect.task.instance, () => void this.#start(effect.task));
          break;
        case "stop-containers":
          this.#whenConnected(effect.task.instance, () => this.#stopContainers(effect.task));
          break;
        case "changed":
          this.options.onChange(effect.task);
          break;
      }
    }
  }

  apply(task: Task, event: TaskEvent): void {
    this.perform(step(task, event, this.options.now()));
    if (task.lastStatus === "STOPPED") this.#runs.delete(task);
  }

  /** The agent of the instance is back: it hears what it shall do, and tells what has happened. */
  resume(instance: ContainerInstance): void {
    const held = this.#held.get(instance) ?? [];
    this.#held.delete(instance);
    for (const act of held) act();
  }

  /** The instance is gone. Its tasks are STOPPED from now on; what runs of them, if anything, is killed. */
  lose(instance: ContainerInstance, reason: string): void {
    this.#held.delete(instance);
    for (const task of instance.tasks) {
      const run = this.#runs.get(task);
      this.apply(task, { kind: "instance-lost", reason });
      run?.stopping.abort();
      for (const launched of run?.launched.values() ?? []) launched.stop(0);
    }
  }

  /** What the agent of the task's instance tells. */
  #report(task: Task, event: TaskEvent): void {
    this.#whenConnected(task.instance, () => this.apply(task, event));
  }

  /** What runs on Fargate is always connected. */
  #whenConnected(instance: ContainerInstance | undefined, act: () => void): void {
    if (instance === undefined || instance.agentConnected) {
      act();
      return;
    }
    const held = this.#held.get(instance) ?? [];
    held.push(act);
    this.#held.set(instance, held);
  }

  /** Stops these tasks, giving no container more than `limitMs`. */
  stopAll(tasks: Iterable<Task>, reason: string, limitMs: number): void {
    this.#stopLimitMs = limitMs;
    // Also the ones that are stopping already: their time is cut as well.
    for (const run of this.#runs.values()) if (run.stopping.signal.aborted) this.#stopContainers(run.task);
    for (const task of tasks) this.apply(task, { kind: "stop", stopCode: "UserInitiated", reason });
  }

  async #start(task: Task): Promise<void> {
    const run: Run = { task, stopping: new AbortController(), launched: new Map() };
    this.#runs.set(task, run);
    const { signal } = run.stopping;
    await pause(task.startDelayMs, signal);
    if (!signal.aborted) this.#report(task, { kind: "pull-started" });
    const pulled = await this.#pullAll(run);
    if (!signal.aborted) this.#report(task, { kind: "pull-stopped" });
    for (const container of inStartOrder(pulled)) {
      const unmet = await this.#awaitDependencies(run, container);
      if (signal.aborted) this.#report(task, { kind: "container-not-started", container });
      else if (unmet !== undefined)
        this.#report(task, { kind: "container-not-started", container, reason: unmet });
      else await this.#startContainer(run, container);
    }
  }

  /** Resolves, early if the task shall stop, with the reason for which the container cannot start, if there is one. */
  async #awaitDependencies(
    { launched, stopping: { signal } }: Run,
    { definition }: TaskContainer,
  ): Promise<string | undefined> {
    for (const { containerName, condition } of definition.dependsOn) {
      const needed = [...launched].find(([container]) => container.definition.name === containerName)?.[1];
      const unmet = `TaskDependencyError: container ${definition.name} depends on ${containerName}, which did not`;
      if (needed === undefined) return `${unmet} start`;
      if (condition === "START") continue;
      const exit = await Promise.race([needed.exited, aborted(signal)]);
      if (condition === "SUCCESS" && exit?.exitCode !== 0) return `${unmet} exit with code 0`;
    }
    return undefined;
  }

  async #pullAll({ task, stopping: { signal } }: Run): Promise<TaskContainer[]> {
    const launcher = this.options.launcherOf(task);
    const pulled: TaskContainer[] = [];
    for (const container of task.containers) {
      try {
        const { image } = container.definition;
        if (task.pullFailure !== undefined) throw cannotPull(image, task.pullFailure.reason);
        if (!signal.aborted) await launcher.pull(image, signal);
        pulled.push(container);
      } catch (error) {
        this.#report(task, notStarted(container, error));
      }
    }
    return pulled;
  }

  async #startContainer(run: Run, container: TaskContainer): Promise<void> {
    const { task } = run;
    this.options.onStart(container);
    let launched: LaunchedContainer;
    try {
      launched = await this.options
        .launcherOf(task)
        .start(this.#specOf(run, container), (stream, line) =>
          this.options.onLine(task, container, stream, line),
        );
    } catch (error) {
      this.#report(task, notStarted(container, error));
      return;
    }
    run.launched.set(container, launched);
    void launched.exited.then((exit) => this.#report(task, { kind: "container-exited", container, ...exit }));
    const { runtimeId, networkBindings, network } = launched;
    this.#report(task, {
      kind: "container-started",
      container,
      runtimeId,
      networkBindings,
      ...(network === undefined ? {} : { network }),
    });
    // The task was stopped while the container started: the request to stop went past it.
    if (run.stopping.signal.aborted) launched.stop(this.#stopTimeoutMs(container));
  }

  #stopContainers(task: Task): void {
    const run = this.#runs.get(task);
    if (run === undefined) return;
    run.stopping.abort();
    for (const [container, launched] of run.launched) launched.stop(this.#stopTimeoutMs(container));
  }

  #stopTimeoutMs({ definition }: TaskContainer): number {
    return Math.min((definition.stopTimeout ?? this.options.stopTimeout) * 1000, this.#stopLimitMs);
  }

  #specOf({ task, launched }: Run, container: TaskContainer): ContainerSpec {
    const { definition } = container;
    const [owner] = task.definition.networkMode === "awsvpc" ? launched.values() : [];
    const { workingDirectory } = definition;
    // A container without a limit of its own has that of its task.
    const memory = container.memory ?? (task.memory === undefined ? undefined : Number(task.memory));
    const metadataFolder = this.options.metadataFolderOf(task, container);
    return {
      taskId: task.id,
      name: definition.name,
      image: definition.image,
      entryPoint: definition.entryPoint,
      command: container.command,
      environment: { ...this.options.environmentOf(task, container) },
      ...(metadataFolder === undefined ? {} : { metadataFolder }),
      ...(workingDirectory === undefined ? {} : { workingDirectory }),
      networkMode: task.definition.networkMode,
      ...(owner === undefined ? {} : { sharesNetworkOf: owner.runtimeId }),
      portMappings: definition.portMappings,
      limits: {
        cpu: container.cpu,
        ...(memory === undefined ? {} : { memory }),
        ...(container.memoryReservation === undefined
          ? {}
          : { memoryReservation: container.memoryReservation }),
      },
    };
  }
}

function notStarted(container: TaskContainer, error: unknown): TaskEvent {
  const reason =
    error instanceof ContainerStartError ? error.message : `CannotStartContainerError: ${String(error)}`;
  return { kind: "container-not-started", container, reason };
}

function inStartOrder(containers: readonly TaskContainer[]): TaskContainer[] {
  const order = startOrder(containers.map(({ definition }) => definition));
  return order.flatMap(
    (definition) => containers.find((container) => container.definition === definition) ?? [],
  );
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}

/** Waits; Infinity waits for the signal alone. Resolves early when the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0 || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = ms === Infinity ? undefined : setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
