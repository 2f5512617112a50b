import type { NetworkMode } from "../protocol/worker-variables.js";
import { isLinkLocal, type MappedPort } from "./container-metadata.js";

/** What a worker knows of the place that it is in. */
export interface Whereabouts {
  /** Undefined where nobody says; then the worker is taken to share its machine's network. */
  readonly networkMode: string | undefined;
  /** Set by whoever started the worker. */
  readonly advertiseHost: string | undefined;
  /** The platform's addresses for this worker alone. */
  readonly ownAddresses: readonly string[];
  readonly instanceAddress: string | undefined;
  readonly mappedPorts: readonly MappedPort[];
  /** The local end of the connection that reached the manager. */
  readonly localHost: string;
  /** The port that the worker listens on. */
  readonly port: number;
}

export interface AddressCandidates {
  readonly hosts: readonly string[];
  /** 0: it cannot be dialled. */
  readonly port: number;
}

/** A worker that opens every connection itself. */
export const NOT_DIALLED: AddressCandidates = { hosts: [], port: 0 };

/** Whether the instance's address, which takes a request to learn, would be of use. */
export function wantsInstanceAddress(where: Whereabouts): boolean {
  if (where.instanceAddress !== undefined || where.advertiseHost !== undefined) return false;
  if (where.networkMode === ("bridge" satisfies NetworkMode)) return mappedPort(where) !== undefined;
  return where.ownAddresses.length === 0 && isLinkLocal(where.localHost);
}

/**
 * Under which addresses others may reach a worker, the best first: what was set; the task's own address; in `bridge` the
 * instance's with the mapped port; otherwise the local end of the connection that reached the manager, which is right
 * wherever no address is translated on the way. The manager adds the address that it saw itself.
 */
export function addressCandidates(where: Whereabouts): AddressCandidates {
  const { advertiseHost, ownAddresses, instanceAddress, localHost, port } = where;
  if (where.networkMode === ("bridge" satisfies NetworkMode)) {
    // The container's own address and port mean nothing outside of its instance.
    const mapped = mappedPort(where);
    return mapped === undefined
      ? NOT_DIALLED
      : { hosts: distinct([advertiseHost, instanceAddress]), port: mapped };
  }
  const localEnd = isLinkLocal(localHost) ? undefined : localHost;
  return { hosts: distinct([advertiseHost, ...ownAddresses, localEnd, instanceAddress]), port };
}

function mappedPort({ mappedPorts, port }: Whereabouts): number | undefined {
  return mappedPorts.find(({ containerPort }) => containerPort === port)?.hostPort;
}

function distinct(hosts: readonly (string | undefined)[]): string[] {
  return [...new Set(hosts.filter((host) => host !== undefined))];
}
