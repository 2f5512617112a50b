import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type * as ECSPackage from "@aws-sdk/client-ecs";
import type {
  DescribeTaskDefinitionCommandOutput,
  ECSClient,
  Failure,
  RunTaskCommandInput,
  Task,
  TaskDefinition,
} from "@aws-sdk/client-ecs";
import { ClusterManagerError } from "../../errors.js";
import { MANAGER_NAME } from "./ecs-errors.js";
import { isRecord } from "../../util/option-checks.js";
import type { ECSSettings } from "./ecs-settings.js";
import { abortable } from "../../util/time-limit.js";

/** What the manager asks of ECS. One call is one attempt of ours; errors are those of the SDK. */
export interface ECSOperations {
  describeTaskDefinition(signal: AbortSignal): Promise<TaskDefinition>;
  runTask(input: RunTaskCommandInput, signal: AbortSignal): Promise<TasksAnswer>;
  /** At most 100 ARNs. */
  describeTasks(taskArns: readonly string[], signal: AbortSignal): Promise<TasksAnswer>;
  stopTask(taskArn: string, reason: string, signal: AbortSignal): Promise<void>;
  /** ARNs of the tasks that carry this mark and are not meant to stop. */
  listTasks(startedBy: string, signal: AbortSignal): Promise<readonly string[]>;
}

export interface TasksAnswer {
  readonly tasks: readonly Task[];
  readonly failures: readonly Failure[];
}

type SDK = typeof ECSPackage;
type Send<T> = (
  loaded: { readonly sdk: SDK; readonly client: ECSClient },
  options: { readonly abortSignal: AbortSignal },
) => Promise<T>;

/**
 * One attempt may take this long, finding credentials included: the SDK's own chain can wait for an instance metadata
 * service that is not there.
 */
const ATTEMPT_MS = 10_000;
/** The first request of a launch: whoever set something up wrongly should not wait long to hear of it. */
const FIRST_ATTEMPT_MS = 5000;
const CONNECT_MS = 3000;

/** Owns the SDK's client, unless the user gave one. */
export class ECSServiceClient implements ECSOperations {
  readonly #settings: ECSSettings;
  #loaded: Promise<{ sdk: SDK; client: ECSClient }> | undefined;
  #endpoint: URL | undefined;

  constructor(settings: ECSSettings) {
    this.#settings = settings;
  }

  /** Where requests really go, whatever set it; known after the first one. */
  get endpoint(): URL | undefined {
    return this.#endpoint;
  }

  /** Whether requests go to AWS itself, as far as is known, and not to an endpoint that stands for it. */
  get isAWS(): boolean {
    const host = this.#endpoint?.hostname;
    return host === undefined || /\.(amazonaws\.com(\.cn)?|api\.aws)$/.test(host);
  }

  async describeTaskDefinition(signal: AbortSignal): Promise<TaskDefinition> {
    const describe: Send<DescribeTaskDefinitionCommandOutput> = ({ sdk, client }, options) => {
      const command = new sdk.DescribeTaskDefinitionCommand({
        taskDefinition: this.#settings.taskDefinition,
      });
      // Of the request only its address is read, after every way in which the SDK can learn an endpoint.
      command.middlewareStack.add(
        (next) => (sent) => {
          this.#endpoint = requestOrigin(sent.request);
          return next(sent);
        },
        { step: "finalizeRequest" },
      );
      return client.send(command, options);
    };
    const answer = await this.#attempt(signal, describe, FIRST_ATTEMPT_MS);
    return answer.taskDefinition ?? {};
  }

