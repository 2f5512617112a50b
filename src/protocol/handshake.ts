import { createHmac, timingSafeEqual } from "node:crypto";
import { HandshakeError } from "../errors.js";

/**
 * How two processes convince each other that both know a secret, before either trusts the other with anything:
 *
 *     dialler                                   acceptor
 *     hello     versions, purpose, key id, nonce →
 *                                              ← challenge  version, nonce, proof of the acceptor
 *     proof     proof of the dialler           →
 *                                              ← welcome, or reject with a code
 *
 * A proof is HMAC-SHA256(secret, side ‖ hello ‖ version ‖ the acceptor's nonce): it covers both nonces, the purpose
 * and who is who, so that it can be neither replayed nor reflected. The secret never crosses the wire. Everything
 * here is pure: nonces come in as arguments.
 */
export const PROTOCOL_VERSIONS = { oldest: 1, newest: 1 } as const;

export const NONCE_SIZE = 32;
const PROOF_SIZE = 32;
const MAGIC = Buffer.from("RLCL", "latin1");
const MAX_KEY_ID = 64;

/** What a connection is for. Numbers on the wire; only ever appended. */
export const ConnectionPurpose = {
  /** A new worker reports in, at the rendezvous, with a join token. */
  report: 1,
  /** A member's control thread takes over the control channel, at the rendezvous. */
  control: 2,
  /** The manager opens a data connection to a worker; or a worker that was asked to (`dialBack`) opens one to the rendezvous. */
  data: 3,
  /** A worker opens a data connection to another one, to which the manager has introduced it. */
  peer: 4,
} as const;
export type ConnectionPurpose = (typeof ConnectionPurpose)[keyof typeof ConnectionPurpose];

export interface Hello {
  readonly oldest: number;
  readonly newest: number;
  readonly purpose: ConnectionPurpose;
  /** Names the secret that both should know; not secret itself. 1 to 64 ASCII characters. */
  readonly keyId: string;
  readonly nonce: Uint8Array;
}

export interface Challenge {
  readonly version: number;
  readonly nonce: Uint8Array;
  readonly proof: Uint8Array;
}

type Side = "dialler" | "acceptor";

/** Layout: magic 4, oldest u16, newest u16, purpose u8, key id length u8, nonce 32, key id. */
export function encodeHello(hello: Hello): Uint8Array {
  const keyId = Buffer.from(hello.keyId, "latin1");
  const bytes = Buffer.alloc(10 + NONCE_SIZE + keyId.length);
  MAGIC.copy(bytes, 0);
  bytes.writeUInt16LE(hello.oldest, 4);
  bytes.writeUInt16LE(hello.newest, 6);
  bytes[8] = hello.purpose;
  bytes[9] = keyId.length;
  bytes.set(hello.nonce, 10);
  bytes.set(keyId, 10 + NONCE_SIZE);
  return bytes;
}

export function decodeHello(bytes: Uint8Array): Hello {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.length < 10 + NONCE_SIZE || !view.subarray(0, 4).equals(MAGIC)) {
    throw new HandshakeError("ERR_HANDSHAKE_PEER", "the other end does not speak Rollcall");
  }
  const keyIdLength = view[9]!;
  const purpose = view[8]!;
  if (keyIdLength < 1 || keyIdLength > MAX_KEY_ID || view.length !== 10 + NONCE_SIZE + keyIdLength) {
    throw new HandshakeError("ERR_HANDSHAKE_PEER", "the other end sent a malformed hello");
  }
  if (!isPurpose(purpose)) {
    throw new HandshakeError(
      "ERR_HANDSHAKE_PEER",
      `the other end wants a connection of unknown purpose ${purpose}`,
    );
  }
  return {
    oldest: view.readUInt16LE(4),
    newest: view.readUInt16LE(6),
    purpose,
    keyId: view.toString("latin1", 10 + NONCE_SIZE),
    nonce: new Uint8Array(view.subarray(10, 10 + NONCE_SIZE)),
  };
}

function isPurpose(value: number): value is ConnectionPurpose {
  return Object.values<number>(ConnectionPurpose).includes(value);
}

/** The newest version that both ends speak. */
export function chooseVersion(hello: Pick<Hello, "oldest" | "newest">): number {
  const version = Math.min(hello.newest, PROTOCOL_VERSIONS.newest);
  if (version < Math.max(hello.oldest, PROTOCOL_VERSIONS.oldest)) {
    throw new HandshakeError(
      "ERR_HANDSHAKE_VERSION",
      `the other end speaks protocol versions ${hello.oldest} to ${hello.newest}, this one ` +
        `${PROTOCOL_VERSIONS.oldest} to ${PROTOCOL_VERSIONS.newest}; use the same Rollcall release on both`,
    );
  }
  return version;
}

/** Layout: version u16, nonce 32, proof 32. */
export function encodeChallenge(challenge: Challenge): Uint8Array {
  const bytes = Buffer.alloc(2 + NONCE_SIZE + PROOF_SIZE);
  bytes.writeUInt16LE(challenge.version, 0);
  bytes.set(challenge.nonce, 2);
  bytes.set(challenge.proof, 2 + NONCE_SIZE);
  return bytes;
}

export function decodeChallenge(bytes: Uint8Array): Challenge {
  if (bytes.length !== 2 + NONCE_SIZE + PROOF_SIZE) {
    throw new HandshakeError("ERR_HANDSHAKE_PEER", "the other end sent a malformed challenge");
  }
  return {
    version: bytes[0]! | (bytes[1]! << 8),
    nonce: new Uint8Array(bytes.subarray(2, 2 + NONCE_SIZE)),
    proof: new Uint8Array(bytes.subarray(2 + NONCE_SIZE)),
  };
}

/** What both proofs and the derived key are about: everything said so far, in order. */
export function transcript(hello: Hello, challenge: Pick<Challenge, "version" | "nonce">): Uint8Array {
  return Buffer.concat([
    encodeHello(hello),
    Buffer.from([challenge.version, challenge.version >>> 8]),
    challenge.nonce,
  ]);
}

export function prove(secret: Uint8Array, side: Side, said: Uint8Array): Uint8Array {
  return createHmac("sha256", secret).update(`rollcall ${side}\0`).update(said).digest();
}

/** Compares in constant time. */
export function isProof(secret: Uint8Array, side: Side, said: Uint8Array, proof: Uint8Array): boolean {
  const expected = prove(secret, side, said);
  return proof.length === expected.length && timingSafeEqual(proof, expected);
}

/** A secret that only the two ends of this very handshake know. */
export function deriveKey(secret: Uint8Array, said: Uint8Array): Uint8Array {
  return createHmac("sha256", secret).update("rollcall key\0").update(said).digest();
}

/** A public name for a secret; tells nothing about it. */
export function keyIdOf(secret: Uint8Array): string {
  return createHmac("sha256", secret).update("rollcall key id\0").digest("hex").slice(0, 32);
}

/** Why an acceptor turns a dialler away; the code stands in `aux` of the reject message. Only ever appended. */
export const RejectCode = {
  /** The key id names no secret known here, or one that is used up or expired. */
  unknownKey: 1,
  wrongProof: 2,
  version: 3,
  /** The launch that this worker belongs to is over. It should exit, without an error. */
  launchOver: 4,
  malformed: 5,
} as const;
export type RejectCode = (typeof RejectCode)[keyof typeof RejectCode];
