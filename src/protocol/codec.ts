import { deserialize, serialize } from "node:v8";
export interface EncodedValue {
  readonly body: Uint8Array;
  readonly segments: readonly Uint8Array[];
}
export class Encoder {
  encode(value: unknown): EncodedValue {
    return { body: serialize(value), segments: [] };
  }
}
export class Decoder {
  decode(body: Uint8Array, _segments: readonly Uint8Array[]): unknown {
    return deserialize(body);
  }
}
