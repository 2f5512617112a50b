/** What a worker wants to know of the ECS task and the container that it runs in. */
export interface ContainerMetadata {
  readonly taskArn: string;
  /** As ECS says it: `host`, `bridge`, `awsvpc`, ... */
  readonly networkMode: string | undefined;
  /** The task's own addresses that others reach; only in network mode `awsvpc`. */
  readonly addresses: readonly string[];
  /** Of the container instance, where it is known. */
  readonly instanceAddress: string | undefined;
  /** Only those that are known by now: the engine chooses ports while the container starts. */
  readonly ports: readonly MappedPort[];
}

export interface MappedPort {
  readonly containerPort: number;
  readonly hostPort: number;
}

/**
 * Reads the answer of the task metadata endpoint v4 for one container (Amazon ECS developer guide, "Task metadata endpoint
 * version 4"). Throws a `TypeError` if it names no task.
 */
export function parseContainerMetadata(text: string): ContainerMetadata {
  const container = object(JSON.parse(text));
  const taskArn = object(container["Labels"])["com.amazonaws.ecs.task-arn"];
  if (typeof taskArn !== "string") throw new TypeError("the container metadata name no task");
  const networks = objects(container["Networks"]);
  const own = networks.find((network) => network["NetworkMode"] === "awsvpc");
  const networkMode = networks.map((network) => network["NetworkMode"]).find(isText);
  const addresses = [own?.["IPv4Addresses"], own?.["IPv6Addresses"]]
    .flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []))
    .filter(isText)
    // In awsvpc mode the agent's own link-local interface may be listed too; nobody else reaches it.
    .filter((address) => !isLinkLocal(address));
  return {
    taskArn,
    networkMode,
    addresses,
    instanceAddress: undefined,
    ports: mappedPorts(container["Ports"]),
  };
}

/**
 * Reads the container metadata file of the ECS agent (same guide, "Container metadata file"); undefined as long as the
 * agent has not completed it.
 */
export function parseMetadataFile(text: string): ContainerMetadata | undefined {
  const file = object(JSON.parse(text));
  const { TaskARN: taskArn, HostPrivateIPv4Address: instanceAddress } = file;
  if (file["MetadataFileStatus"] !== "READY" || !isText(taskArn)) return undefined;
  return {
    taskArn,
    networkMode: objects(file["Networks"])
      .map((network) => network["NetworkMode"])
      .find(isText),
    addresses: [],
    instanceAddress: isText(instanceAddress) ? instanceAddress : undefined,
    ports: mappedPorts(file["PortMappings"]),
  };
}

export function isLinkLocal(address: string): boolean {
  return address.startsWith("169.254.") || /^fe[89ab]/i.test(address);
}

function mappedPorts(value: unknown): MappedPort[] {
  return objects(value).flatMap((port) => {
    const { ContainerPort: containerPort, HostPort: hostPort, Protocol: protocol } = port;
    const isTcp = protocol === undefined || protocol === "tcp";
    const isMapped = typeof containerPort === "number" && typeof hostPort === "number" && hostPort > 0;
    return isTcp && isMapped ? [{ containerPort, hostPort }] : [];
  });
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function objects(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(object) : [];
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
