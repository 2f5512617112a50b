import type { ValueExtension } from "../protocol/value-extension.js";
import type { Arrived } from "../rpc/reference-traffic.js";

/**
 * A value on its way into a reference or out of it, with the references that came with it: whoever passes it on, or drops
 * it, without having shown it to anyone can let go of these.
 */
export class Parcel {
  constructor(
    readonly value: unknown,
    readonly arrived?: Arrived,
  ) {}
}

export function parcelExtension(takeArrived: () => Arrived | undefined): ValueExtension<Parcel> {
  return {
    tag: 3,
    matches: (value): value is Parcel => value instanceof Parcel,
    encode: (parcel) => parcel.value,
    // Besides its value a message with a parcel holds numbers only.
    decode: (value) => new Parcel(value, takeArrived()),
  };
}
