/** Values as bytes. docs/values.md says what travels, docs/protocol-values.md how the bytes are laid out. */
export { Encoder } from "./encoder.js";
export type { EncodedValue, EncoderOptions } from "./encoder.js";
export { Decoder } from "./decoder.js";
export type { DecoderOptions } from "./decoder.js";
export type { ValueExtension } from "./value-extension.js";
export { DEFAULT_MAX_DEPTH, DEFAULT_SEGMENT_THRESHOLD } from "./codec-limits.js";
