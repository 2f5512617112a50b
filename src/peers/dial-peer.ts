import { randomBytes } from "node:crypto";
import { NONCE_SIZE } from "../protocol/handshake.js";
import { dialHandshake, type AuthenticatedConnection, type DiallerSide } from "../rpc/handshake-exchange.js";
import type { Transport } from "../transport/transport.js";
import { formatAddress } from "../util/address.js";
import { withTimeLimit } from "../util/time-limit.js";

export interface PeerAddress {
  readonly hosts: readonly string[];
  /** 0: it cannot be dialled. */
  readonly port: number;
}

/** Workers of a cluster are near each other; packets that nobody answers are dropped on purpose. */
const CONNECT_MS = 2_000;
/** A peer that computes at this moment answers when it is done. */
const HANDSHAKE_MS = 30_000;

/** Connects to a worker at the first of its addresses that answers. Rejects with an error that names all that was tried. */
export async function dialPeer(
  transport: Transport,
  address: PeerAddress | undefined,
  proof: Pick<DiallerSide, "purpose" | "keyId" | "secret">,
  maxMessageBytes: number,
  signal: AbortSignal,
): Promise<AuthenticatedConnection> {
  if (address === undefined || address.port === 0) throw new Error("it cannot be dialled");
  const { hosts, port } = address;
  const tried: string[] = [];
  for (const host of hosts) {
    try {
      const connection = await withTimeLimit(CONNECT_MS, "no answer", signal, (limit) =>
        transport.dial({ host, port, signal: limit }),
      );
      return await withTimeLimit(HANDSHAKE_MS, "no handshake", signal, (limit) =>
        dialHandshake(connection, {
          ...proof,
          nonce: randomBytes(NONCE_SIZE),
          maxMessageBytes,
          signal: limit,
        }),
      );
    } catch (error) {
      signal.throwIfAborted();
      tried.push(`${formatAddress(host, port)} (${(error as Error).message})`);
    }
  }
  throw new Error(`no connection at ${tried.join(", ")}`);
}
