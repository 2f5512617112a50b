/**
 * The network of a fleet: one namespace for each host, all on one bridge, which has a namespace of its own. Nothing leads
 * out of it, and nothing of it shows outside.
 */
import { run } from "./requirements.js";

const PREFIX_LENGTH = 24;
/** Where EC2 instances find their metadata. */
const METADATA_ADDRESS = "169.254.169.254/32";

export interface Host {
  readonly namespace: string;
  readonly address: string;
}

export interface Network {
  readonly manager: Host;
  readonly instances: readonly Host[];
}

/** All namespaces of a fleet begin like this. */
export function namespacePrefix(fleet: string): string {
  return `rollcall-${fleet}-`;
}

export function makeNetwork(fleet: string, instances: number): Network {
  const prefix = namespacePrefix(fleet);
  const bridge = `${prefix}switch`;
  run("ip", "netns", "add", bridge);
  run("ip", "-n", bridge, "link", "add", "bridge", "up", "type", "bridge");
  const manager = addHost(bridge, "manager", { namespace: `${prefix}manager`, address: "10.77.0.1" });
  return {
    manager,
    instances: Array.from({ length: instances }, (_, index) => {
      const name = `instance-${index + 1}`;
      const host = addHost(bridge, name, { namespace: `${prefix}${name}`, address: `10.77.0.${11 + index}` });
      run("ip", "-n", host.namespace, "address", "add", METADATA_ADDRESS, "dev", "lo");
      return host;
    }),
  };
}

function addHost(bridge: string, port: string, host: Host): Host {
  const { namespace, address } = host;
  run("ip", "netns", "add", namespace);
  run("ip", "-n", namespace, "link", "set", "lo", "up");
  const peer = ["peer", "name", "eth0", "netns", namespace];
  run("ip", "-n", bridge, "link", "add", port, "type", "veth", ...peer);
  run("ip", "-n", bridge, "link", "set", port, "master", "bridge", "up");
  run("ip", "-n", namespace, "address", "add", `${address}/${PREFIX_LENGTH}`, "dev", "eth0");
  run("ip", "-n", namespace, "link", "set", "eth0", "up");
  return host;
}

/** The start of a command line that runs a program in the namespace. `ip netns exec` would hide the cgroups. */
export function inNamespace({ namespace }: Host): readonly [string, string] {
  return ["nsenter", `--net=/var/run/netns/${namespace}`];
}
