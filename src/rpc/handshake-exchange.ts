import { ConnectionClosedError, HandshakeError, ProtocolError } from "../errors.js";
import {
  chooseVersion,
  decodeChallenge,
  decodeHello,
  deriveKey,
  encodeChallenge,
  encodeHello,
  isProof,
  PROTOCOL_VERSIONS,
  prove,
  RejectCode,
  transcript,
  type ConnectionPurpose,
  type Hello,
} from "../protocol/handshake.js";
import { authenticatedLimits, unauthenticatedLimits } from "../protocol/limits.js";
import { bareMessage, MessageType, type Message } from "../protocol/message.js";
import type { Connection, ConnectionHandlers } from "../transport/transport.js";

/** A connection whose peer has proved itself. Nothing of it is read until somebody takes it over. */
export interface AuthenticatedConnection {
  readonly connection: Connection;
  readonly purpose: ConnectionPurpose;
  readonly keyId: string;
  /** A secret of these two ends alone. */
  readonly key: Uint8Array;
  /** Names who is told of its messages from now on; what came in the meantime is told first, when this has returned. */
  takeOver(handlers: ConnectionHandlers): void;
}

export interface DiallerSide {
  readonly purpose: ConnectionPurpose;
  readonly keyId: string;
  readonly secret: Uint8Array;
  /** 32 random bytes, never used before. */
  readonly nonce: Uint8Array;
  readonly maxMessageBytes: number;
  readonly signal: AbortSignal;
}

export interface AcceptorSide {
  readonly nonce: Uint8Array;
  /** The secret that the hello names, or why there is none. */
  readonly secretOf: (hello: Hello) => Uint8Array | Refusal;
  readonly maxMessageBytes: number;
  readonly signal: AbortSignal;
}

export interface Refusal {
  readonly code: RejectCode;
  readonly message: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Runs the dialler's side. Rejects with a `HandshakeError`, the signal's reason, or why the connection ended. */
export function dialHandshake(connection: Connection, side: DiallerSide): Promise<AuthenticatedConnection> {
  const { purpose, keyId, secret, nonce } = side;
  const hello: Hello = {
    oldest: PROTOCOL_VERSIONS.oldest,
    newest: PROTOCOL_VERSIONS.newest,
    purpose,
    keyId,
    nonce,
  };
  let said: Uint8Array | undefined;
  return exchange(
    connection,
    side,
    (message, conclude) => {
      if (message.type === MessageType.challenge && said === undefined) {
        const challenge = decodeChallenge(message.body);
        chooseVersion({ oldest: challenge.version, newest: challenge.version });
        said = transcript(hello, challenge);
        if (!isProof(secret, "acceptor", said, challenge.proof)) {
          throw refusal({
            code: RejectCode.wrongProof,
            message: `${connection.remote} does not know the secret that it should share with this process`,
          });
        }
        send(connection, MessageType.proof, prove(secret, "dialler", said));
      } else if (message.type === MessageType.welcome && said !== undefined) {
        conclude({ purpose, keyId, key: deriveKey(secret, said) });
      } else throw unexpected(message);
    },
    () => send(connection, MessageType.hello, encodeHello(hello)),
  );
}

/** Runs the acceptor's side. A stranger is told nothing but a code, and its connection is ended. */
export function acceptHandshake(
  connection: Connection,
  side: AcceptorSide,
): Promise<AuthenticatedConnection> {
  let said: Uint8Array | undefined;
  let hello: Hello | undefined;
  let secret: Uint8Array | undefined;
  return exchange(connection, side, (message, conclude) => {
    if (message.type === MessageType.hello && hello === undefined) {
      hello = decodeHello(message.body);
      const version = chooseVersion(hello);
      const found = side.secretOf(hello);
      if (!(found instanceof Uint8Array)) throw refusal(found);
      secret = found;
      said = transcript(hello, { version, nonce: side.nonce });
      const proof = prove(secret, "acceptor", said);
      send(connection, MessageType.challenge, encodeChallenge({ version, nonce: side.nonce, proof }));
    } else if (message.type === MessageType.proof && said !== undefined) {
      if (!isProof(secret!, "dialler", said, message.body)) {
        throw refusal({
          code: RejectCode.wrongProof,
          message: `${connection.remote} does not know the secret that it should share with this process`,
        });
      }
      send(connection, MessageType.welcome, new Uint8Array(0));
      conclude({ purpose: hello!.purpose, keyId: hello!.keyId, key: deriveKey(secret!, said) });
    } else throw unexpected(message);
  });
}

type Concluded = Pick<AuthenticatedConnection, "purpose" | "keyId" | "key">;

/** What both sides share: one message at a time until a conclusion, a refusal, an abort or the end. */
function exchange(
  connection: Connection,
  { signal, maxMessageBytes }: { readonly signal: AbortSignal; readonly maxMessageBytes: number },
  step: (message: Message, conclude: (concluded: Concluded) => void) => void,
  begin?: () => void,
): Promise<AuthenticatedConnection> {
  return new Promise((resolve, reject) => {
    const early: Message[] = [];
    let isOver = false;
    let ended: { reason: Error | undefined } | undefined;

    const fail = (error: Error): void => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener("abort", onAbort);
      connection.destroy(error);
      reject(error);
    };
    const onAbort = (): void => fail(signal.reason as Error);
    const conclude = (concluded: Concluded): void => {
      isOver = true;
      signal.removeEventListener("abort", onAbort);
      connection.setLimits(authenticatedLimits(maxMessageBytes));
      const takeOver = (handlers: ConnectionHandlers): void => {
        connection.setHandlers(handlers);
        if (early.length === 0 && ended === undefined) return;
        // Who takes over may be in the middle of its own construction.
        queueMicrotask(() => {
          try {
            for (const message of early.splice(0)) handlers.message(message);
          } catch (error) {
            connection.destroy(error as Error);
          }
          if (ended !== undefined) handlers.closed(ended.reason);
        });
      };
      resolve({ connection, ...concluded, takeOver });
    };

    connection.setLimits(unauthenticatedLimits);
    connection.setHandlers({
      message: (message) => {
        if (isOver) {
          early.push({ ...message, body: new Uint8Array(message.body) });
          return;
        }
        try {
          if (message.type === MessageType.reject) throw rejection(connection, message);
          step(message, conclude);
        } catch (error) {
          tellRefusal(connection, error as Error);
          fail(error as Error);
        }
      },
      drained: () => {},
      closed: (reason) => {
        ended = { reason };
        // Then it was this side that ended it: over bytes that are no Rollcall, or to make room.
        if (reason instanceof ProtocolError || reason instanceof HandshakeError) return fail(reason);
        fail(
          new ConnectionClosedError(`${connection.remote} ended the connection before it was set up`, {
            cause: reason,
          }),
        );
      },
    });
    if (signal.aborted) onAbort();
    else {
      signal.addEventListener("abort", onAbort, { once: true });
      begin?.();
    }
  });
}

