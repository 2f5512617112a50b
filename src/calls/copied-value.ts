import type { Codec } from "../protocol/codec.js";
import type { ReferenceTraffic } from "../rpc/reference-traffic.js";

/** What a process needs to copy values as if it had sent them to itself. */
export interface Copying {
  readonly pid: number;
  readonly codec: Codec;
  readonly references: ReferenceTraffic;
}

/** What another process would get of a value. Throws a `SerializationError` that begins with `name` for one that cannot travel. */
export function copiedValue({ pid, codec, references }: Copying, value: unknown, name: string): unknown {
  const { body, segments, carried } = codec.encoder.encode(value, name);
  if (carried.length > 0) references.sent(carried, pid);
  try {
    return codec.decoder.decode(
      body,
      segments.map((segment) => new Uint8Array(segment)),
    );
  } finally {
    // They belong to whoever gets the copy from here on.
    references.takeArrived();
  }
}
