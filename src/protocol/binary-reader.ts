import { BINARY_KINDS, type BinaryKind, KIND_ARRAY_BUFFER } from "./binary-kinds.js";
import type { ByteSource } from "./byte-source.js";

/** Reads buffers and views. What it makes never shares memory with the body. */
export class BinaryReader {
  #next = 0;

  constructor(
    private readonly source: ByteSource,
    private readonly segments: readonly Uint8Array[],
  ) {}

  /** Segments are used in order, each once; those left over at the end belong to nothing. */
  get unusedSegments(): number {
    return this.segments.length - this.#next;
  }

  /** A value whose bytes stand in the body. */
  bytes(): ArrayBuffer | ArrayBufferView {
    const kind = this.#kind();
    const length = this.#length(kind);
    const start = this.source.take(length);
    const copy = new Uint8Array(length);
    copy.set(this.source.bytes.subarray(start, start + length));
    return kind.make(copy.buffer, 0, length);
  }

  /** A value whose bytes are the next segment: it takes over the segment's memory if that is all its own. */
  segment(): ArrayBuffer | ArrayBufferView {
    const kind = this.#kind();
    const length = this.#length(kind);
    const segment = this.segments[this.#next];
    if (segment === undefined) throw this.source.malformed(`segment ${this.#next} is missing`);
    if (segment.byteLength !== length) {
      throw this.source.malformed(
        `segment ${this.#next} has ${segment.byteLength} bytes instead of ${length},`,
      );
    }
    this.#next++;
    const { buffer } = segment;
    const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === length;
    return kind.make(isWhole ? buffer : Uint8Array.from(segment).buffer, 0, length);
  }

  /** A view of memory that other values show too; `memory` reads that memory or refers to it. */
  window(memory: () => unknown): ArrayBufferView {
    const kind = this.#kind();
    if (kind === BINARY_KINDS[KIND_ARRAY_BUFFER]) throw this.source.malformed("a window has no kind of view");
    const offset = this.source.count();
    const length = this.#length(kind);
    const buffer = memory();
    if (!(buffer instanceof ArrayBuffer)) throw this.source.malformed("a window is not of an ArrayBuffer");
    if (offset % kind.elementBytes !== 0 || offset + length > buffer.byteLength) {
      throw this.source.malformed("a window does not fit its memory");
    }
    return kind.make(buffer, offset, length) as ArrayBufferView;
  }

  #kind(): BinaryKind {
    const number = this.source.byte();
    const kind = BINARY_KINDS[number];
    if (kind === undefined) throw this.source.malformed(`unknown kind ${number} of binary value`);
    return kind;
  }

  #length(kind: BinaryKind): number {
    const length = this.source.count();
    if (length % kind.elementBytes === 0) return length;
    throw this.source.malformed(`${length} bytes are no whole number of elements of a ${kind.name}`);
  }
}
