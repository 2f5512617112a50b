/**
 * How objects of one class travel when they are more than their data: references, handles, functions.
 *
 * An object that holds itself through its extension's data cannot travel.
 */
export interface ValueExtension<T extends object = object> {
  /** On the wire, 0 to 255; never reused for something else. */
  readonly tag: number;
  /**
   * Asked for functions, and for objects that are neither arrays nor plain objects, before anything else is tried.
   * Must give the same answer for all objects of one prototype (functions are asked about one by one).
   */
  matches(value: object): value is T;
  /** What travels instead; any encodable value. An error that it throws should go on after the value's path: `is closed`. */
  encode(value: T): unknown;
  /** May throw: the message then fails to decode, with that error as its cause. */
  decode(data: unknown): T;
}

/** Extensions by tag. Throws a `TypeError` or `RangeError` if two share a tag or a tag is not a byte. */
export function indexExtensions(extensions: readonly ValueExtension[]): ReadonlyMap<number, ValueExtension> {
  const byTag = new Map<number, ValueExtension>();
  for (const extension of extensions) {
    if (!Number.isInteger(extension.tag) || extension.tag < 0 || extension.tag > 255) {
      throw new RangeError(
        `the tag of a value extension is a whole number from 0 to 255, not ${extension.tag}`,
      );
    }
    if (byTag.has(extension.tag)) throw new TypeError(`two value extensions have the tag ${extension.tag}`);
    byTag.set(extension.tag, extension);
  }
  return byTag;
}
