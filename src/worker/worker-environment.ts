import { parseToken } from "../protocol/join-token.js";
import { NETWORK_MODES, WorkerVariable, type NetworkMode } from "../protocol/worker-variables.js";
import { parseAddress } from "../util/address.js";
import { ANY_PORT, parsePortRange, type PortRange } from "../util/port-range.js";
import { instanceMetadataUrl } from "./instance-metadata.js";
import type { ContainerMetadata } from "./container-metadata.js";

export interface WorkerEnvironment {
  readonly rendezvous: { readonly host: string; readonly port: number };
  readonly tokenId: string;
  readonly tokenSecret: Uint8Array;
  readonly launchedId: string | undefined;
  readonly bindHost: string | undefined;
  readonly ports: PortRange;
  readonly networkMode: NetworkMode | undefined;
  readonly advertiseHost: string | undefined;
  readonly projectRoot: string | undefined;
  readonly dialMs: number;
  /** The instance metadata service in which to look for a Spot notice; undefined: nowhere. */
  readonly spotMetadataUrl: string | undefined;
  /** Which of the workers of its container it is, and of how many; undefined if it is alone there. */
  readonly place: WorkerPlace | undefined;
  /** What the platform says of its container, if that is known already. */
  readonly container: ContainerMetadata | undefined;
}

export interface WorkerPlace {
  /** From 1 on. */
  readonly slot: number;
  readonly slots: number;
}

const DEFAULT_DIAL_MS = 30_000;

/** Throws a `TypeError` that names the variable. Never puts the token into a message. */
export function readWorkerEnvironment(env: Readonly<Record<string, string | undefined>>): WorkerEnvironment {
  const rendezvous = required(env, WorkerVariable.rendezvous);
  const token = parseToken(required(env, WorkerVariable.token));
  if (token === undefined) {
    throw new TypeError(`${WorkerVariable.token} is malformed; it must be what the manager wrote, unchanged`);
  }
  const dialMs = Number(env[WorkerVariable.dialMs] ?? DEFAULT_DIAL_MS);
  if (!(dialMs > 0)) {
    throw new TypeError(
      `${WorkerVariable.dialMs}="${env[WorkerVariable.dialMs]}" is not a number of milliseconds`,
    );
  }
  return {
    rendezvous: parseAddress(rendezvous),
    tokenId: token.id,
    tokenSecret: token.secret,
    launchedId: env[WorkerVariable.launchedId],
    bindHost: env[WorkerVariable.bindHost],
    ports: ports(env[WorkerVariable.port]),
    networkMode: networkMode(env[WorkerVariable.networkMode]),
    advertiseHost: env[WorkerVariable.advertiseHost],
    projectRoot: env[WorkerVariable.projectRoot],
    dialMs,
    spotMetadataUrl: spotMetadataUrl(env),
    place: place(env[WorkerVariable.slot], env[WorkerVariable.slots]),
    container: container(env[WorkerVariable.container]),
  };
}

/** Only ECS says that a task is on EC2 (developer guide, "Environment variables" of a task); elsewhere it must be told. */
function spotMetadataUrl(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const wanted = env[WorkerVariable.watchSpot] ?? (env["AWS_EXECUTION_ENV"] === "AWS_ECS_EC2" ? "yes" : "no");
  if (wanted === "yes") return instanceMetadataUrl(env);
  if (wanted === "no") return undefined;
  throw new TypeError(`${WorkerVariable.watchSpot}="${wanted}" is neither yes nor no`);
}

function place(slot: string | undefined, slots: string | undefined): WorkerPlace | undefined {
  if (slot === undefined) return undefined;
  const found = { slot: Number(slot), slots: Number(slots) };
  const isOne = Number.isInteger(found.slot) && Number.isInteger(found.slots);
  if (isOne && found.slot >= 1 && found.slot <= found.slots) return found;
  throw new TypeError(
    `${WorkerVariable.slot}="${slot}" of ${WorkerVariable.slots}="${slots}" is no place among workers; ` +
      `${WorkerVariable.workers} sets both`,
  );
}

function container(value: string | undefined): ContainerMetadata | undefined {
  return value === undefined ? undefined : (JSON.parse(value) as ContainerMetadata);
}

function ports(value: string | undefined): PortRange {
  if (value === undefined) return ANY_PORT;
  const range = parsePortRange(value);
  if (range !== undefined) return range;
  throw new TypeError(`${WorkerVariable.port}="${value}" is neither a port nor a range such as 7000-7099`);
}

function networkMode(value: string | undefined): NetworkMode | undefined {
  const mode = NETWORK_MODES.find((known) => known === value);
  if (value === undefined || mode !== undefined) return mode;
  throw new TypeError(
    `${WorkerVariable.networkMode}="${value}" is none of ${NETWORK_MODES.join(", ")}; leave it out to let the worker see`,
  );
}

function required(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name];
  if (value === undefined || value === "") {
    throw new TypeError(
      `${name} is not set. A worker is started by a cluster manager, which sets it; it is not started by hand`,
    );
  }
  return value;
}
