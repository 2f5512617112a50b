import { randomBytes } from "node:crypto";
import { ConnectionPurpose, NONCE_SIZE } from "../protocol/handshake.js";
import { dialHandshake, type AuthenticatedConnection } from "../rpc/handshake-exchange.js";
import type { Transport } from "../transport/transport.js";
import { formatAddress } from "../util/address.js";
import { withTimeLimit } from "../util/time-limit.js";
import type { Arrival } from "./rendezvous.js";
import type { WorkerInfo } from "./worker-info.js";

/** One address is tried for this long before the next one is. */
const DIAL_MS = 5_000;
/** From the request to dial back until the worker has done so. */
const DIAL_BACK_MS = 10_000;

/** Where, and how, a worker was reached. */
export type Place = Pick<WorkerInfo, "host" | "port" | "reachedBy">;

export interface ReachOptions {
  readonly transport: Transport;
  readonly maxMessageBytes: number;
  readonly dialBack: (signal: AbortSignal) => Promise<AuthenticatedConnection>;
  readonly signal: AbortSignal;
}

/**
 * Makes the data connection to a worker that has reported in: to the first of its addresses that answers, then to the
 * one it was seen from, and if none does, by asking the worker to open it. A worker that says that it cannot be dialled is asked at once.
 */
export async function reachWorker(
  arrival: Arrival,
  options: ReachOptions,
): Promise<Place & { readonly peer: AuthenticatedConnection }> {
  const { hosts, port } = arrival.report;
  // The address it came from is what a worker behind an unusual network cannot know itself.
  const candidates = port === 0 ? [] : [...new Set([...hosts, arrival.remoteHost])];
  const tried: string[] = [];
  for (const host of candidates) {
    try {
      return { peer: await dial(host, arrival, options), host, port, reachedBy: "dial" };
    } catch (error) {
      options.signal.throwIfAborted();
      tried.push(`${formatAddress(host, port)} (${(error as Error).message})`);
    }
  }
  try {
    const peer = await withTimeLimit(DIAL_BACK_MS, "it did not", options.signal, options.dialBack);
    return { peer, host: arrival.remoteHost, port: 0, reachedBy: "reverse" };
  } catch (error) {
    options.signal.throwIfAborted();
    const there = tried.length === 0 ? "it said that it cannot be dialled" : `tried ${tried.join(", ")}`;
    throw new Error(
      `the worker reported in, but the manager could not connect to it: ${there}; asked to connect by itself ` +
        (error as Error).message,
      { cause: error },
    );
  }
}

function dial(
  host: string,
  { report: { port }, keyId, key }: Arrival,
  { transport, maxMessageBytes, signal }: ReachOptions,
): Promise<AuthenticatedConnection> {
  return withTimeLimit(DIAL_MS, "no answer", signal, async (limit) =>
    dialHandshake(await transport.dial({ host, port, signal: limit }), {
      purpose: ConnectionPurpose.data,
      keyId,
      secret: key,
      nonce: randomBytes(NONCE_SIZE),
      maxMessageBytes,
      signal: limit,
    }),
  );
}
