import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type {
  ContainerInstance,
  DescribeTaskDefinitionCommandOutput,
  Failure,
  RunTaskCommandInput,
  RunTaskCommandOutput,
  Task,
  TaskDefinition,
} from "@aws-sdk/client-ecs";
import { CONNECT_MS, ECSConnection, isMissingModule } from "./ecs-connection.js";
import type { Send } from "./ecs-connection.js";
import { completeBody } from "./ecs-request-body.js";
import type { ECSSettings } from "./ecs-settings.js";

/** What the manager asks of ECS. One call is one attempt of ours; errors are those of the SDK. */
export interface ECSOperations {
  describeTaskDefinition(signal: AbortSignal): Promise<TaskDefinition>;
  runTask(input: RunTaskCommandInput, signal: AbortSignal): Promise<TasksAnswer>;
  /** At most 100 ARNs. */
  describeTasks(taskArns: readonly string[], signal: AbortSignal): Promise<TasksAnswer>;
  /** At most 100 ARNs. */
  describeContainerInstances(
    arns: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly ContainerInstance[]>;
  stopTask(taskArn: string, reason: string, signal: AbortSignal): Promise<void>;
  /** ARNs of the tasks that carry this mark and are not meant to stop. */
  listTasks(startedBy: string, signal: AbortSignal): Promise<readonly string[]>;
}

export interface TasksAnswer {
  readonly tasks: readonly Task[];
  readonly failures: readonly Failure[];
}

/** The first request of a launch: whoever set something up wrongly should not wait long to hear of it. */
const FIRST_ATTEMPT_MS = 5000;

/** The operations of one manager. Owns its connection. */
export class ECSServiceClient implements ECSOperations {
  readonly #settings: ECSSettings;
  readonly #connection: ECSConnection;

  constructor(settings: ECSSettings) {
    this.#settings = settings;
    this.#connection = new ECSConnection(settings);
  }

  /** Where requests really go, whatever set it; known after the first one. */
  get endpoint(): URL | undefined {
    return this.#connection.endpoint;
  }

  /** Whether requests go to AWS itself, as far as is known. */
  get isAWS(): boolean {
    return this.#connection.isAWS;
  }

  async describeTaskDefinition(signal: AbortSignal): Promise<TaskDefinition> {
    const describe: Send<DescribeTaskDefinitionCommandOutput> = ({ sdk, client }, options) => {
      const command = new sdk.DescribeTaskDefinitionCommand({
        taskDefinition: this.#settings.taskDefinition,
      });
      // Of the request only its address is read, after every way in which the SDK can learn an endpoint.
      command.middlewareStack.add(
        (next) => (sent) => {
          this.#connection.noteEndpoint(sent.request);
          return next(sent);
        },
        { step: "finalizeRequest" },
      );
      return client.send(command, options);
    };
    const answer = await this.#connection.call(signal, describe, FIRST_ATTEMPT_MS);
    return answer.taskDefinition ?? {};
  }

  async runTask(input: RunTaskCommandInput, signal: AbortSignal): Promise<TasksAnswer> {
    const run: Send<RunTaskCommandOutput> = ({ sdk, client }, options) => {
      const command = new sdk.RunTaskCommand(input);
      // Steps after this one measure and sign the request.
      command.middlewareStack.add(
        (next) => (sent) => {
          completeBody(sent.request, input, Object.keys(this.#settings.rawRunTask));
          return next(sent);
        },
        { step: "build", priority: "high" },
      );
      return client.send(command, options);
    };
    const answer = await this.#connection.call(signal, run);
    return { tasks: answer.tasks ?? [], failures: answer.failures ?? [] };
  }

  async describeTasks(taskArns: readonly string[], signal: AbortSignal): Promise<TasksAnswer> {
    const input = { cluster: this.#settings.ecsCluster, tasks: [...taskArns] };
    const answer = await this.#connection.call(signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeTasksCommand(input), options),
    );
    return { tasks: answer.tasks ?? [], failures: answer.failures ?? [] };
  }

  async describeContainerInstances(
    arns: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly ContainerInstance[]> {
    const input = { cluster: this.#settings.ecsCluster, containerInstances: [...arns] };
    const answer = await this.#connection.call(signal, ({ sdk, client }, options) =>
      client.send(new sdk.DescribeContainerInstancesCommand(input), options),
    );
    return answer.containerInstances ?? [];
  }

  async stopTask(taskArn: string, reason: string, signal: AbortSignal): Promise<void> {
    const input = { cluster: this.#settings.ecsCluster, task: taskArn, reason };
    await this.#connection.call(signal, ({ sdk, client }, options) =>
      client.send(new sdk.StopTaskCommand(input), options),
    );
  }

  async listTasks(startedBy: string, signal: AbortSignal): Promise<readonly string[]> {
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const input = { cluster: this.#settings.ecsCluster, startedBy, nextToken };
      const page = await this.#connection.call(signal, ({ sdk, client }, options) =>
        client.send(new sdk.ListTasksCommand(input), options),
      );
      arns.push(...(page.taskArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined && nextToken !== "");
    return arns;
  }

  /** A client for CloudWatch Logs that goes the same way as this one; undefined if its package is not installed. */
  async newLogsClient(region: string | undefined): Promise<CloudWatchLogsClient | undefined> {
    const client = await this.#connection.client();
    const sdk = await import("@aws-sdk/client-cloudwatch-logs").catch((error: unknown) => {
      if (isMissingModule(error)) return undefined;
      throw error;
    });
    if (sdk === undefined) return undefined;
    const { endpoint } = this;
    return new sdk.CloudWatchLogsClient({
      region: region ?? client.config.region,
      credentials: client.config.credentials,
      maxAttempts: 1,
      requestHandler: { connectionTimeout: CONNECT_MS },
      ...(endpoint === undefined || this.isAWS ? {} : { endpoint: endpoint.origin }),
    });
  }

  /** Closes idle connections; a later call opens new ones. */
  close(): Promise<void> {
    return this.#connection.close();
  }
}
