/** Values as bytes. docs/values.md says what travels, docs/protocol-values.md how the bytes are laid out. */
import { Decoder } from "./decoder.js";
import { Encoder } from "./encoder.js";
import type { ValueExtension } from "./value-extension.js";

/** One of each: they learn the shapes of objects, so a process should have few of them, best one. */
export interface Codec {
  readonly encoder: Encoder;
  readonly decoder: Decoder;
}

export function newCodec(extensions: readonly ValueExtension[] = []): Codec {
  return { encoder: new Encoder({ extensions }), decoder: new Decoder({ extensions }) };
}

export { Encoder } from "./encoder.js";
export type { EncodedValue, EncoderOptions } from "./encoder.js";
export { Decoder } from "./decoder.js";
export type { DecoderOptions } from "./decoder.js";
export type { ValueExtension } from "./value-extension.js";
export { DEFAULT_MAX_DEPTH, DEFAULT_SEGMENT_THRESHOLD } from "./codec-limits.js";
