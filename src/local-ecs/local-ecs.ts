import { randomBytes } from "node:crypto";
import { introspectByPath, listenAsAgents } from "./agent-server.js";
import { answer, type ApiAnswer, type ApiRequest } from "./api.js";
import type { FargateProvider } from "./capacity-provider.js";
import { ServiceError } from "./errors.js";
import { Faults } from "./faults.js";
import { createState } from "./initial-state.js";
import { openLaunchers, type Launchers } from "./launchers.js";
import { LogStore } from "./log-store.js";
import { InstanceControl, type LocalContainerInstance } from "./instance-control.js";
import { metadataFor, taskOfMetadata } from "./metadata.js";
import { MetadataFiles } from "./metadata-file.js";
import type { OperationContext } from "./operations/operation.js";
import { resolveOptions, type LocalECSOptions, type ResolvedOptions } from "./options.js";
import { HttpServer } from "./server.js";
import { forgetExpired, networkOfTask, type LocalState, type Task, type TaskContainer } from "./state.js";
import { TaskRunner } from "./task-runner.js";
import { WaitingTasks } from "./waiting-tasks.js";
import type { JsonObject } from "./validation.js";
import { Listeners, observe, type ObservedTask, type TaskOutput } from "./task-watch.js";

/** A running endpoint. */
export interface LocalECS extends AsyncDisposable {
  /** `http://<host>:<port>` */
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  /** Made up: any credentials are accepted. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** For `new ECSClient(...)` and `new CloudWatchLogsClient(...)`. */
  readonly clientConfig: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  readonly instances: readonly LocalContainerInstance[];
  /** Trouble to come. */
  readonly faults: Faults;
  /** The tasks that can be described now, in the order of their start. */
  tasks(): readonly ObservedTask[];
  /** Calls the listener at every change of a task. Returns the function that ends it. */
  onTaskChange(listener: (task: ObservedTask) => void): () => void;
  /** Calls the listener for every line that a container writes. Returns the function that ends it. */
  onOutput(listener: (output: TaskOutput) => void): () => void;
  /**
   * Resolves as soon as the task satisfies the condition, perhaps at once. Rejects when it stops without ever having done
   * so, when the task is unknown, and with the signal's reason when that aborts.
   */
  waitForTask(
    taskArn: string,
    condition: (task: ObservedTask) => boolean,
    options?: { readonly signal?: AbortSignal },
  ): Promise<ObservedTask>;
  /**
   * Spot takes back a task of `FARGATE_SPOT`: it gets its stop signal now and SIGKILL after its stop timeout, with `stopCode`
   * SpotInterruption. Does nothing if it is being stopped. Throws a `RangeError` if there is no such task.
   */
  interruptSpot(taskArn: string): void;
  /**
   * Stops every task (stop signal, then SIGKILL after its stop timeout or `closeGraceMs`, whichever is shorter), waits until
   * their processes are gone, then stops to listen. Calling it again waits for the same end.
   */
  close(): Promise<void>;
}

/**
 * Starts an ECS endpoint on this machine that runs tasks as real processes, or as containers of the instances' Docker
 * engines. Rejects with a `TypeError` or `RangeError` for a bad option, with an `Error` on Windows or if an engine does not
 * answer, and with the socket's error (`EADDRINUSE`, ...) if it cannot listen.
 */
export async function startLocalECS(options: LocalECSOptions = {}): Promise<LocalECS> {
  const resolved = resolveOptions(options);
  if (process.platform === "win32")
    throw new Error("rollcall/local-ecs needs process groups and a POSIX shell: Linux, macOS or WSL");
  const launchers = await openLaunchers(resolved);
  const endpoint = new Endpoint(resolved, launchers);
  try {
    await endpoint.listen();
  } catch (error) {
    await endpoint.close();
    throw error;
  }
  return endpoint;
}

