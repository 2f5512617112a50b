import { ProtocolError } from "../errors.js";
import { FrameFlag, HEADER_SIZE, readUint32, type FrameHeader } from "./frame.js";
import { IncomingTransfers } from "./incoming-transfers.js";
import type { ProtocolLimits } from "./limits.js";
import { MessageType, type Message } from "./message.js";

const noSegments: readonly Uint8Array[] = [];

/**
 * Bytes, however they were cut, to messages. Complete frames are read where they lie; only a frame that a cut runs
 * through is put together in memory of its own, and chunks go straight to the segment they belong to: a caller that
 * reads from a socket can ask for that place (`target`) and read into it without any copy.
 *
 * A violation of the protocol throws a `ProtocolError`; the decoder must not be used afterwards.
 */
export class FrameDecoder {
  readonly #deliver: (message: Message) => void;
  readonly #transfers = new IncomingTransfers();
  readonly #headerBytes = new Uint8Array(HEADER_SIZE);
  #headerFilled = 0;
  /** The frame being read, once its header is complete. */
  #header: FrameHeader | undefined;
  /** Where the payload of `#header` is being collected: a chunk's final place, or a buffer of its own. */
  #payload: Uint8Array | undefined;
  #payloadFilled = 0;

  /** May be replaced between messages, e.g. once the peer is authenticated. */
  limits: ProtocolLimits;

  constructor(limits: ProtocolLimits, deliver: (message: Message) => void) {
    this.limits = limits;
    this.#deliver = deliver;
  }

  /** Messages that are announced and not complete. */
  get transfersUnderWay(): number {
    return this.#transfers.size;
  }

  /**
   * The place of the bytes that come next, if it is worth reading them there directly (the rest of a chunk of at
   * least `worthwhile` bytes). What was read there is told with `advance`.
   */
  target(worthwhile: number): Uint8Array | undefined {
    if (this.#payload === undefined || this.#header!.type !== MessageType.chunk) return undefined;
    return this.#payload.length - this.#payloadFilled >= worthwhile
      ? this.#payload.subarray(this.#payloadFilled)
      : undefined;
  }

  /** Says that the next `count` bytes have been read into `target()`. */
  advance(count: number): void {
    this.#payloadFilled += count;
    if (this.#payloadFilled === this.#payload!.length) this.#frameComplete(this.#payload!);
  }

  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#header === undefined) {
        if (this.#headerFilled === 0 && bytes.length - at >= HEADER_SIZE) {
          this.#headerComplete(bytes, at);
          at += HEADER_SIZE;
        } else {
          at = this.#collectHeader(bytes, at);
          if (this.#header === undefined) return;
        }
        if (this.#payload === undefined) {
          const end = at + this.#header!.length;
          if (end <= bytes.length) {
            this.#frameComplete(bytes.subarray(at, end));
            at = end;
            continue;
          }
          this.#payload = new Uint8Array(this.#header!.length);
          this.#payloadFilled = 0;
        }
      }
      const payload = this.#payload!;
      const take = Math.min(payload.length - this.#payloadFilled, bytes.length - at);
      payload.set(bytes.subarray(at, at + take), this.#payloadFilled);
      at += take;
      this.advance(take);
    }
  }

  /** Drops everything that is not complete. */
  clear(): void {
    this.#transfers.clear();
    this.#header = undefined;
    this.#payload = undefined;
    this.#headerFilled = 0;
  }

  #collectHeader(bytes: Uint8Array, at: number): number {
    const take = Math.min(HEADER_SIZE - this.#headerFilled, bytes.length - at);
    this.#headerBytes.set(bytes.subarray(at, at + take), this.#headerFilled);
    this.#headerFilled += take;
    if (this.#headerFilled === HEADER_SIZE) {
      this.#headerFilled = 0;
      this.#headerComplete(this.#headerBytes, 0);
    }
    return at + take;
  }

  #headerComplete(bytes: Uint8Array, at: number): void {
    const length = readUint32(bytes, at);
    const type = bytes[at + 4]!;
    if (length > this.limits.maxFrame) {
      throw new ProtocolError(
        "ERR_FRAME_TOO_LARGE",
        `a frame of ${length} bytes was announced; the limit is ${this.limits.maxFrame}`,
      );
    }
    if (bytes[at + 6] !== 0 || bytes[at + 7] !== 0) {
      throw new ProtocolError("ERR_BAD_FRAME", "these bytes are not a Rollcall frame");
    }
    this.#header = {
      length,
      type,
      flags: bytes[at + 5]!,
      id: readUint32(bytes, at + 8),
      aux: readUint32(bytes, at + 12),
    };
    if (type === MessageType.chunk && length > 0) {
      this.#payload = this.#transfers.target(this.#header.id, this.#header.aux, length);
      this.#payloadFilled = 0;
    }
  }

  #frameComplete(payload: Uint8Array): void {
    const header = this.#header!;
    this.#header = undefined;
    this.#payload = undefined;
    if (header.type === MessageType.chunk) {
      if (header.length === 0) throw new ProtocolError("ERR_BAD_FRAME", "an empty chunk");
      const message = this.#transfers.filled(header.id, header.length);
      if (message !== undefined) this.#deliver(message);
    } else if ((header.flags & FrameFlag.segmented) !== 0) {
      const message = this.#transfers.announce(header, payload, this.limits);
      if (message !== undefined) this.#deliver(message);
    } else {
      this.#deliver({
        type: header.type,
        flags: header.flags & FrameFlag.typeBits,
        id: header.id,
        aux: header.aux,
        body: payload,
        segments: noSegments,
      });
    }
  }
}
