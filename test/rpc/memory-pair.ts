import { ConnectionPurpose } from "#dist/protocol/handshake.js";
import { DEFAULT_MAX_MESSAGE } from "#dist/protocol/limits.js";
import {
  acceptHandshake,
  dialHandshake,
  type AuthenticatedConnection,
} from "#dist/rpc/handshake-exchange.js";
import type { Connection, Transport } from "#dist/transport/transport.js";

export const never: AbortSignal = new AbortController().signal;
export const secret = new Uint8Array(32).fill(1);

export interface Pair {
  readonly near: Connection;
  readonly far: Connection;
}

/** Two ends of a new connection; its listener is closed already. */
export async function connect(transport: Transport, host = "127.0.0.1"): Promise<Pair> {
  let far: Connection | undefined;
  let accepted: () => void;
  const isAccepted = new Promise<void>((resolve) => (accepted = resolve));
  const listener = await transport.listen({
    host,
    port: 0,
    accept: (connection) => {
      far = connection;
      accepted();
    },
  });
  const near = await transport.dial({ host, port: listener.port, signal: never });
  await isAccepted;
  listener.close();
  return { near, far: far! };
}

/** Both ends of a connection whose handshake is over. */
export async function authenticate(
  { near, far }: Pair,
  maxMessageBytes = DEFAULT_MAX_MESSAGE,
): Promise<readonly [dialler: AuthenticatedConnection, acceptor: AuthenticatedConnection]> {
  const accepting = acceptHandshake(far, {
    nonce: new Uint8Array(32).fill(2),
    secretOf: () => secret,
    maxMessageBytes,
    signal: never,
  });
  const dialling = dialHandshake(near, {
    purpose: ConnectionPurpose.data,
    keyId: "key",
    secret,
    nonce: new Uint8Array(32).fill(3),
    maxMessageBytes,
    signal: never,
  });
  return Promise.all([dialling, accepting]);
}
