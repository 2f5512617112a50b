import { SerializationError } from "../errors.js";
import {
  checkedLimit,
  checkOptionNames,
  DEFAULT_MAX_BODY_BYTES,
  DEFAULT_MAX_DEPTH,
  DEFAULT_SEGMENT_THRESHOLD,
  HIGHEST_MAX_DEPTH,
} from "./codec-limits.js";
import { ObjectKinds } from "./object-kinds.js";
import { explainRefusal } from "./unencodable.js";
import { indexExtensions, type ValueExtension } from "./value-extension.js";
import { ValueWriter } from "./value-writer.js";

/** A value as bytes. */
export interface EncodedValue {
  /** Valid until the next `encode` of the same encoder: a view of its scratch memory. */
  readonly body: Uint8Array;
  /** Large binary parts, in order, not copied: views of the caller's own memory. */
  readonly segments: readonly Uint8Array[];
  /** Objects that travel by an extension: their owner may want to know where they have been sent. */
  readonly carried: readonly object[];
}

export interface EncoderOptions {
  /** Bytes from which on a binary value travels as a segment. Default 8,192. */
  readonly segmentThreshold?: number;
  /** Default none. The decoder must have the same. */
  readonly extensions?: readonly ValueExtension[];
  /** Levels of nesting, 1 to 1,500. Default 1,000. */
  readonly maxDepth?: number;
  /** Bytes of a body, segments not counted. Default and highest 1 GiB. */
  readonly maxBodyBytes?: number;
}

/**
 * Turns values into bytes; one for a whole process is enough, and best, since it remembers what objects look like.
 * Messages do not depend on each other: any decoder can decode any of them.
 */
export class Encoder {
  readonly #options: EncoderOptions;
  readonly #maxDepth: number;
  readonly #writer: ValueWriter;
  #isBusy = false;

  /** Throws a `TypeError` or `RangeError` for a bad option. */
  constructor(options: EncoderOptions = {}) {
    checkOptionNames("an Encoder", options, ["segmentThreshold", "extensions", "maxDepth", "maxBodyBytes"]);
    const extensions = options.extensions ?? [];
    indexExtensions(extensions);
    this.#options = options;
    this.#maxDepth = checkedLimit("maxDepth", options.maxDepth, DEFAULT_MAX_DEPTH, HIGHEST_MAX_DEPTH);
    this.#writer = new ValueWriter({
      kinds: new ObjectKinds(extensions),
      maxDepth: this.#maxDepth,
      segmentThreshold: checkedLimit(
        "segmentThreshold",
        options.segmentThreshold,
        DEFAULT_SEGMENT_THRESHOLD,
        Number.MAX_SAFE_INTEGER,
      ),
      maxBodyBytes: checkedLimit(
        "maxBodyBytes",
        options.maxBodyBytes,
        DEFAULT_MAX_BODY_BYTES,
        DEFAULT_MAX_BODY_BYTES,
      ),
    });
  }

  /**
   * Throws a `SerializationError` (`ERR_SERIALIZE`, or `ERR_MESSAGE_TOO_LARGE`) if some part of the value cannot
   * travel; its path and its message begin with `name`. May be called from within itself, by a getter or an
   * extension.
   */
  encode(value: unknown, name = "value"): EncodedValue {
    // The inner of two nested calls has its own scratch memory.
    if (this.#isBusy) return new Encoder(this.#options).encode(value, name);
    const writer = this.#writer;
    this.#isBusy = true;
    try {
      writer.message(value);
      const { bytes, position } = writer.sink;
      return {
        body: new Uint8Array(bytes.buffer, 0, position),
        segments: writer.binary.segments,
        carried: writer.carried,
      };
    } catch (error) {
      throw this.#explained(error, value, name);
    } finally {
      writer.clear();
      this.#isBusy = false;
    }
  }

  #explained(error: unknown, value: unknown, name: string): SerializationError {
    if (error instanceof SerializationError) return error;
    if (isStackOverflow(error)) {
      const message = `${name} is nested too deeply for the stack that is left; send it as a flat list of its parts`;
      return new SerializationError("ERR_SERIALIZE", message, name, { cause: error });
    }
    const refusal = explainRefusal(value, name, this.#writer.kinds, this.#maxDepth);
    if (refusal === undefined) {
      const message = error instanceof Error ? error.message : String(error);
      return new SerializationError("ERR_SERIALIZE", `${name} cannot be sent: ${message}`, name, {
        cause: error,
      });
    }
    const { path, reason, cause } = refusal;
    return new SerializationError(
      "ERR_SERIALIZE",
      `${shortened(path)} ${reason}`,
      path,
      cause === undefined ? {} : { cause },
    );
  }
}

/** The engine has no other mark of it. A getter that overflows it by itself gets the same answer. */
function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message === "Maximum call stack size exceeded";
}

/** A path of a thousand levels is of no use in a message; the error has all of it. */
function shortened(path: string): string {
  return path.length > 200 ? `${path.slice(0, 90)}...${path.slice(-90)}` : path;
}
