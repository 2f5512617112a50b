import { parseToken } from "../protocol/join-token.js";
import { WorkerVariable } from "../protocol/worker-variables.js";
import { parseAddress } from "../util/address.js";

export interface WorkerEnvironment {
  readonly rendezvous: { readonly host: string; readonly port: number };
  readonly tokenId: string;
  readonly tokenSecret: Uint8Array;
  readonly launchedId: string | undefined;
  readonly bindHost: string | undefined;
  readonly advertiseHost: string | undefined;
  readonly projectRoot: string | undefined;
  readonly dialMs: number;
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
    advertiseHost: env[WorkerVariable.advertiseHost],
    projectRoot: env[WorkerVariable.projectRoot],
    dialMs,
  };
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
