/// <reference lib="es2024.string" />
import { Buffer } from "node:buffer";
import { SerializationError } from "../errors.js";
import { RETAINED_BYTES } from "./codec-limits.js";
import {
  SHORT_STRING_MAX,
  TAG_BIGINT64,
  TAG_BIGINT_NEGATIVE,
  TAG_BIGINT_POSITIVE,
  TAG_DOUBLE,
  TAG_INT16,
  TAG_INT32,
  TAG_INT8,
  TAG_ONE_BYTE_STRING,
  TAG_SHORT_STRING,
  TAG_UTF16_STRING,
  TAG_UTF8_STRING,
} from "./value-tags.js";

const FIRST_BYTES = 2_048;
/** Above this a string is measured before it is written, rather than given room for its worst case. */
const MEASURED_CHARACTERS = 65_536;

/** Up to here a loop copies faster than a call into the engine. */
const LOOPED_BYTES = 48;

/** Memory that grows as it is written, and the primitive values. Integers are little-endian. */
export class ByteSink {
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  position = 0;
  #view = new DataView(this.bytes.buffer);
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Makes sure that `count` more bytes can be written; every write below is preceded by it. */
  reserve(count: number): void {
    if (this.position + count > this.bytes.length) this.#grow(this.position + count);
  }

  #grow(needed: number): void {
    if (needed > this.#maxBytes) {
      throw new SerializationError(
        "ERR_MESSAGE_TOO_LARGE",
        `the value takes more than ${this.#maxBytes} bytes besides its large binary parts; send it in pieces, or as ` +
          `typed arrays`,
      );
    }
    const grown = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, this.bytes.length * 2), this.#maxBytes));
    this.bytes.copy(grown, 0, 0, this.position);
    this.#use(grown);
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }

  /** Starts over. What an earlier message made grow beyond `RETAINED_BYTES` is let go. */
  rewindAll(): void {
    this.position = 0;
    if (this.bytes.length > RETAINED_BYTES) this.#use(Buffer.allocUnsafeSlow(FIRST_BYTES));
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.position++] = value;
  }

  /** A length or position: seven bits to a byte, lowest first, the top bit set while more follow. */
  count(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 127) {
      this.bytes[this.position++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.position++] = rest;
  }

  uint16At(position: number, value: number): void {
    this.#view.setUint16(position, value, true);
  }

  uint32At(position: number, value: number): void {
    this.#view.setUint32(position, value, true);
  }

  double(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.position, value, true);
    this.position += 8;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    if (bytes.length > LOOPED_BYTES) this.bytes.set(bytes, this.position);
    else
      for (let index = 0; index < bytes.length; index++)
        this.bytes[this.position + index] = bytes[index] as number;
    this.position += bytes.length;
  }

  number(value: number): void {
    this.reserve(9);
    const bytes = this.bytes;
    const integer = value | 0;
    if (integer !== value || (integer === 0 && Object.is(value, -0))) {
      bytes[this.position] = TAG_DOUBLE;
      this.#view.setFloat64(this.position + 1, value, true);
      this.position += 9;
    } else if (integer >= 0 && integer < 128) {
      bytes[this.position++] = integer;
    } else if (integer >= -128 && integer < 128) {
      bytes[this.position] = TAG_INT8;
      bytes[this.position + 1] = integer;
      this.position += 2;
    } else if (integer >= -32_768 && integer < 32_768) {
      bytes[this.position] = TAG_INT16;
      this.#view.setInt16(this.position + 1, integer, true);
      this.position += 3;
    } else {
      bytes[this.position] = TAG_INT32;
      this.#view.setInt32(this.position + 1, integer, true);
      this.position += 5;
    }
  }

  string(value: string): void {
    const length = value.length;
    if (length > SHORT_STRING_MAX) {
      this.#longString(value);
      return;
    }
    this.reserve(1 + SHORT_STRING_MAX);
    const bytes = this.bytes;
    let at = this.position + 1;
    for (let index = 0; index < length; index++) {
      const unit = value.charCodeAt(index);
      if (unit > 127) {
        this.#longString(value);
        return;
      }
      bytes[at++] = unit;
    }
    bytes[this.position] = TAG_SHORT_STRING | length;
    this.position = at;
  }

  #longString(value: string): void {
    const most = value.length > MEASURED_CHARACTERS ? Buffer.byteLength(value) : value.length * 3;
    this.reserve(5 + most);
    const at = this.position;
    let written = this.bytes.write(value, at + 5, "utf8");
    let tag = TAG_ONE_BYTE_STRING;
    // As many bytes as characters: every one of them is ASCII.
    if (written !== value.length) {
      if (value.isWellFormed()) tag = TAG_UTF8_STRING;
      else {
        tag = TAG_UTF16_STRING;
        this.reserve(5 + value.length * 2);
        written = this.bytes.write(value, at + 5, "utf16le");
      }
    }
    this.bytes[at] = tag;
    this.uint32At(at + 1, written);
    this.position = at + 5 + written;
  }

  bigint(value: bigint): void {
    this.reserve(9);
    if (BigInt.asIntN(64, value) === value) {
      this.bytes[this.position] = TAG_BIGINT64;
      this.#view.setBigInt64(this.position + 1, value, true);
      this.position += 9;
      return;
    }
    const digits = (value < 0n ? -value : value).toString(16);
    const even = digits.length % 2 === 0 ? digits : `0${digits}`;
    this.byte(value < 0n ? TAG_BIGINT_NEGATIVE : TAG_BIGINT_POSITIVE);
    this.count(even.length / 2);
    this.reserve(even.length / 2);
    this.position += this.bytes.write(even, this.position, "hex");
  }
}
