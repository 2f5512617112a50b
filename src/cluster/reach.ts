import { randomBytes } from "node:crypto";
import { ConnectionPurpose, NONCE_SIZE } from "../protocol/handshake.js";
import { dialHandshake, type AuthenticatedConnection } from "../rpc/handshake-exchange.js";
import type { Transport } from "../transport/transport.js";
import { formatAddress } from "../util/address.js";
import { abortable, withTimeLimit } from "../util/time-limit.js";
import type { Arrival } from "./rendezvous.js";
import type { WorkerInfo } from "./worker-info.js";

/** One address is given up after this long. */
const DIAL_MS = 5_000;
/** Ahead of the next address. One that is going to answer has done so by then, mostly. */
const HEAD_START_MS = 1_000;
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

export interface Reached extends Place {
  readonly peer: AuthenticatedConnection;
}

/**
 * Makes the data connection to a worker that has reported in: to the first of its addresses that answers, the one it was
 * seen from being the last of them, and if none does, by asking the worker to open it. A worker that says that it cannot be
 * dialled is asked at once.
 */
export async function reachWorker(arrival: Arrival, options: ReachOptions): Promise<Reached> {
  const { hosts, port } = arrival.report;
  // The address it came from is what a worker behind an unusual network cannot know itself.
  const candidates = port === 0 ? [] : [...new Set([...hosts, arrival.remoteHost])];
  const { reached, failures } = await dialFirst(candidates, arrival, options);
  if (reached !== undefined) return reached;
  try {
    const peer = await withTimeLimit(DIAL_BACK_MS, "it did not", options.signal, options.dialBack);
    return { peer, host: arrival.remoteHost, port: 0, reachedBy: "reverse" };
  } catch (error) {
    options.signal.throwIfAborted();
    const there =
      failures.length === 0 ? "it said that it cannot be dialled" : `tried ${failures.join(", ")}`;
    throw new Error(
      `the worker reported in, but the manager could not connect to it: ${there}; asked to connect by itself ` +
        (error as Error).message,
      { cause: error },
    );
  }
}

/**
 * Dials in order, and the next one as soon as the one before has failed or let its head start pass. Only one connection
 * is left in the end.
 */
async function dialFirst(
  hosts: readonly string[],
  arrival: Arrival,
  options: ReachOptions,
): Promise<{ readonly reached: Reached | undefined; readonly failures: readonly string[] }> {
  const { port } = arrival.report;
  const decided = new AbortController();
  const signal = AbortSignal.any([options.signal, decided.signal]);
  const failures: string[] = [];
  let reached: Reached | undefined;
  const attempt = async (host: string): Promise<void> => {
    try {
      const peer = await dial(host, arrival, { ...options, signal });
      if (reached !== undefined) return peer.connection.destroy();
      reached = { peer, host, port, reachedBy: "dial" };
      decided.abort(new Error("another address has answered"));
    } catch (error) {
      failures.push(`${formatAddress(host, port)} (${(error as Error).message})`);
    }
  };
  const attempts: Promise<void>[] = [];
  for (const host of hosts) {
    const running = attempt(host);
    attempts.push(running);
    await headStart(running, signal);
    if (signal.aborted) break;
  }
  await Promise.all(attempts);
  if (reached === undefined) options.signal.throwIfAborted();
  return { reached, failures };
}

/** Never rejects. */
async function headStart(running: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await withTimeLimit(HEAD_START_MS, "no answer", signal, (limit) => abortable(running, limit));
  } catch {
    // It has had its time, or all is decided.
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
