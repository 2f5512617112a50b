import { Decoder, type DecoderOptions, Encoder, type EncoderOptions } from "#dist/protocol/codec.js";

/** A value as it arrives elsewhere: through memory that is written over as soon as it has been read. */
export function roundTrip(
  value: unknown,
  encoding: EncoderOptions = {},
  decoding: DecoderOptions = {},
): unknown {
  const { body, segments } = new Encoder(encoding).encode(value);
  const receiveBuffer = Buffer.alloc(body.length + 7, 0xff);
  receiveBuffer.set(body, 5);
  const received = receiveBuffer.subarray(5, 5 + body.length);
  const value2 = new Decoder(decoding).decode(
    received,
    segments.map((segment) => Uint8Array.from(segment)),
  );
  receiveBuffer.fill(0xff);
  return value2;
}

/** The body of a value, in memory of its own. */
export function bodyOf(value: unknown, options: EncoderOptions = {}): Uint8Array {
  return Uint8Array.from(new Encoder(options).encode(value).body);
}

/**
 * The objects of a value in the order in which they are met, each with what it refers to by number: equal for two
 * values if and only if the same places hold the same objects.
 */
export function identityOf(value: unknown): string {
  const numbers = new Map<object, number>();
  const lines: string[] = [];
  const visit = (at: unknown): string => {
    if (typeof at !== "object" || at === null) return `${typeof at} ${String(at)}`;
    const known = numbers.get(at);
    if (known !== undefined) return `#${known}`;
    const number = numbers.size;
    numbers.set(at, number);
    const parts =
      at instanceof Map || at instanceof Set
        ? Array.from<unknown, string>(at, (item) =>
            Array.isArray(item) ? item.map(visit).join("=") : visit(item),
          )
        : Object.entries(at).map(([key, item]) => `${key}=${visit(item)}`);
    lines.push(`#${number} ${Object.prototype.toString.call(at)} ${parts.join(", ")}`);
    return `#${number}`;
  };
  visit(value);
  return lines.join("\n");
}
