import { Buffer } from "node:buffer";
import { SerializationError } from "../errors.js";
import {
  SHORT_STRING_MAX,
  TAG_ONE_BYTE_STRING,
  TAG_SHORT_STRING,
  TAG_UTF16_STRING,
  TAG_UTF8_STRING,
} from "./value-tags.js";

/** Longer pieces of a string refer to it, shorter ones are copied out of it (as V8 has it). */
const COPIED_CHARACTERS = 12;
/** After so many strings cutting the next ones out of a text is faster than putting each together. */
const FEW_STRINGS = 8;
const STRETCH_BYTES = 4_096;
/** From this size on a body is worth a DataView; below it, making one takes longer than it saves. */
const VIEWED_BYTES = 512;

// Two views of the same eight bytes, little-endian.
const twoWords = new Int32Array(2);
const asDouble = new Float64Array(twoWords.buffer);

/** A body that is read from front to back. Nothing is believed before it is seen to lie within the body. */
export class ByteSource {
  position = 0;
  /** The first byte that does not belong to the value. */
  end: number;
  #text: Buffer | undefined;
  #view: DataView | undefined;
  #stringsRead = 0;
  /** A stretch of the body as text, one character to a byte, from which short strings are cut. */
  #stretch = "";
  #stretchStart = 0;
  #stretchEnd = 0;

  constructor(readonly bytes: Uint8Array) {
    this.end = bytes.length;
  }

  malformed(reason: string): SerializationError {
    const message = `a value cannot be read: ${reason} at byte ${this.position} of ${this.bytes.length}`;
    return new SerializationError("ERR_DESERIALIZE", message);
  }

  /** Throws unless `count` more bytes are there; answers where they begin and moves behind them. */
  take(count: number): number {
    const start = this.position;
    if (!(count <= this.end - start)) throw this.malformed(`it ends before the next ${count} bytes`);
    this.position = start + count;
    return start;
  }

  /** Throws unless `items` of at least `bytesEach` can be there: called before room for them is made. */
  expect(items: number, bytesEach: number): number {
    if (items * bytesEach > this.end - this.position)
      throw this.malformed(`it ends before the next ${items} items`);
    return items;
  }

  byte(): number {
    const at = this.position;
    if (at >= this.end) throw this.malformed("it ends before the next value");
    this.position = at + 1;
    return this.bytes[at]!;
  }

  uint16(): number {
    const at = this.take(2);
    return (this.bytes[at] as number) | ((this.bytes[at + 1] as number) << 8);
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  int32(): number {
    const at = this.take(4);
    const b = this.bytes;
    return b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
  }

  double(): number {
    if (this.#view !== undefined) return this.#view.getFloat64(this.take(8), true);
    if (this.bytes.length >= VIEWED_BYTES) {
      this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    }
    twoWords[0] = this.int32();
    twoWords[1] = this.int32();
    return asDouble[0]!;
  }

  bigint64(): bigint {
    const low = this.uint32();
    return (BigInt(this.int32()) << 32n) | BigInt(low);
  }

  /** Any number of bytes, the most significant first. */
  bigMagnitude(): bigint {
    const length = this.count();
    if (length === 0) throw this.malformed("a big integer has no digits");
    const start = this.take(length);
    return BigInt(`0x${this.text.toString("hex", start, start + length)}`);
  }

  /** The counterpart of `ByteSink.count`: at most eight bytes, 2^53 - 1. */
  count(): number {
    let factor = 1;
    let value = 0;
    for (let index = 0; index < 8; index++) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      factor *= 128;
    }
    throw this.malformed("a number is too large");
  }

  /** A value that has to be a string. */
  string(): string {
    const tag = this.byte();
    if (tag >= TAG_SHORT_STRING && tag <= TAG_SHORT_STRING + SHORT_STRING_MAX) {
      return this.shortString(tag - TAG_SHORT_STRING);
    }
    if (tag === TAG_ONE_BYTE_STRING) return this.longString("latin1");
    if (tag === TAG_UTF8_STRING) return this.longString("utf8");
    if (tag === TAG_UTF16_STRING) return this.longString("utf16le");
    throw this.malformed("something else stands where a string belongs");
  }

  /** Up to `SHORT_STRING_MAX` characters of one byte each. */
  shortString(length: number): string {
    const start = this.take(length);
    // A longer piece of a text would keep the whole of it in memory.
    if (length > COPIED_CHARACTERS) return this.text.toString("latin1", start, start + length);
    if (this.#stringsRead < FEW_STRINGS) {
      this.#stringsRead++;
      return shortOneByteString(this.bytes, start, length);
    }
    if (start + length > this.#stretchEnd || start < this.#stretchStart) {
      this.#stretchStart = start;
      this.#stretchEnd = Math.min(start + STRETCH_BYTES, this.bytes.length);
      this.#stretch = this.text.toString("latin1", start, this.#stretchEnd);
    }
    return this.#stretch.slice(start - this.#stretchStart, start - this.#stretchStart + length);
  }

  longString(encoding: "latin1" | "utf8" | "utf16le"): string {
    const length = this.uint32();
    const start = this.take(length);
    return this.text.toString(encoding, start, start + length);
  }

  /** The bytes as the class that can make strings of them. */
  get text(): Buffer {
    return (this.#text ??= Buffer.isBuffer(this.bytes)
      ? this.bytes
      : Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength));
  }
}

