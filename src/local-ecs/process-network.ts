import type { ContainerSpec, LaunchedContainer } from "./launcher.js";
import type { ContainerNetwork } from "./state.js";

/** How a process is reached that stands for a container. */
export type ProcessNetwork = Pick<LaunchedContainer, "networkBindings" | "network">;

/** In mode `awsvpc` all containers of a task have one address, which is a loopback one: on Linux all of 127.0.0.0/8 is there. */
export function processNetwork({ networkMode, portMappings, taskId }: ContainerSpec): ProcessNetwork {
  return networkMode === "awsvpc"
    ? { networkBindings: [], network: loopbackNetwork(taskId) }
    : // The network is shared, so a declared port is reachable under its own number.
      { networkBindings: portMappings.map((mapping) => ({ ...mapping, bindIP: "0.0.0.0" })) };
}

/** Far from the addresses that people use by hand, and almost surely no other task's: ids are random. */
function loopbackNetwork(taskId: string): ContainerNetwork {
  const octet = (index: number): number => Number.parseInt(taskId.slice(2 * index, 2 * index + 2), 16);
  const macAddress = ["02", "7f", "00", ...[0, 1, 2].map((index) => taskId.slice(2 * index, 2 * index + 2))];
  return {
    address: `127.${64 + (octet(0) % 128)}.${octet(1)}.${1 + (octet(2) % 254)}`,
    prefixLength: 8,
    gateway: "",
    macAddress: macAddress.join(":"),
  };
}