  async runTask(input: RunTaskCommandInput, signal: AbortSignal): Promise<TasksAnswer> {
    const answer = await this.#attempt(signal, ({ sdk, client }, options) =>
      client.send(new sdk.RunTaskCommand(input), options),
    );
    return { tasks: answer.tasks ?? [], failures: answer.failures ?? [] };
  }

  async describeTasks(taskArns: readonly string[], signal: AbortSignal): Promise<TasksAnswer> {
    const input = { cluster: this.#settings.ecsCluster, tasks: [...taskArns] };
    const answer = await this.#attempt(signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeTasksCommand(input), options),
    );
    return { tasks: answer.tasks ?? [], failures: answer.failures ?? [] };
  }

  async stopTask(taskArn: string, reason: string, signal: AbortSignal): Promise<void> {
    const input = { cluster: this.#settings.ecsCluster, task: taskArn, reason };
    await this.#attempt(signal, ({ sdk, client }, options) =>
      client.send(new sdk.StopTaskCommand(input), options),
    );
  }

  async listTasks(startedBy: string, signal: AbortSignal): Promise<readonly string[]> {
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const input = { cluster: this.#settings.ecsCluster, startedBy, nextToken };
      const page = await this.#attempt(signal, ({ sdk, client }, options) =>
        client.send(new sdk.ListTasksCommand(input), options),
      );
      arns.push(...(page.taskArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined && nextToken !== "");
    return arns;
  }

  /** A client for CloudWatch Logs that goes the same way as this one; undefined if its package is not installed. */
  async newLogsClient(region: string | undefined): Promise<CloudWatchLogsClient | undefined> {
    const { client } = await this.#load();
    const sdk = await import("@aws-sdk/client-cloudwatch-logs").catch((error: unknown) => {
      if (isMissingModule(error)) return undefined;
      throw error;
    });
    if (sdk === undefined) return undefined;
    const endpoint = this.#endpoint;
    return new sdk.CloudWatchLogsClient({
      region: region ?? client.config.region,
      credentials: client.config.credentials,
      maxAttempts: 1,
      requestHandler: { connectionTimeout: CONNECT_MS },
      ...(endpoint === undefined || this.isAWS ? {} : { endpoint: endpoint.origin }),
    });
  }

  /** Closes idle connections; a later call opens new ones. */
  async close(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    if (loaded === undefined || this.#settings.client !== undefined) return;
    // A client that could not be made has nothing to close, and whoever needed it has been told.
    await loaded.then(({ client }) => client.destroy()).catch(() => undefined);
  }

  #load(): Promise<{ sdk: SDK; client: ECSClient }> {
    return (this.#loaded ??= this.#open());
  }

  async #open(): Promise<{ sdk: SDK; client: ECSClient }> {
    const sdk = await import("@aws-sdk/client-ecs").catch((error: unknown) => {
      if (!isMissingModule(error)) throw error;
      throw new ClusterManagerError(
        "ECSManager needs the package @aws-sdk/client-ecs, which is not installed; run: npm install @aws-sdk/client-ecs",
        MANAGER_NAME,
        undefined,
        { cause: error },
      );
    });
    const { client, region, endpoint } = this.#settings;
    if (client !== undefined) return { sdk, client };
    return {
      sdk,
      client: new sdk.ECSClient({
        // Retries are this manager's own: they keep to the launch's limits and tokens.
        maxAttempts: 1,
        requestHandler: { connectionTimeout: CONNECT_MS },
        ...(region === undefined ? {} : { region }),
        ...(endpoint === undefined ? {} : { endpoint }),
      }),
    };
  }

  async #attempt<T>(signal: AbortSignal, send: Send<T>, limitMs = ATTEMPT_MS): Promise<T> {
    signal.throwIfAborted();
    const loaded = await this.#load();
    const limit = AbortSignal.timeout(limitMs);
    const abortSignal = AbortSignal.any([signal, limit]);
    try {
      return await abortable(send(loaded, { abortSignal }), abortSignal);
    } catch (error) {
      signal.throwIfAborted();
      if (!limit.aborted) throw error;
      throw Object.assign(new Error(`no answer within ${limitMs / 1000} s`, { cause: error }), {
        name: "TimeoutError",
      });
    }
  }
}

function requestOrigin(request: unknown): URL | undefined {
  if (!isRecord(request) || typeof request["hostname"] !== "string") return undefined;
  const { protocol, hostname, port } = request;
  const host = hostname.includes(":") && !hostname.startsWith("[") ? `[${hostname}]` : hostname;
  const url = `${String(protocol)}//${host}${typeof port === "number" ? `:${port}` : ""}`;
  return URL.canParse(url) ? new URL(url) : undefined;
}

function isMissingModule(error: unknown): boolean {
  return isRecord(error) && error["code"] === "ERR_MODULE_NOT_FOUND";
}
