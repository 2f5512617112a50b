import { once } from "node:events";
import { BlockList, connect, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import type { RendezvousAddress } from "../../cluster/cluster-manager.js";
import { engineAddress, type Docker } from "../../docker/docker-engine.js";
import type { CheckedDockerOptions } from "./docker-options.js";

/** How long the engine's machine may take to answer. */
const DIAL_MS = 5_000;

/** Where the rendezvous of a launch listens, and where the containers find it. */
export async function dockerRendezvous(
  engine: Docker,
  { rendezvous, network }: CheckedDockerOptions,
  signal: AbortSignal,
): Promise<RendezvousAddress> {
  const found = rendezvous.host ?? process.env["ROLLCALL_ADVERTISE_HOST"];
  const advertiseHost =
    found === undefined || found === "" ? await ownAddress(engine, network, signal) : found;
  const isOwn = found === undefined || found === "";
  const bindHost =
    rendezvous.bindHost ?? (isOwn ? advertiseHost : advertiseHost.includes(":") ? "::" : "0.0.0.0");
  const { port } = rendezvous;
  return { bindHost, advertiseHost, ...(port === undefined ? {} : { port }) };
}

async function ownAddress(engine: Docker, network: string, signal: AbortSignal): Promise<string> {
  const { socketPath, host, port } = engineAddress(engine);
  if (socketPath === undefined) return localEnd(String(host), Number(port), signal);
  return network === "host" ? "127.0.0.1" : addressOn(engine, network);
}

/**
 * An own address on the network, which a container has; else the one of the engine's machine, which is the network's
 * gateway. Its interface does not count as one of ours for as long as no container is there.
 */
async function addressOn(engine: Docker, network: string): Promise<string> {
  const { IPAM } = await engine.getNetwork(network).inspect();
  const ranges = IPAM?.Config ?? [];
  for (const { Subnet } of ranges) {
    const own = Subnet === undefined ? undefined : ownAddressIn(Subnet);
    if (own !== undefined) return own;
  }
  for (const { Gateway, Subnet } of ranges) {
    const gateway = Gateway ?? firstAddress(Subnet);
    if (gateway !== undefined) return gateway;
  }
  throw new Error(
    `the Docker network ${network} has no gateway through which its containers could reach this process; set ` +
      `rendezvous.host of DockerManager to an address that they can reach`,
  );
}

function ownAddressIn(subnet: string): string | undefined {
  const [start = "", prefix = ""] = subnet.split("/");
  const addresses = new BlockList();
  addresses.addSubnet(start, Number(prefix), isIPv6(start) ? "ipv6" : "ipv4");
  return Object.values(networkInterfaces())
    .flatMap((own) => own ?? [])
    .map(({ address }) => address)
    .find((address) => addresses.check(address, isIPv6(address) ? "ipv6" : "ipv4"));
}

/** What Docker takes as the gateway of an IPv4 network where none is given. */
function firstAddress(subnet: string | undefined): string | undefined {
  const match = /^(\d+\.\d+\.\d+\.)(\d+)\//.exec(subnet ?? "");
  return match === null ? undefined : `${match[1]}${Number(match[2]) + 1}`;
}

/** Our own address as the engine's machine sees it, where no NAT is between. */
async function localEnd(host: string, port: number, signal: AbortSignal): Promise<string> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect", { signal: AbortSignal.any([signal, AbortSignal.timeout(DIAL_MS)]) });
    return socket.localAddress!;
  } finally {
    socket.destroy();
  }
}