/** Up to twelve characters are put together here in less time than a call into the engine takes. */
function shortOneByteString(b: Uint8Array, at: number, length: number): string {
  switch (length) {
    case 1:
      return String.fromCharCode(b[at]!);
    case 2:
      return String.fromCharCode(b[at]!, b[at + 1]!);
    case 3:
      return String.fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!);
    case 4:
      return String.fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!);
    case 5:
      return String.fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!, b[at + 4]!);
    case 6:
      return String.fromCharCode(b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!, b[at + 4]!, b[at + 5]!);
    case 7:
      return String.fromCharCode(
        b[at]!,
        b[at + 1]!,
        b[at + 2]!,
        b[at + 3]!,
        b[at + 4]!,
        b[at + 5]!,
        b[at + 6]!,
      );
    case 8:
      return String.fromCharCode(
        b[at]!,
        b[at + 1]!,
        b[at + 2]!,
        b[at + 3]!,
        b[at + 4]!,
        b[at + 5]!,
        b[at + 6]!,
        b[at + 7]!,
      );
    case 9:
      return String.fromCharCode(
        b[at]!,
        b[at + 1]!,
        b[at + 2]!,
        b[at + 3]!,
        b[at + 4]!,
        b[at + 5]!,
        b[at + 6]!,
        b[at + 7]!,
        b[at + 8]!,
      );
    case 10:
      return String.fromCharCode(
        b[at]!,
        b[at + 1]!,
        b[at + 2]!,
        b[at + 3]!,
        b[at + 4]!,
        b[at + 5]!,
        b[at + 6]!,
        b[at + 7]!,
        b[at + 8]!,
        b[at + 9]!,
      );
    case 11:
      return String.fromCharCode(
        b[at]!,
        b[at + 1]!,
        b[at + 2]!,
        b[at + 3]!,
        b[at + 4]!,
        b[at + 5]!,
        b[at + 6]!,
        b[at + 7]!,
        b[at + 8]!,
        b[at + 9]!,
        b[at + 10]!,
      );
    case 12:
      return String.fromCharCode(
        b[at]!,
        b[at + 1]!,
        b[at + 2]!,
        b[at + 3]!,
        b[at + 4]!,
        b[at + 5]!,
        b[at + 6]!,
        b[at + 7]!,
        b[at + 8]!,
        b[at + 9]!,
        b[at + 10]!,
        b[at + 11]!,
      );
    default:
      return "";
  }
}
