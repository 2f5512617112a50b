import { encodeSegmentTable, FrameFlag, HEADER_SIZE, writeHeader } from "#dist/protocol/frame.js";
import { authenticatedLimits, type ProtocolLimits } from "#dist/protocol/limits.js";
import { MessageType, type Message } from "#dist/protocol/message.js";
import { FrameDecoder } from "#dist/protocol/frame-decoder.js";
import { needsTransfer, OutgoingTransfers } from "#dist/protocol/outgoing-transfers.js";

export interface FrameFields {
  readonly type: number;
  readonly flags?: number;
  readonly id?: number;
  readonly aux?: number;
  readonly payload?: Uint8Array;
}

export function frame({
  type,
  flags = 0,
  id = 0,
  aux = 0,
  payload = new Uint8Array(0),
}: FrameFields): Buffer {
  const bytes = Buffer.alloc(HEADER_SIZE + payload.length);
  writeHeader(bytes, 0, payload.length, type, flags, id, aux);
  bytes.set(payload, HEADER_SIZE);
  return bytes;
}

/** The frame that announces segments of these lengths; a payload given is the body behind the table. */
export function announcement(
  transferId: number,
  lengths: readonly number[],
  more: Partial<FrameFields> = {},
): Buffer {
  const flags = FrameFlag.segmented | (more.flags ?? 0);
  const table = encodeSegmentTable(transferId, lengths);
  const payload = Buffer.concat([table, more.payload ?? new Uint8Array(0)]);
  return frame({ type: MessageType.call, ...more, flags, payload });
}

export function chunk(transferId: number, position: number, payload: Uint8Array): Buffer {
  return frame({ type: MessageType.chunk, id: transferId, aux: position, payload });
}

/** Everything that a sender writes for these messages, with the chunks of all of them taking turns at the end. */
export function encodeAll(messages: readonly Message[]): Buffer {
  const transfers = new OutgoingTransfers();
  const parts: Uint8Array[] = [];
  for (const message of messages) {
    const { type, flags, id, aux } = message;
    if (needsTransfer(message)) {
      const { flags: tableFlags, table, inlineBody } = transfers.add(message);
      parts.push(
        frame({ type, flags: flags | tableFlags, id, aux, payload: Buffer.concat([table, inlineBody]) }),
      );
    } else parts.push(frame({ type, flags, id, aux, payload: message.body }));
  }
  for (let next = transfers.next(); next !== undefined; next = transfers.next())
    parts.push(chunk(next.transferId, next.position, next.bytes));
  return Buffer.concat(parts);
}

/** A decoder and what it has delivered; bodies are copied, as they are only valid during delivery. */
export function collector(limits: ProtocolLimits = authenticatedLimits()): {
  decoder: FrameDecoder;
  messages: Message[];
} {
  const messages: Message[] = [];
  const decoder = new FrameDecoder(limits, (message) =>
    messages.push({ ...message, body: new Uint8Array(message.body) }),
  );
  return { decoder, messages };
}

/** Plain data for comparisons: `Buffer` and `Uint8Array` of the same bytes are the same. */
export function plain(messages: readonly Message[]): unknown[] {
  return messages.map(({ type, flags, id, aux, body, segments }) => ({
    type,
    flags,
    id,
    aux,
    body: Buffer.from(body).toString("hex"),
    segments: segments.map((segment) => Buffer.from(segment).toString("hex")),
  }));
}
