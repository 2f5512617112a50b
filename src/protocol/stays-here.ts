/**
 * Key of an object that lives in its own process alone, though it has nothing that the codec would refuse: a class whose
 * state is private would arrive as an empty object, and fail far from the mistake. What the key holds is the way out, as the
 * rest of a sentence.
 */
export const staysHere: unique symbol = Symbol.for("rollcall.stays-here");

export function wayOutOf(value: object): string | undefined {
  return staysHere in value ? String(value[staysHere]) : undefined;
}
