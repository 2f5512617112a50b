/** Levels of nesting (arrays in objects in arrays ...) that travel: deep enough for data, and safe for the stack. */
export const DEFAULT_MAX_DEPTH = 1_000;
/** More levels than this could overflow the stack of a thread before the limit is reached. */
export const HIGHEST_MAX_DEPTH = 1_500;

/** Binary values from this many bytes on travel beside the body. */
export const DEFAULT_SEGMENT_THRESHOLD = 8_192;

/** Bytes of a body: what a receiver must hold in one piece. Large binary values are not part of it. */
export const DEFAULT_MAX_BODY_BYTES = 1 << 30;

/** Scratch memory that an encoder keeps between messages. */
export const RETAINED_BYTES = 1 << 20;

/** A whole number in a range, or a `TypeError` or `RangeError` that names the option. */
export function checkedLimit(
  name: string,
  value: number | undefined,
  usual: number,
  highest: number,
): number {
  if (value === undefined) return usual;
  if (typeof value !== "number") throw new TypeError(`${name} is a number, not ${typeof value}`);
  if (!Number.isInteger(value) || value < 1 || value > highest) {
    throw new RangeError(`${name} is a whole number from 1 to ${highest}, not ${value}`);
  }
  return value;
}

export function checkOptionNames(owner: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name))
      throw new TypeError(`${owner} has no option ${name}; it has ${known.join(", ")}`);
  }
}
