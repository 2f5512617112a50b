import { types } from "node:util";
import { binaryKindOf, KIND_ARRAY_BUFFER } from "./binary-kinds.js";
import type { ByteSink } from "./byte-sink.js";
import type { SeenObjects } from "./seen-objects.js";
import { NotEncodableError } from "./unencodable.js";
import { TAG_BYTES, TAG_SEEN, TAG_SEGMENT, TAG_WINDOW } from "./value-tags.js";
import { type SharedWindow, ViewedMemory } from "./viewed-memory.js";

const NO_SEGMENTS: readonly Uint8Array[] = [];

/** Writes buffers and views: small ones into the body, large ones as segments beside it. */
export class BinaryWriter {
  readonly viewed = new ViewedMemory();
  /** Known only once all views of a message have been met, so only in a second run. */
  shared: Map<ArrayBuffer, SharedWindow> | undefined;
  #segments: Uint8Array[] | undefined;

  constructor(
    private readonly sink: ByteSink,
    private readonly seen: SeenObjects,
    private readonly threshold: number,
  ) {}

  get segments(): readonly Uint8Array[] {
    return this.#segments ?? NO_SEGMENTS;
  }

  rewind(viewedCount: number, segmentCount: number): void {
    this.viewed.rewind(viewedCount);
    if (this.#segments !== undefined) this.#segments.length = segmentCount;
  }

  /** Lets go of the caller's memory. */
  clear(): void {
    this.viewed.clear();
    this.#segments = undefined;
  }

  view(view: ArrayBufferView): void {
    const kind = binaryKindOf(view);
    const memory = view.buffer;
    if (kind === undefined || !types.isArrayBuffer(memory)) throw new NotEncodableError();
    const start = view.byteOffset;
    const length = view.byteLength;
    const window = this.shared?.get(memory);
    if (window === undefined) this.#bytes(kind, memory, start, length);
    else this.#window(kind, memory, start, length, window);
  }

  memory(memory: ArrayBuffer): void {
    const window = this.shared?.get(memory);
    const start = window?.start ?? 0;
    this.#bytes(KIND_ARRAY_BUFFER, memory, start, (window?.end ?? memory.byteLength) - start);
  }

  #bytes(kind: number, memory: ArrayBuffer, start: number, length: number): void {
    // Throws for detached memory, which has no bytes to send.
    const bytes = new Uint8Array(memory, start, length);
    this.viewed.add(memory, start, start + length);
    const beside = length >= this.threshold;
    this.sink.byte(beside ? TAG_SEGMENT : TAG_BYTES);
    this.sink.byte(kind);
    this.sink.count(length);
    if (beside) (this.#segments ??= []).push(bytes);
    else this.sink.raw(bytes);
  }

  /** A view of memory that another value of this message shows too. */
  #window(kind: number, memory: ArrayBuffer, start: number, length: number, window: SharedWindow): void {
    this.sink.byte(TAG_WINDOW);
    this.sink.byte(kind);
    this.sink.count(start - window.start);
    this.sink.count(length);
    const position = this.seen.enter(memory);
    if (position === -1) {
      this.#bytes(KIND_ARRAY_BUFFER, memory, window.start, window.end - window.start);
    } else {
      this.sink.byte(TAG_SEEN);
      this.sink.count(position);
    }
  }
}
