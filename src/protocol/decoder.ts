import { SerializationError } from "../errors.js";
import { checkedLimit, checkOptionNames, DEFAULT_MAX_DEPTH, HIGHEST_MAX_DEPTH } from "./codec-limits.js";
import { KnownKeyLists } from "./known-key-lists.js";
import { indexExtensions, type ValueExtension } from "./value-extension.js";
import { type ReaderSettings, ValueReader } from "./value-reader.js";

export interface DecoderOptions {
  /** Default none. The encoder must have the same. */
  readonly extensions?: readonly ValueExtension[];
  /** Levels of nesting, 1 to 1,500. Default 1,000. */
  readonly maxDepth?: number;
}

/**
 * Turns bytes into values. Whatever the bytes, it ends in time and memory proportional to them, with a value or a
 * `SerializationError`. One for a whole process is enough, and best: it remembers the shapes of objects.
 */
export class Decoder {
  readonly #settings: ReaderSettings;

  /** Throws a `TypeError` or `RangeError` for a bad option. */
  constructor(options: DecoderOptions = {}) {
    checkOptionNames("a Decoder", options, ["extensions", "maxDepth"]);
    this.#settings = {
      keyLists: new KnownKeyLists(),
      extensions: indexExtensions(options.extensions ?? []),
      maxDepth: checkedLimit("maxDepth", options.maxDepth, DEFAULT_MAX_DEPTH, HIGHEST_MAX_DEPTH),
    };
  }

  /**
   * The value shares no memory with `body`. A segment that owns all of its buffer becomes the memory of its value;
   * others are copied. Throws a `SerializationError` (`ERR_DESERIALIZE`) if body and segments do not make a value.
   */
  decode(body: Uint8Array, segments: readonly Uint8Array[]): unknown {
    try {
      return new ValueReader(this.#settings, body, segments).message();
    } catch (error) {
      if (error instanceof SerializationError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new SerializationError("ERR_DESERIALIZE", `a value cannot be read: ${message}`, undefined, {
        cause: error,
      });
    }
  }
}
