/** Items of the first answer to a reader, and of the largest: each is twice the one before. */
export const FIRST_ITEMS = 4;
export const MOST_ITEMS = 64;

/** From this many bytes on no further item joins those of an answer. */
export const ENOUGH_BYTES = 256 * 1024;

/** How deep, and how far in one object, the size of an item is looked for. */
const MAX_DEPTH = 3;
const MAX_ENTRIES = 64;
const FLAT_BYTES = 8;

/** How many items a reader asks for, after it has asked for `last`. */
export function nextItems(last: number): number {
  return Math.min(2 * last, MOST_ITEMS);
}

/** The bytes of an item, roughly: enough to tell a chunk of a file from a number. */
export function roughSize(item: unknown, depth = 0): number {
  if (typeof item === "string") return item.length;
  if (typeof item !== "object" || item === null) return FLAT_BYTES;
  if (ArrayBuffer.isView(item) || item instanceof ArrayBuffer) return item.byteLength;
  if (depth === MAX_DEPTH) return FLAT_BYTES;
  let size = FLAT_BYTES;
  let entries = 0;
  for (const key in item) {
    if (++entries > MAX_ENTRIES) break;
    size += roughSize((item as Record<string, unknown>)[key], depth + 1);
  }
  return size;
}
