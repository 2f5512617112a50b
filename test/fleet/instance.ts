/** One container instance of a fleet: its Docker engine, its metadata service, its network for tasks in mode `awsvpc`. */
import Docker from "dockerode";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startEngine } from "./container-engine.js";
import { startService } from "./host-process.js";
import { writeServed, type MetadataDocuments } from "./instance-metadata.js";
import { INSTANCE_BRIDGE, inNamespace, INTROSPECTION_PORT, type InstanceHost } from "./network.js";
import { cgroupParent, fleetFolder } from "./remove-fleet.js";
import { loadRules, run } from "./requirements.js";
import { importWorkerImages } from "./worker-image.js";

/** The engines' name for the network of tasks in mode `awsvpc`. */
const AWSVPC_NETWORK = "tasks";

/** Nothing from outside of the instance reaches its agent's introspection, nor do tasks that have a network of their own. */
const AGENT_RULES = `table inet agent {
  chain input {
    type filter hook input priority 0
    iifname "${INSTANCE_BRIDGE}" tcp dport ${INTROSPECTION_PORT} drop
  }
}`;

/** How the instances' metadata service is set (EC2 User Guide, "Configure the instance metadata options"). */
export interface InstanceOptions {
  /** How many hops a token travels. Default 1, as on EC2: a container in network mode bridge gets none. */
  readonly hopLimit?: number;
  /** Default `required`: version 2 only. With `optional` a request without a token is answered too, as in version 1. */
  readonly httpTokens?: "required" | "optional";
  /** Tasks in network mode awsvpc do not reach it (`ECS_AWSVPC_BLOCK_IMDS` of the ECS agent). Default false. */
  readonly blocksAwsvpc?: boolean;
}

/** What a program inside of the fleet needs to know of an instance. */
export interface FleetInstance {
  readonly address: string;
  readonly instanceId: string;
  readonly availabilityZone: string;
  readonly namespace: string;
  readonly metadataNamespace: string;
  /** Its port at the fleet's bridge. */
  readonly port: string;
  readonly dockerSocket: string;
  readonly awsvpcNetwork: string;
  /** What its metadata service serves. */
  readonly metadataFile: string;
  /** Where its agent is expected to listen, which is part of the ECS endpoint. */
  readonly agentSocket: string;
  /** The parent of its containers' control groups. */
  readonly cgroup: string;
}

export async function startInstance(
  fleet: string,
  host: InstanceHost,
  index: number,
  staged: string,
  options: InstanceOptions,
): Promise<FleetInstance> {
  const { address, namespace, metadataNamespace, port } = host;
  const folder = join(fleetFolder(fleet), `${index + 1}`);
  mkdirSync(folder, { recursive: true });
  const instance = {
    address,
    namespace,
    metadataNamespace,
    port,
    instanceId: `i-${`${index + 1}`.padStart(17, "0")}`,
    availabilityZone: `us-east-1${["a", "b", "c"][index % 3]}`,
    awsvpcNetwork: AWSVPC_NETWORK,
    metadataFile: join(folder, "metadata.json"),
    agentSocket: join(folder, "agent.sock"),
    cgroup: cgroupParent(fleet, port),
  };
  loadRules(namespace, AGENT_RULES);
  loadRules(metadataNamespace, metadataRules(host, options));
  writeServed(instance.metadataFile, {
    needsTokens: options.httpTokens !== "optional",
    documents: documentsOf(instance),
  });
  const program = (name: string): string => new URL(name, import.meta.url).pathname;
  const [dockerSocket] = await Promise.all([
    startEngine(namespace, folder, instance.cgroup),
    startService(
      metadataNamespace,
      [process.execPath, program("instance-metadata-main.js"), instance.metadataFile],
      "listening on",
    ),
    startService(
      namespace,
      [process.execPath, program("agent-relay.js"), instance.agentSocket],
      "listening on",
    ),
  ]);
  const engine = new Docker({ socketPath: dockerSocket });
  await Promise.all([importWorkerImages(engine, staged), createTaskNetwork(engine, host)]);
  // To the engine the instance's link is one of its networks, which it keeps apart from each other.
  run(...inNamespace(namespace), "iptables", "--insert", "DOCKER-USER", "--jump", "ACCEPT");
  return { ...instance, dockerSocket };
}

/** The instance's bridge is the fleet's network, so the containers on it are hosts of that. */
async function createTaskNetwork(engine: Docker, host: InstanceHost): Promise<void> {
  const { subnet, taskAddresses, address } = host;
  await engine.createNetwork({
    Name: AWSVPC_NETWORK,
    IPAM: { Config: [{ Subnet: subnet, IPRange: taskAddresses, Gateway: address }] },
    Options: {
      "com.docker.network.bridge.name": INSTANCE_BRIDGE,
      "com.docker.network.bridge.enable_ip_masquerade": "false",
    },
  });
}

/**
 * The answer to a token request, and all that comes after it on its connection, travels the given number of hops. Without
 * the rule each hop from the bridge of an engine would be one too.
 */
function metadataRules(host: InstanceHost, { hopLimit = 1, blocksAwsvpc = false }: InstanceOptions): string {
  const blocked = blocksAwsvpc ? `ip saddr ${host.taskAddresses} drop` : "";
  return `table inet metadata {
    chain input {
      type filter hook input priority 0
      ${blocked}
      tcp dport 80 @ih,0,32 0x${Buffer.from("PUT ").toString("hex")} ct mark set 1
    }
    chain output {
      type filter hook output priority 0
      ct mark 1 ip ttl set ${hopLimit}
    }
  }`;
}

function documentsOf(instance: Omit<FleetInstance, "dockerSocket">): MetadataDocuments {
  const { address, instanceId, availabilityZone } = instance;
  const region = availabilityZone.slice(0, -1);
  return {
    "meta-data/local-ipv4": address,
    "meta-data/instance-id": instanceId,
    "meta-data/instance-type": "local",
    "meta-data/placement/availability-zone": availabilityZone,
    "meta-data/placement/region": region,
    "dynamic/instance-identity/document": JSON.stringify({
      accountId: "000000000000",
      architecture: "x86_64",
      availabilityZone,
      instanceId,
      instanceType: "local",
      privateIp: address,
      region,
      version: "2017-09-30",
    }),
  };
}
