import { ecsArn, type Identity } from "./arn.js";
import { addCluster } from "./operations/clusters.js";
import type { ResolvedInstance } from "./options.js";
import type { Cluster, ContainerInstance, LocalState, TaskHost } from "./state.js";

/** Ports that the ECS agent keeps for itself (`ECS_RESERVED_PORTS`), and 51680 for its metrics. */
const RESERVED_PORTS = ["tcp:22", "tcp:2375", "tcp:2376", "tcp:51678", "tcp:51679", "tcp:51680"];

/** A `default` cluster, and the instances with the clusters and capacity providers that they name. */
export function createState(
  identity: Identity,
  instances: readonly ResolvedInstance[],
  newId: () => string,
  now: number,
): LocalState {
  const fargateHosts: TaskHost[] = [];
  const state: LocalState = {
    identity,
    clusters: new Map(),
    instanceProviders: new Set(),
    fargateHosts,
    families: new Map(),
    tasks: new Map(),
    launches: new Map(),
  };
  addCluster(state, "default");
  for (const options of instances) {
    const cluster = state.clusters.get(options.cluster) ?? addCluster(state, options.cluster);
    const instance = makeInstance(identity, cluster, options, newId, now);
    cluster.instances.set(instance.id, instance);
    if (options.capacityProvider !== undefined) associate(state, cluster, options.capacityProvider);
    if (instance.dockerSocket !== undefined) fargateHosts.push(instance);
  }
  // Without engines all tasks are processes of this machine.
  if (fargateHosts.length === 0)
    fargateHosts.push({ availabilityZone: `${identity.region}a`, status: "ACTIVE" });
  return state;
}

function associate(state: LocalState, cluster: Cluster, provider: string): void {
  state.instanceProviders.add(provider);
  cluster.capacityProviders = [...new Set([...cluster.capacityProviders, provider])];
}

function makeInstance(
  identity: Identity,
  cluster: Cluster,
  options: ResolvedInstance,
  newId: () => string,
  now: number,
): ContainerInstance {
  const id = newId();
  return {
    id,
    arn: ecsArn(identity, "container-instance", cluster.name, id),
    cluster: cluster.name,
    ec2InstanceId: options.ec2InstanceId ?? `i-${newId().slice(0, 17)}`,
    availabilityZone: options.availabilityZone,
    privateIpv4Address: options.privateIpv4Address,
    cpu: options.cpu,
    memory: options.memory,
    reservedPorts: new Set(RESERVED_PORTS),
    attributes: new Map([
      ["ecs.availability-zone", options.availabilityZone],
      ["ecs.instance-type", "local"],
      ["ecs.os-type", "linux"],
      ["ecs.os-family", "LINUX"],
      ["ecs.cpu-architecture", "x86_64"],
      ["com.amazonaws.ecs.capability.logging-driver.awslogs", ""],
      ...Object.entries(options.attributes),
    ]),
    tags: new Map(),
    registeredAt: now,
    ...(options.capacityProvider === undefined ? {} : { capacityProvider: options.capacityProvider }),
    ...(options.docker === undefined ? {} : { dockerSocket: options.docker.socketPath }),
    ...(options.agent === undefined ? {} : { agent: options.agent }),
    agentConnected: true,
    status: "ACTIVE",
    version: 1,
    used: { cpu: 0, memory: 0, ports: new Set() },
    tasks: new Set(),
  };
}
