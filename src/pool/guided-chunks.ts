import type { Chunk } from "../functions/compositions.js";
import { Range } from "./range.js";

/** Each chunk is what is left, divided by so many times the number of workers. */
const SHARES_PER_WORKER = 3;

/**
 * Cuts a loop into chunks, in order: large ones first, which cost little to send, and smaller ones towards the end, so
 * that all workers end at about the same time whatever the items take (guided self-scheduling). The next chunk is cut
 * when it is asked for, for the workers that are there then.
 */
export function* guidedChunks<T>(
  items: ArrayLike<T> | Range,
  workers: () => number,
): Generator<Chunk<T>, void, void> {
  let from = 0;
  while (from < items.length) {
    const left = items.length - from;
    const length = Math.max(1, Math.ceil(left / (SHARES_PER_WORKER * Math.max(1, workers()))));
    yield chunk(items, from, length);
    from += length;
  }
}

function chunk<T>(items: ArrayLike<T> | Range, from: number, length: number): Chunk<T> {
  if (items instanceof Range) return { start: items.start, step: items.step, from, length };
  return { items: slice(items, from, from + length), length };
}

/** Typed arrays stay what they are. */
function slice<T>(items: ArrayLike<T>, from: number, to: number): ArrayLike<T> {
  if (ArrayBuffer.isView(items)) return (items as unknown as Uint8Array).slice(from, to) as never;
  return Array.prototype.slice.call(items, from, to) as T[];
}
