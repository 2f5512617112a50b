/** What the API shows of the things in the state. Members without a value are left out. */
import {
  networkOfTask,
  type Cluster,
  type ContainerInstance,
  type LocalState,
  type Task,
  type TaskContainer,
  type TaskDefinition,
} from "../state.js";
import { AGENT_VERSION } from "../agent-introspection.js";
import { privateDnsName } from "../arn.js";
import { tagList, type JsonObject } from "../validation.js";

/** The wire has seconds with a fraction. */
export function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

function withoutUndefined(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

export function describeCluster(state: LocalState, cluster: Cluster, include: readonly string[]): JsonObject {
  const registered = [...cluster.instances.values()].filter(({ status }) => status !== "INACTIVE");
  const tasks = [...state.tasks.values()].filter((task) => task.cluster === cluster);
  return withoutUndefined({
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    status: cluster.status,
    registeredContainerInstancesCount: registered.length,
    runningTasksCount: countRunning(tasks),
    pendingTasksCount: countPending(tasks),
    activeServicesCount: 0,
    statistics: [],
    tags: include.includes("TAGS") ? tagList(cluster.tags) : [],
    settings: [{ name: "containerInsights", value: "disabled" }],
    capacityProviders: cluster.capacityProviders,
    defaultCapacityProviderStrategy: cluster.defaultStrategy,
  });
}

export function describeTaskDefinition(definition: TaskDefinition): JsonObject {
  return withoutUndefined({
    ...definition.document,
    taskDefinitionArn: definition.arn,
    revision: definition.revision,
    status: definition.status,
    registeredAt: seconds(definition.registeredAt),
    deregisteredAt: seconds(definition.deregisteredAt),
  });
}

export function describeTask(task: Task, include: readonly string[] = []): JsonObject {
  return withoutUndefined({
    attachments: describeAttachments(task),
    attributes: [],
    availabilityZone: task.host?.availabilityZone,
    capacityProviderName: task.capacityProvider,
    clusterArn: task.cluster.arn,
    connectivity: connectivityOf(task),
    connectivityAt: seconds(task.connectivityAt),
    containerInstanceArn: task.instance?.arn,
    containers: task.containers.map((container) => describeContainer(task, container)),
    cpu: task.cpu,
    createdAt: seconds(task.createdAt),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: task.enableExecuteCommand,
    ephemeralStorage: task.fargate && { sizeInGiB: task.fargate.storageGiB },
    executionStoppedAt: seconds(task.executionStoppedAt),
    group: task.group,
    healthStatus: "UNKNOWN",
    lastStatus: task.lastStatus,
    launchType: task.launchType,
    memory: task.memory,
    overrides: task.overrides,
    platformFamily: task.fargate && "Linux",
    platformVersion: task.fargate?.platformVersion,
    pullStartedAt: seconds(task.pullStartedAt),
    pullStoppedAt: seconds(task.pullStoppedAt),
    startedAt: seconds(task.startedAt),
    startedBy: task.startedBy,
    stopCode: task.stopCode,
    stoppedAt: seconds(task.stoppedAt),
    stoppedReason: task.stoppedReason,
    stoppingAt: seconds(task.stoppingAt),
    tags: include.includes("TAGS") ? tagList(task.tags) : [],
    taskArn: task.arn,
    taskDefinitionArn: task.definition.arn,
    version: task.version,
  });
}

/** Unknown until the agent has heard of the task. */
function connectivityOf({ connectivityAt, instance, lastStatus }: Task): string | undefined {
  if (connectivityAt === undefined) return undefined;
  return instance === undefined || instance.agentConnected || lastStatus === "STOPPED"
    ? "CONNECTED"
    : "DISCONNECTED";
}

function describeContainer(task: Task, container: TaskContainer): JsonObject {
  return withoutUndefined({
    containerArn: container.arn,
    taskArn: task.arn,
    name: container.definition.name,
    image: container.definition.image,
    runtimeId: container.runtimeId,
    lastStatus: container.lastStatus,
    exitCode: container.exitCode,
    reason: container.reason,
    networkBindings: container.networkBindings,
    networkInterfaces: describeInterfaces(task),
    healthStatus: "UNKNOWN",
    cpu: `${container.cpu}`,
    memory: container.memory === undefined ? undefined : `${container.memory}`,
    memoryReservation:
      container.memoryReservation === undefined ? undefined : `${container.memoryReservation}`,
  });
}

/** The status as far as the endpoint knows it: the address comes with the first container's start. */
function describeAttachments(task: Task): JsonObject[] {
  const { attachment } = task;
  if (attachment === undefined) return [];
  const network = networkOfTask(task);
  const details = [
    { name: "subnetId", value: attachment.subnetId },
    ...(network === undefined
      ? []
      : [
          { name: "networkInterfaceId", value: attachment.networkInterfaceId },
          { name: "macAddress", value: network.macAddress },
          {
            name: "privateDnsName",
            value: privateDnsName(task.host?.availabilityZone ?? "", network.address),
          },
          { name: "privateIPv4Address", value: network.address },
        ]),
  ];
  const status =
    task.lastStatus === "STOPPED" ? "DELETED" : network === undefined ? "PRECREATED" : "ATTACHED";
  return [{ id: attachment.id, type: "ElasticNetworkInterface", status, details }];
}

function describeInterfaces(task: Task): JsonObject[] {
  const network = networkOfTask(task);
  return task.attachment === undefined || network === undefined
    ? []
    : [{ attachmentId: task.attachment.id, privateIpv4Address: network.address }];
}

export function describeInstance(instance: ContainerInstance, include: readonly string[] = []): JsonObject {
  const ports = (protocol: string, held: Iterable<string>): string[] =>
    [...held]
      .filter((port) => port.startsWith(`${protocol}:`))
      .map((port) => port.slice(protocol.length + 1));
  const resources = (cpu: number, memory: number, held: readonly string[]): JsonObject[] => [
    { name: "CPU", type: "INTEGER", doubleValue: 0, longValue: 0, integerValue: cpu },
    { name: "MEMORY", type: "INTEGER", doubleValue: 0, longValue: 0, integerValue: memory },
    portSet("PORTS", ports("tcp", held)),
    portSet("PORTS_UDP", ports("udp", held)),
  ];
  const { cpu, memory, reservedPorts, used } = instance;
  return {
    containerInstanceArn: instance.arn,
    ec2InstanceId: instance.ec2InstanceId,
    ...(instance.capacityProvider === undefined ? {} : { capacityProviderName: instance.capacityProvider }),
    version: instance.version,
    versionInfo: { agentVersion: AGENT_VERSION, agentHash: "local", dockerVersion: "none" },
    status: instance.status,
    agentConnected: instance.agentConnected,
    runningTasksCount: countRunning(instance.tasks),
    pendingTasksCount: countPending(instance.tasks),
    // As the service does, ports in use are listed under both: registered are the agent's, remaining all that are taken.
    registeredResources: resources(cpu, memory, [...reservedPorts]),
    remainingResources: resources(cpu - used.cpu, memory - used.memory, [...reservedPorts, ...used.ports]),
    attributes: [...instance.attributes].map(([name, value]) => (value === "" ? { name } : { name, value })),
    registeredAt: seconds(instance.registeredAt),
    attachments: [],
    tags: include.includes("TAGS") ? tagList(instance.tags) : [],
  };
}

function portSet(name: string, ports: readonly string[]): JsonObject {
  return { name, type: "STRINGSET", doubleValue: 0, longValue: 0, integerValue: 0, stringSetValue: ports };
}

function countRunning(tasks: Iterable<Task>): number {
  return countByStatus(tasks, (status) => status === "RUNNING");
}

function countPending(tasks: Iterable<Task>): number {
  return countByStatus(
    tasks,
    (status) => status === "PROVISIONING" || status === "PENDING" || status === "ACTIVATING",
  );
}

function countByStatus(tasks: Iterable<Task>, counts: (status: string) => boolean): number {
  let count = 0;
  for (const task of tasks) if (counts(task.lastStatus)) count += 1;
  return count;
}
