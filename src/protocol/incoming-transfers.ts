import { ProtocolError } from "../errors.js";
import { FrameFlag, type FrameHeader } from "./frame.js";
import type { ProtocolLimits } from "./limits.js";
import type { Message } from "./message.js";

interface IncomingTransfer {
  readonly header: FrameHeader;
  readonly body: Uint8Array;
  readonly segments: readonly Uint8Array[];
  /** The segment that is being filled, and how far it is. */
  current: number;
  filled: number;
}

/**
 * Messages whose segments are still arriving. Memory for a segment is taken when it is announced, within the limits,
 * and every byte is written to its final place.
 */
export class IncomingTransfers {
  readonly #transfers = new Map<number, IncomingTransfer>();
  #bytes = 0;

  get size(): number {
    return this.#transfers.size;
  }

  /** Takes the announcement of a segmented message; returns the message at once if all its segments are empty. */
  announce(header: FrameHeader, payload: Uint8Array, limits: ProtocolLimits): Message | undefined {
    const { id, lengths, rest } = readTable(payload);
    const total = lengths.reduce((sum, length) => sum + length, rest.length);
    if (total > limits.maxMessage) {
      throw new ProtocolError(
        "ERR_FRAME_TOO_LARGE",
        `a message of ${total} bytes was announced; the limit here is ${limits.maxMessage} (option maxMessageBytes)`,
      );
    }
    if (this.#transfers.size >= limits.maxTransfers || this.#bytes + total > 2 * limits.maxMessage) {
      throw new ProtocolError(
        "ERR_BAD_FRAME",
        `more than ${limits.maxTransfers} messages with segments under way`,
      );
    }
    if (this.#transfers.has(id)) {
      throw new ProtocolError("ERR_BAD_FRAME", `transfer ${id} was announced twice`);
    }
    const transfer: IncomingTransfer = {
      header,
      // Not `slice`, which gives a view if this is a `Buffer`.
      body: new Uint8Array(rest),
      segments: lengths.map((length) => new Uint8Array(length)),
      current: 0,
      filled: 0,
    };
    skipFilled(transfer);
    if (transfer.current === transfer.segments.length) return finish(transfer);
    this.#transfers.set(id, transfer);
    this.#bytes += total;
    return undefined;
  }

  /** Where the next bytes of this transfer belong: the rest of the segment `position`, which must be the current one. */
  target(transferId: number, position: number, length: number): Uint8Array {
    const transfer = this.#transfers.get(transferId);
    const segment = transfer?.segments[transfer.current];
    if (transfer === undefined || segment === undefined || transfer.current !== position) {
      throw new ProtocolError(
        "ERR_BAD_FRAME",
        `a chunk for segment ${position} of unknown transfer ${transferId}`,
      );
    }
    if (length > segment.length - transfer.filled) {
      throw new ProtocolError("ERR_BAD_FRAME", `a chunk runs past the end of its segment`);
    }
    return segment.subarray(transfer.filled, transfer.filled + length);
  }

  /** Says that a chunk of `length` bytes is in place; returns the message if it is now complete. */
  filled(transferId: number, length: number): Message | undefined {
    const transfer = this.#transfers.get(transferId)!;
    transfer.filled += length;
    skipFilled(transfer);
    if (transfer.current < transfer.segments.length) return undefined;
    this.#transfers.delete(transferId);
    this.#bytes -= transfer.segments.reduce((sum, segment) => sum + segment.length, transfer.body.length);
    return finish(transfer);
  }

  /** Forgets everything that is under way. */
  clear(): void {
    this.#transfers.clear();
    this.#bytes = 0;
  }
}

function readTable(payload: Uint8Array): { id: number; lengths: number[]; rest: Uint8Array } {
  if (payload.length < 8) throw new ProtocolError("ERR_BAD_FRAME", "a segment table is cut short");
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const count = view.getUint32(4, true);
  if (count === 0 || 8 + 8 * count > payload.length) {
    throw new ProtocolError("ERR_BAD_FRAME", `a segment table of ${count} entries does not fit its frame`);
  }
  const lengths = Array.from({ length: count }, (_, index) => view.getFloat64(8 + 8 * index, true));
  const bad = lengths.find((length) => !Number.isSafeInteger(length) || length < 0);
  if (bad !== undefined) throw new ProtocolError("ERR_BAD_FRAME", `${bad} is not the length of a segment`);
  return { id: view.getUint32(0, true), lengths, rest: payload.subarray(8 + 8 * count) };
}

function skipFilled(transfer: IncomingTransfer): void {
  while (
    transfer.current < transfer.segments.length &&
    transfer.filled === transfer.segments[transfer.current]!.length
  ) {
    transfer.current++;
    transfer.filled = 0;
  }
}

function finish({ header, body, segments }: IncomingTransfer): Message {
  const { type, id, aux } = header;
  const flags = header.flags & FrameFlag.typeBits;
  return (header.flags & FrameFlag.bodyIsSegment) === 0
    ? { type, flags, id, aux, body, segments }
    : { type, flags, id, aux, body: segments.at(-1)!, segments: segments.slice(0, -1) };
}