class Endpoint implements LocalECS {
  readonly region: string;
  readonly accountId: string;
  readonly credentials = { accessKeyId: "local", secretAccessKey: "local" };
  readonly instances: readonly InstanceControl[];
  readonly faults = new Faults();
  readonly #state: LocalState;
  readonly #logs: LogStore;
  readonly #files: MetadataFiles | undefined;
  readonly #runner: TaskRunner;
  readonly #waiting: WaitingTasks;
  readonly #changes = new Listeners<ObservedTask>();
  readonly #output = new Listeners<TaskOutput>();
  #server: HttpServer | undefined;
  #agents: readonly HttpServer[] = [];
  #closed: Promise<void> | undefined;

  constructor(
    private readonly options: ResolvedOptions,
    private readonly launchers: Launchers,
  ) {
    this.region = options.region;
    this.accountId = options.accountId;
    this.#state = createState(options, options.instances, newId, Date.now());
    this.#logs = new LogStore(options.logBytesPerContainer);
    this.#files = options.containerMetadataFiles ? new MetadataFiles() : undefined;
    this.#runner = new TaskRunner({
      launcherOf: ({ host }) => this.launchers.of(host?.dockerSocket),
      now: Date.now,
      stopTimeout: options.stopTimeout,
      environmentOf: (task, container) => this.#environmentOf(task, container),
      metadataFolderOf: (task, container) => this.#files?.create(task, container),
      onChange: (task) => {
        this.#files?.update(task);
        this.#changes.emit(observe(task));
        if (task.lastStatus === "STOPPED") this.#waiting.look();
      },
      onStart: ({ logs }) => {
        if (logs !== undefined) this.#logs.createStream(logs.group, logs.stream, Date.now());
      },
      onLine: (task, container, stream, line) => {
        const { logs } = container;
        if (logs !== undefined) this.#logs.append(logs.group, logs.stream, Date.now(), line);
        this.#output.emit({ taskArn: task.arn, container: container.definition.name, stream, line });
      },
    });
    this.#waiting = new WaitingTasks({
      clusters: this.#state.clusters,
      apply: (task, event) => this.#runner.apply(task, event),
      waitMs: options.capacityWaitMs,
    });
    this.instances = [...this.#state.clusters.values()].flatMap((cluster) =>
      [...cluster.instances.values()].map(
        (instance) =>
          new InstanceControl(
            instance,
            this.#runner,
            () => this.endpoint,
            () => this.#waiting.look(),
          ),
      ),
    );
  }

  get endpoint(): string {
    return `http://${urlHost(this.options.host)}:${this.#server?.port ?? this.options.port}`;
  }

  get clientConfig(): LocalECS["clientConfig"] {
    return { endpoint: this.endpoint, region: this.region, credentials: this.credentials };
  }

  async listen(): Promise<void> {
    const { host, port } = this.options;
    this.#server = await HttpServer.listen(
      { host, port },
      {
        api: (request) => this.#answer(request),
        afterAnswer: ({ effects }) => {
          this.#runner.perform(effects);
          this.#waiting.look();
        },
        document: (url) => this.#document(url),
      },
    );
    this.#agents = await listenAsAgents(this.#state, (url) => this.#metadata(url.pathname));
  }

  async #document(url: URL): Promise<JsonObject | undefined> {
    return introspectByPath(this.#state, url) ?? (await this.#metadata(url.pathname));
  }

  /**
   * On ECS a task in network mode `awsvpc` has its address before its containers start; here the engine gives it with the
   * start, so a program that is faster than the engine's answer waits for that.
   */
  async #metadata(path: string): Promise<JsonObject | undefined> {
    const task = taskOfMetadata(this.#state, path);
    if (task?.attachment !== undefined && networkOfTask(task) === undefined) {
      const isKnown = (): boolean => networkOfTask(task) !== undefined;
      await this.waitForTask(task.arn, isKnown).catch(() => undefined);
    }
    return metadataFor(this.#state, path);
  }

  tasks(): readonly ObservedTask[] {
    return [...this.#state.tasks.values()].map(observe);
  }

  onTaskChange(listener: (task: ObservedTask) => void): () => void {
    return this.#changes.add(listener);
  }

  onOutput(listener: (output: TaskOutput) => void): () => void {
    return this.#output.add(listener);
  }

  async waitForTask(
    taskArn: string,
    condition: (task: ObservedTask) => boolean,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<ObservedTask> {
    signal?.throwIfAborted();
    const current = this.tasks().find((task) => task.taskArn === taskArn);
    if (current === undefined) throw new RangeError(`there is no task ${taskArn}`);
    if (condition(current)) return current;
    if (current.lastStatus === "STOPPED") throw stoppedError(current);
    return await new Promise<ObservedTask>((resolve, reject) => {
      const settle = (): void => {
        remove();
        signal?.removeEventListener("abort", abort);
      };
      const abort = (): void => {
        settle();
        reject(signal?.reason);
      };
      const remove = this.onTaskChange((task) => {
        if (task.taskArn !== taskArn) return;
        if (condition(task)) {
          settle();
          resolve(task);
        } else if (task.lastStatus === "STOPPED") {
          settle();
          reject(stoppedError(task));
        }
      });
      signal?.addEventListener("abort", abort);
    });
  }

  interruptSpot(taskArn: string): void {
    const task = [...this.#state.tasks.values()].find(({ arn }) => arn === taskArn);
    if (task === undefined) throw new RangeError(`there is no task ${taskArn}`);
    if (task.capacityProvider !== ("FARGATE_SPOT" satisfies FargateProvider))
      throw new RangeError(
        `${taskArn} has no capacity provider FARGATE_SPOT; interruptSpot of an instance takes that one back`,
      );
    const reason = "Your Spot Task was interrupted.";
    this.#runner.apply(task, { kind: "stop", stopCode: "SpotInterruption", reason });
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    for (const instance of this.instances) instance.close();
    const tasks = [...this.#state.tasks.values()].filter((task) => task.lastStatus !== "STOPPED");
    const stopped = tasks.map((task) => this.waitForTask(task.arn, isStopped));
    this.#runner.stopAll(tasks, "The endpoint is shutting down", this.options.closeGraceMs);
    await Promise.all(stopped);
    this.#waiting.close();
    await this.launchers.close();
    for (const server of [this.#server, ...this.#agents]) await server?.close();
    this.#files?.close();
  }

  #answer(request: ApiRequest): ApiAnswer {
    const now = Date.now();
    for (const { containers } of forgetExpired(this.#state, now)) {
      for (const { logs } of containers)
        if (logs !== undefined) this.#logs.removeStream(logs.group, logs.stream);
    }
    const context: OperationContext = {
      state: this.#state,
      logs: this.#logs,
      faults: this.faults,
      now,
      newId,
      random: Math.random,
      whyUnsupported: (definition) => {
        if (this.#closed === undefined) return this.launchers.whyUnsupported(definition);
        throw new ServiceError("ServerException", "The endpoint is shutting down.", 503);
      },
    };
    return answer(context, request);
  }

  /** What ECS sets in every container; the Region only where the task does not bring its own. */
  #environmentOf(task: Task, container: TaskContainer): Record<string, string> {
    return {
      AWS_EXECUTION_ENV: task.fargate === undefined ? "AWS_ECS_EC2" : "AWS_ECS_FARGATE",
      AWS_REGION: container.environment["AWS_DEFAULT_REGION"] ?? this.region,
      AWS_DEFAULT_REGION: container.environment["AWS_REGION"] ?? this.region,
      ...container.environment,
      ECS_CONTAINER_METADATA_URI_V4: `${task.host?.agent?.metadataOrigin ?? this.#metadataOrigin()}/v4/${container.metadataId}`,
    };
  }

  #metadataOrigin(): string {
    return `http://${urlHost(this.options.advertiseHost)}:${this.#server?.port ?? 0}`;
  }
}

function isStopped(task: ObservedTask): boolean {
  return task.lastStatus === "STOPPED";
}

function stoppedError(task: ObservedTask): Error {
  const containers = task.containers.map(
    ({ name, exitCode, reason }) => `${name}: ${reason ?? `exit code ${exitCode ?? "none"}`}`,
  );
  return new Error(
    `${task.taskArn} stopped: ${task.stopCode}: ${task.stoppedReason} (${containers.join("; ")})`,
  );
}

function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function newId(): string {
  return randomBytes(16).toString("hex");
}
