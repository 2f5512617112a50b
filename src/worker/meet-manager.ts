import { randomBytes } from "node:crypto";
import { ConnectionClosedError, RollcallError } from "../errors.js";
import { NONCE_SIZE } from "../protocol/handshake.js";
import { DEFAULT_MAX_MESSAGE } from "../protocol/limits.js";
import { dialHandshake, type AuthenticatedConnection, type DiallerSide } from "../rpc/handshake-exchange.js";
import type { Connection, Transport } from "../transport/transport.js";
import { formatAddress } from "../util/address.js";
import { delay, TimeLimitError, withTimeLimit } from "../util/time-limit.js";
import type { WorkerEnvironment } from "./worker-environment.js";

/** By which a worker proves itself at the rendezvous, and for what. */
export type Credentials = Pick<DiallerSide, "purpose" | "keyId" | "secret">;

const HANDSHAKE_MS = 10_000;
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2_000;

/**
 * Dials the rendezvous until somebody answers there, for as long as the environment allows: the manager may be a moment from
 * listening, or the network a moment from working.
 */
export function meetManager(
  transport: Transport,
  { rendezvous: { host, port }, dialMs }: Pick<WorkerEnvironment, "rendezvous" | "dialMs">,
  credentials: Credentials,
  closing: AbortSignal,
): Promise<AuthenticatedConnection> {
  const message = `nobody answered at the rendezvous ${formatAddress(host, port)}`;
  return withTimeLimit(dialMs, message, closing, async (signal) => {
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(2 * retryMs, LONGEST_RETRY_MS)) {
      try {
        return await prove(await transport.dial({ host, port, signal }), credentials, signal);
      } catch (error) {
        // On the manager's own machine a refusal is an answer: its port is closed, so it is gone.
        const isRefused = (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
        if (signal.aborted || (isRefused && isLoopback(host)) || isAnswer(error)) throw error;
        await delay(retryMs, signal);
      }
    }
  });
}

function prove(
  connection: Connection,
  credentials: Credentials,
  limit: AbortSignal,
): Promise<AuthenticatedConnection> {
  return withTimeLimit(HANDSHAKE_MS, "the manager did not finish the handshake", limit, (signal) =>
    dialHandshake(connection, {
      ...credentials,
      nonce: randomBytes(NONCE_SIZE),
      maxMessageBytes: DEFAULT_MAX_MESSAGE,
      signal,
    }),
  );
}

/** Whoever listens at the rendezvous has said, or shown, that it is not our manager: to ask again is of no use. */
function isAnswer(error: unknown): boolean {
  if (error instanceof TimeLimitError) return true;
  return error instanceof RollcallError && !(error instanceof ConnectionClosedError);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
