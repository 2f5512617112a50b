import type { Cluster, ContainerDefinition, ContainerInstance } from "@aws-sdk/client-ecs";
import { ANY_PORT, type PortRange } from "../../util/port-range.js";
import { ClusterManagerError } from "../../errors.js";
import { withRetries } from "./ecs-call.js";
import type { ECSConnection, Send } from "./ecs-connection.js";
import { describeDefinition, type DefinitionFacts } from "./ecs-definition-facts.js";
import {
  checkCapacity,
  checkFargate,
  checkNetworkMode,
  checkNode,
  checkOutput,
  checkRestart,
  checkRoles,
  type Check,
} from "./ecs-diagnosis.js";
import { chooseAddress, lookAround } from "./ecs-advertise.js";
import { explain } from "./ecs-errors.js";
import { examineReachability } from "./ecs-reachability.js";
import { workerContainer } from "./ecs-task-definition.js";

export interface Examination {
  readonly ecsCluster: string;
  readonly taskDefinition: string;
  readonly containerName?: string;
  /** How many workers there shall be room for. */
  readonly workers: number;
  readonly isFargate: boolean;
  /** Those that tasks in network mode awsvpc will have. */
  readonly securityGroups: readonly string[];
  /** `rendezvous.port` of the manager, if it is set. */
  readonly managerPorts?: PortRange;
  /** `network.ports` of the manager, if they are set. */
  readonly workerPorts?: PortRange;
}

const LIMITS = { capacityMs: 0, outageMs: 3000, briefAttempts: 3 };
/** Instances in one DescribeContainerInstances call (Amazon ECS API reference). */
const INSTANCES_PER_DESCRIBE = 100;

/**
 * Looks at everything that a launch needs, with calls that only read, and gives each finding as soon as it is there. Never
 * rejects for what ECS says: that is a finding.
 */
export async function* examine(
  connection: ECSConnection,
  options: Examination,
  signal: AbortSignal,
): AsyncGenerator<Check, void, undefined> {
  const ecs = new Reader(connection, options, signal);
  const cluster = await ecs.cluster();
  yield cluster.check;
  const definition = await ecs.definition();
  yield definition.check;
  if (definition.found !== undefined) yield* checkDefinition(definition.found, options);
  // A cluster that cannot be read makes the rest of its answers noise.
  if (cluster.found !== undefined) {
    yield* ecs.permissions();
    if (definition.found !== undefined) {
      yield* ecs.capacity(cluster.found, definition.found);
      yield* await ecs.securityGroups(definition.found);
    }
  }
  yield unseen(options);
}

function* checkDefinition({ definition }: DefinitionFacts, options: Examination): Generator<Check> {
  let container: ContainerDefinition;
  try {
    container = workerContainer(definition, options.containerName);
  } catch (error) {
    yield { name: "container", verdict: "fail", seen: (error as Error).message };
    return;
  }
  yield {
    name: "container",
    verdict: "ok",
    seen: `${container.name} becomes the worker (${container.image})`,
  };
  yield checkNetworkMode(definition, container);
  if (options.isFargate) yield checkFargate(definition);
  yield checkOutput(container);
  yield checkRoles(definition, options.isFargate);
  yield* checkRestart(container);
  yield checkNode(container, process.version);
}

/** What no reading call can tell. */
function unseen({ taskDefinition }: Examination): Check {
  return {
    name: "right to start and stop",
    verdict: "skip",
    seen: "ecs:RunTask, ecs:StopTask and iam:PassRole cannot be tried without a task",
    advice: `rollcall iam --look --task-definition ${taskDefinition} prints the policy that is needed`,
  };
}

interface Found<T> {
  readonly check: Check;
  readonly found?: T;
}

class Reader {
  /** Empty until `capacity` has looked. */
  #instances: readonly ContainerInstance[] = [];

  constructor(
    private readonly connection: ECSConnection,
    private readonly options: Examination,
    private readonly signal: AbortSignal,
  ) {}