function send(connection: Connection, type: number, body: Uint8Array): void {
  connection.send({ type, flags: 0, id: 0, aux: 0, body, segments: [] });
}

/** Tells the peer why, as far as it may know, while the connection still stands. */
function tellRefusal(connection: Connection, error: Error): void {
  if (!(error instanceof HandshakeError)) return;
  if (error instanceof RefusedHandshake && error.isTheirs) return;
  connection.send({
    ...bareMessage(MessageType.reject, 0, rejectCodeOf(error)),
    body: encoder.encode(error.message),
  });
  connection.flush();
}

class RefusedHandshake extends HandshakeError {
  constructor(
    readonly rejectCode: RejectCode,
    /** The peer refused us, rather than we the peer. */
    readonly isTheirs: boolean,
    message: string,
  ) {
    super(errorCodes[rejectCode], message);
  }
}

const errorCodes: Record<RejectCode, HandshakeError["code"]> = {
  [RejectCode.unknownKey]: "ERR_HANDSHAKE_TOKEN",
  [RejectCode.wrongProof]: "ERR_HANDSHAKE_SECRET",
  [RejectCode.version]: "ERR_HANDSHAKE_VERSION",
  [RejectCode.launchOver]: "ERR_HANDSHAKE_LAUNCH_OVER",
  [RejectCode.malformed]: "ERR_HANDSHAKE_PEER",
};

/** Bytes that could not be read and versions that do not match are found by the pure part, without a reject code. */
function rejectCodeOf(error: HandshakeError): RejectCode {
  if (error instanceof RefusedHandshake) return error.rejectCode;
  return error.code === "ERR_HANDSHAKE_VERSION" ? RejectCode.version : RejectCode.malformed;
}

function refusal({ code, message }: Refusal): HandshakeError {
  return new RefusedHandshake(code, false, message);
}

function rejection(connection: Connection, message: Message): HandshakeError {
  const isKnown = Object.values<number>(RejectCode).includes(message.aux);
  const code = isKnown ? (message.aux as RejectCode) : RejectCode.malformed;
  return new RefusedHandshake(code, true, `${connection.remote} refused: ${decoder.decode(message.body)}`);
}

function unexpected(message: Message): HandshakeError {
  return refusal({
    code: RejectCode.malformed,
    message: `message ${message.type} does not belong in a handshake`,
  });
}
