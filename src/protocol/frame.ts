/**
 * The frame: a fixed header of 16 bytes, little-endian, and a payload.
 *
 *     0  u32  payload length in bytes, the header not counted
 *     4  u8   message type
 *     5  u8   flags: bits 0-5 belong to the type; bit 6: a segment table opens the payload; bit 7: the body is the
 *             last segment
 *     6  u16  0
 *     8  u32  id
 *    12  u32  aux
 *
 * The header stands apart from the body so that a body that cannot be decoded can still be answered by its id.
 *
 * A message with segments (or with a body too long for one frame) is announced by a frame whose payload starts with
 * a table: u32 transfer id, u32 number of segments, then a f64 length for each; the inline body follows. The bytes of
 * the segments come in `chunk` frames (id = transfer id, aux = position of the segment), in order, cut at will and
 * interleaved with anything else. The message counts as received when its last byte is there.
 */
export const HEADER_SIZE = 16;

export const FrameFlag = { typeBits: 0x3f, segmented: 0x40, bodyIsSegment: 0x80 } as const;

export interface FrameHeader {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly aux: number;
}

export function writeHeader(
  target: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  id: number,
  aux: number,
): void {
  target[at] = length;
  target[at + 1] = length >>> 8;
  target[at + 2] = length >>> 16;
  target[at + 3] = length >>> 24;
  target[at + 4] = type;
  target[at + 5] = flags;
  target[at + 6] = 0;
  target[at + 7] = 0;
  target[at + 8] = id;
  target[at + 9] = id >>> 8;
  target[at + 10] = id >>> 16;
  target[at + 11] = id >>> 24;
  target[at + 12] = aux;
  target[at + 13] = aux >>> 8;
  target[at + 14] = aux >>> 16;
  target[at + 15] = aux >>> 24;
}

export function readUint32(source: Uint8Array, at: number): number {
  return (source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24)) >>> 0;
}

/** The table that opens the payload of a segmented message. */
export function encodeSegmentTable(transferId: number, lengths: readonly number[]): Uint8Array {
  const table = new Uint8Array(8 + 8 * lengths.length);
  const view = new DataView(table.buffer);
  view.setUint32(0, transferId, true);
  view.setUint32(4, lengths.length, true);
  lengths.forEach((length, index) => view.setFloat64(8 + 8 * index, length, true));
  return table;
}