  async cluster(): Promise<Found<Cluster>> {
    const name = "ECS cluster";
    const { ecsCluster } = this.options;
    try {
      const answer = await this.#read(({ sdk, client }, options) => {
        const command = new sdk.DescribeClustersCommand({ clusters: [ecsCluster] });
        command.middlewareStack.add(
          (next) => (sent) => {
            this.connection.noteEndpoint(sent.request);
            return next(sent);
          },
          { step: "finalizeRequest" },
        );
        return client.send(command, options);
      });
      const found = answer.clusters?.[0];
      if (found?.status === "ACTIVE") {
        const { registeredContainerInstancesCount: count = 0, runningTasksCount: running = 0 } = found;
        const seen = `${ecsCluster} is ACTIVE, with ${count} container instances and ${running} running tasks`;
        return { check: { name, verdict: "ok", seen }, found };
      }
      const seen = found === undefined ? `there is no ${ecsCluster}` : `${ecsCluster} is ${found.status}`;
      return { check: { name, verdict: "fail", seen, advice: "check --cluster and --region, or create it" } };
    } catch (error) {
      return { check: this.#failed(name, "DescribeClusters", error) };
    }
  }

  async definition(): Promise<Found<DefinitionFacts>> {
    const name = "task definition";
    const { taskDefinition } = this.options;
    try {
      const found = await describeDefinition(this.connection, taskDefinition, this.signal);
      const seen = `${found.definition.family}:${found.definition.revision} is ${found.definition.status}`;
      return { check: { name, verdict: "ok", seen }, found };
    } catch (error) {
      return { check: this.#failed(name, "DescribeTaskDefinition", error) };
    }
  }

  /** Calls of the launch itself that read, on a task that does not exist. */
  async *permissions(): AsyncGenerator<Check> {
    const { ecsCluster: cluster } = this.options;
    const list: Send<unknown> = ({ sdk, client }, options) =>
      client.send(new sdk.ListTasksCommand({ cluster, startedBy: "rollcall/doctor" }), options);
    const describe: Send<unknown> = ({ sdk, client }, options) =>
      client.send(new sdk.DescribeTasksCommand({ cluster, tasks: ["0".repeat(32)] }), options);
    yield await this.#permission("ListTasks", list);
    yield await this.#permission("DescribeTasks", describe);
  }

  async *capacity(cluster: Cluster, { definition }: DefinitionFacts): AsyncGenerator<Check> {
    const name = "capacity";
    const { isFargate, workers } = this.options;
    if (isFargate)
      return yield { name, verdict: "skip", seen: "Fargate tells of its room only when tasks are started" };
    try {
      this.#instances = await this.#describeInstances();
      if (this.#instances.length > 0)
        return yield* checkCapacity(definition, this.#instances, workers, cluster.capacityProviders);
    } catch (error) {
      return yield this.#failed(name, "DescribeContainerInstances", error);
    }
    const providers = (cluster.capacityProviders ?? []).filter((provider) => !provider.startsWith("FARGATE"));
    if (providers.length > 0) {
      yield {
        name,
        verdict: "ok",
        seen: `no instances yet; the capacity providers ${providers.join(", ")} can bring some`,
      };
    } else {
      yield {
        name,
        verdict: "fail",
        seen: "the ECS cluster has no container instances, and no capacity providers that bring some",
        advice: "add container instances or a capacity provider, or use Fargate (--launch-type FARGATE)",
      };
    }
  }

  async securityGroups({ definition }: DefinitionFacts): Promise<readonly Check[]> {
    if (!this.connection.isAWS && process.env["AWS_ENDPOINT_URL_EC2"] === undefined) {
      const seen = "the ECS endpoint is not that of AWS, so there are none to look at";
      return [{ name: "security groups", verdict: "skip", seen }];
    }
    const { securityGroups, managerPorts, workerPorts } = this.options;
    const options = {
      networkMode: definition.networkMode,
      securityGroups,
      instanceIds: this.#instances.flatMap(({ ec2InstanceId }) => ec2InstanceId ?? []),
      managerAddress: await this.#managerAddress(),
      managerPorts,
      workerPorts,
    };
    return examineReachability(await this.connection.client(), options, this.signal);
  }

  /** As `ECSManager` finds it; undefined if this machine has none. */
  async #managerAddress(): Promise<string | undefined> {
    const around = await lookAround(undefined, this.signal);
    try {
      const settings = { host: undefined, bindHost: undefined, ports: ANY_PORT };
      return chooseAddress(settings, around).advertiseHost;
    } catch (error) {
      if (error instanceof ClusterManagerError) return undefined;
      throw error;
    }
  }

  async #permission(operation: string, send: Send<unknown>): Promise<Check> {
    const name = `right to ${operation}`;
    try {
      await this.#read(send);
      return { name, verdict: "ok", seen: "granted" };
    } catch (error) {
      return this.#failed(name, operation, error);
    }
  }

  async #describeInstances(): Promise<readonly ContainerInstance[]> {
    const { ecsCluster: cluster } = this.options;
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const input = { cluster, nextToken };
      const page = await this.#read(({ sdk, client }, options) =>
        client.send(new sdk.ListContainerInstancesCommand(input), options),
      );
      arns.push(...(page.containerInstanceArns ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined && nextToken !== "");
    const instances: ContainerInstance[] = [];
    for (let start = 0; start < arns.length; start += INSTANCES_PER_DESCRIBE) {
      const containerInstances = arns.slice(start, start + INSTANCES_PER_DESCRIBE);
      const answer = await this.#read(({ sdk, client }, options) =>
        client.send(new sdk.DescribeContainerInstancesCommand({ cluster, containerInstances }), options),
      );
      instances.push(...(answer.containerInstances ?? []));
    }
    return instances;
  }

  #read<T>(send: Send<T>): Promise<T> {
    return withRetries(() => this.connection.call(this.signal, send), {
      limits: LIMITS,
      signal: this.signal,
    });
  }

  #failed(name: string, operation: string, error: unknown): Check {
    const { ecsCluster, taskDefinition } = this.options;
    return { name, verdict: "fail", seen: explain(error, { operation, ecsCluster, taskDefinition }).message };
  }
}
