/**
 * The network of a fleet: one namespace for each host, all on one bridge, which has a namespace of its own. Nothing leads
 * out of it, and nothing of it shows outside.
 *
 * An instance has its address on a bridge of its own, with the link to the others as one port. The containers of tasks in
 * network mode `awsvpc` are further ports, so they have addresses of the fleet's network. So is the instance's metadata
 * service: as on EC2 it is no host of the instance, and its answers travel over a link that counts hops.
 */
import { run } from "./requirements.js";

const PREFIX_LENGTH = 24;
const SUBNET = "10.77.0";
/** Where EC2 instances find their metadata. */
export const METADATA_ADDRESS = "169.254.169.254";
/** Where tasks find their own metadata, which the agent serves. */
export const AGENT_ADDRESS = "169.254.170.2";
export const INTROSPECTION_PORT = 51_678;
/** The bridge of an instance, for its engine to put containers on. */
export const INSTANCE_BRIDGE = "eth0";

export interface Host {
  readonly namespace: string;
  readonly address: string;
  /** Its port at the fleet's bridge. */
  readonly port: string;
}

export interface InstanceHost extends Host {
  /** Where its metadata service runs. */
  readonly metadataNamespace: string;
  /** The fleet's network, and the part of it that belongs to this instance's tasks in network mode `awsvpc`. */
  readonly subnet: string;
  readonly taskAddresses: string;
}

export interface Network {
  /** The namespace of the fleet's bridge. */
  readonly switchNamespace: string;
  readonly manager: Host;
  readonly instances: readonly InstanceHost[];
}

/** All namespaces of a fleet begin like this. */
export function namespacePrefix(fleet: string): string {
  return `rollcall-${fleet}-`;
}

export function makeNetwork(fleet: string, instances: number): Network {
  const prefix = namespacePrefix(fleet);
  const switchNamespace = `${prefix}switch`;
  run("ip", "netns", "add", switchNamespace);
  run("ip", "-n", switchNamespace, "link", "add", "bridge", "up", "type", "bridge");
  const manager = { namespace: `${prefix}manager`, address: `${SUBNET}.1`, port: "manager" };
  addHost(switchNamespace, manager, "eth0");
  addAddress(manager, "eth0");
  return {
    switchNamespace,
    manager,
    instances: Array.from({ length: instances }, (_, index) => addInstance(prefix, switchNamespace, index)),
  };
}

function addInstance(prefix: string, switchNamespace: string, index: number): InstanceHost {
  const port = `instance-${index + 1}`;
  const host: InstanceHost = {
    namespace: `${prefix}${port}`,
    address: `${SUBNET}.${11 + index}`,
    port,
    metadataNamespace: `${prefix}metadata-${index + 1}`,
    subnet: `${SUBNET}.0/${PREFIX_LENGTH}`,
    taskAddresses: `${SUBNET}.${64 + 32 * index}/27`,
  };
  const { namespace, metadataNamespace } = host;
  addHost(switchNamespace, host, "uplink");
  run("ip", "-n", namespace, "link", "add", INSTANCE_BRIDGE, "type", "bridge");
  // Otherwise it would be that of a port, and change with the ports.
  run("ip", "-n", namespace, "link", "set", INSTANCE_BRIDGE, "address", `02:77:00:00:00:0${index + 1}`);
  addAddress(host, INSTANCE_BRIDGE);
  run("ip", "-n", namespace, "address", "add", `${AGENT_ADDRESS}/32`, "dev", "lo");
  addPort(namespace, "uplink");
  addNamespace(metadataNamespace);
  const peer = ["peer", "name", "eth0", "netns", metadataNamespace];
  run("ip", "-n", namespace, "link", "add", "metadata", "type", "veth", ...peer);
  addPort(namespace, "metadata");
  run("ip", "-n", metadataNamespace, "address", "add", `${METADATA_ADDRESS}/32`, "dev", "eth0");
  run("ip", "-n", metadataNamespace, "link", "set", "eth0", "up");
  run("ip", "-n", metadataNamespace, "route", "add", host.subnet, "dev", "eth0", "src", METADATA_ADDRESS);
  run("ip", "-n", namespace, "route", "add", `${METADATA_ADDRESS}/32`, "dev", INSTANCE_BRIDGE);
  return host;
}

/** Two isolated ports do not hear each other: nobody but the instance itself and its tasks reaches its metadata. */
function addPort(namespace: string, device: string): void {
  run("ip", "-n", namespace, "link", "set", device, "master", INSTANCE_BRIDGE, "up");
  run("ip", "-n", namespace, "link", "set", device, "type", "bridge_slave", "isolated", "on");
}

function addHost(switchNamespace: string, { namespace, port }: Host, device: string): void {
  addNamespace(namespace);
  const peer = ["peer", "name", device, "netns", namespace];
  run("ip", "-n", switchNamespace, "link", "add", port, "type", "veth", ...peer);
  run("ip", "-n", switchNamespace, "link", "set", port, "master", "bridge", "up");
}

function addNamespace(namespace: string): void {
  run("ip", "netns", "add", namespace);
  run("ip", "-n", namespace, "link", "set", "lo", "up");
}

function addAddress({ namespace, address }: Host, device: string): void {
  run("ip", "-n", namespace, "address", "add", `${address}/${PREFIX_LENGTH}`, "dev", device);
  run("ip", "-n", namespace, "link", "set", device, "up");
}

/** The start of a command line that runs a program in the namespace. `ip netns exec` would hide the cgroups. */
export function inNamespace(namespace: string): readonly [string, string] {
  return ["nsenter", `--net=/var/run/netns/${namespace}`];
}
