import { encodeSegmentTable, FrameFlag } from "./frame.js";
import { CHUNK_SIZE, INLINE_LIMIT } from "./limits.js";
import type { Message } from "./message.js";

/** A piece of a segment on its way: the payload of one `chunk` frame, a view of the sender's memory. */
export interface Chunk {
  readonly transferId: number;
  readonly position: number;
  readonly bytes: Uint8Array;
}

interface OutgoingTransfer {
  readonly id: number;
  readonly segments: readonly Uint8Array[];
  current: number;
  sent: number;
}

/** The frame that announces a segmented message: flags for its header and the payload to put behind it. */
export interface Announcement {
  readonly flags: number;
  readonly table: Uint8Array;
  readonly inlineBody: Uint8Array;
}

const nothing = new Uint8Array(0);

/** Whether a message needs more than one frame. */
export function needsTransfer(message: Message): boolean {
  return message.segments.length > 0 || message.body.length > INLINE_LIMIT;
}

/** Large messages on their way out. They take turns, chunk by chunk, so that none holds up the others. */
export class OutgoingTransfers {
  readonly #queue: OutgoingTransfer[] = [];
  #nextId = 1;
  #bytes = 0;

  /** Bytes that are announced and not yet handed out. */
  get bytesWaiting(): number {
    return this.#bytes;
  }

  /** Queues a message's segments (a body that was not copied is copied here, as its owner may reuse it). */
  add(message: Message): Announcement {
    const bodyIsSegment = message.body.length > INLINE_LIMIT - 8 * (message.segments.length + 1) - 8;
    const segments = bodyIsSegment ? [...message.segments, new Uint8Array(message.body)] : message.segments;
    const id = this.#nextId;
    this.#nextId = (this.#nextId + 1) >>> 0 || 1;
    this.#queue.push({ id, segments, current: 0, sent: 0 });
    for (const segment of segments) this.#bytes += segment.length;
    return {
      flags: FrameFlag.segmented | (bodyIsSegment ? FrameFlag.bodyIsSegment : 0),
      table: encodeSegmentTable(
        id,
        segments.map((segment) => segment.length),
      ),
      inlineBody: bodyIsSegment ? nothing : message.body,
    };
  }

  /** The next piece to send, or undefined when nothing waits. */
  next(): Chunk | undefined {
    for (;;) {
      const transfer = this.#queue.shift();
      if (transfer === undefined) return undefined;
      while (
        transfer.current < transfer.segments.length &&
        transfer.sent === transfer.segments[transfer.current]!.length
      ) {
        transfer.current++;
        transfer.sent = 0;
      }
      const segment = transfer.segments[transfer.current];
      if (segment === undefined) continue;
      const bytes = segment.subarray(transfer.sent, transfer.sent + CHUNK_SIZE);
      transfer.sent += bytes.length;
      this.#bytes -= bytes.length;
      this.#queue.push(transfer);
      return { transferId: transfer.id, position: transfer.current, bytes };
    }
  }

  clear(): void {
    this.#queue.length = 0;
    this.#bytes = 0;
  }
}
