import type { Codec } from "../protocol/codec.js";

/** What another process would get of a value. Throws a `SerializationError` that begins with `name` for one that cannot travel. */
export function copiedValue(codec: Codec, value: unknown, name: string): unknown {
  const { body, segments } = codec.encoder.encode(value, name);
  return codec.decoder.decode(
    body,
    segments.map((segment) => new Uint8Array(segment)),
  );
}
