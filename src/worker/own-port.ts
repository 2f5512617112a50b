import { randomInt } from "node:crypto";
import { listenInRange } from "../transport/listen-in-range.js";
import type { Connection, Listener, Transport } from "../transport/transport.js";
import {
  addressCandidates,
  NOT_DIALLED,
  wantsInstanceAddress,
  type AddressCandidates,
  type Whereabouts,
} from "./address-candidates.js";
import type { WorkerEnvironment } from "./worker-environment.js";

/** What the platform says of a worker's network. */
export type PlatformNetwork = Pick<
  Whereabouts,
  "networkMode" | "ownAddresses" | "instanceAddress" | "mappedPorts"
>;

/** Opens the port at which others dial a worker; undefined if nobody shall. */
export async function openPort(
  transport: Transport,
  { networkMode, bindHost, ports }: WorkerEnvironment,
  localHost: string,
  accept: (connection: Connection) => void,
): Promise<Listener | undefined> {
  if (networkMode === "reverse") return undefined;
  return listenInRange(transport, { host: bindHost ?? localHost, ports, start: randomInt(65_536), accept });
}

export interface Surroundings {
  readonly environment: WorkerEnvironment;
  readonly network: PlatformNetwork;
  /** The local end of the connection that reached the manager. */
  readonly localHost: string;
  readonly instanceAddress: () => Promise<string | undefined>;
}

/** Where others dial a worker that listens on this port, or on none. */
export async function placeOf(
  port: number | undefined,
  { environment, network, localHost, instanceAddress }: Surroundings,
): Promise<AddressCandidates> {
  if (port === undefined) return NOT_DIALLED;
  const { networkMode = network.networkMode, advertiseHost } = environment;
  const where: Whereabouts = { ...network, networkMode, advertiseHost, localHost, port };
  if (!wantsInstanceAddress(where)) return addressCandidates(where);
  return addressCandidates({ ...where, instanceAddress: await instanceAddress() });
}
