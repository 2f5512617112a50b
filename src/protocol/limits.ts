/** What one end accepts from the other. Limits are the receiver's own; the peer is not asked. */
export interface ProtocolLimits {
  /** Bytes of one frame's payload. */
  readonly maxFrame: number;
  /** Bytes of one message, its segments included. */
  readonly maxMessage: number;
  /** Messages with segments that may be under way at once. */
  readonly maxTransfers: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** Payloads above this leave the frame and travel in chunks, so that they do not hold up small messages. */
export const INLINE_LIMIT = 64 * KiB;

/** One chunk; a small message waits for at most the few chunks that are already in the socket's queue. */
export const CHUNK_SIZE = 1024 * KiB;

/** Until the peer has proved itself: enough for every set-up message, too little to hurt. */
export const unauthenticatedLimits: ProtocolLimits = { maxFrame: 512, maxMessage: 512, maxTransfers: 0 };

/** Default size limit of one message, 1 GiB: a guard against mistakes, not a quota. */
export const DEFAULT_MAX_MESSAGE = 1024 * MiB;

export function authenticatedLimits(maxMessage: number = DEFAULT_MAX_MESSAGE): ProtocolLimits {
  return { maxFrame: Math.max(INLINE_LIMIT, CHUNK_SIZE) + 4 * KiB, maxMessage, maxTransfers: 1024 };
}
