import { checkItems, checkResult, iteratorOf, type Items } from "./items.js";

/** The item types of several iterables, as a tuple. */
export type Zipped<Inputs extends readonly Items<unknown>[]> = {
  -readonly [Position in keyof Inputs]: Inputs[Position] extends
    Iterable<infer Item> | AsyncIterable<infer Item>
    ? Item
    : never;
};

/**
 * Tuples of the items at the same positions, for `pmap` over several collections. Ends with the shortest, as Julia's
 * `pmap(f, a, b)` does. Items are taken only as they are needed; what is left of the others is closed. Throws a
 * `TypeError` for what is no iterable.
 *
 * @example
 * await cluster.pmap(([image, width]) => resize(image, width), zip(images, widths));
 */
export function zip<Inputs extends readonly Iterable<unknown>[]>(...inputs: Inputs): Iterable<Zipped<Inputs>>;
export function zip<Inputs extends readonly Items<unknown>[]>(
  ...inputs: Inputs
): AsyncIterable<Zipped<Inputs>>;
export function zip(...inputs: readonly Items<unknown>[]): Iterable<unknown[]> | AsyncIterable<unknown[]> {
  if (inputs.length === 0) throw new TypeError("zip needs at least one iterable");
  const isAsync = inputs.some((input) => Symbol.asyncIterator in Object(input));
  // An input that cannot be iterated is refused here and not where the first tuple is asked for.
  for (const input of inputs) checkItems("zip", input);
  return isAsync
    ? { [Symbol.asyncIterator]: () => zipAsync(inputs) }
    : { [Symbol.iterator]: () => zipSync(inputs as readonly Iterable<unknown>[]) };
}

function* zipSync(inputs: readonly Iterable<unknown>[]): Generator<unknown[], void, void> {
  const open = new Set(inputs.map((input) => iteratorOf("zip", input) as Iterator<unknown>));
  try {
    for (;;) {
      const tuple: unknown[] = [];
      for (const iterator of open) {
        const next = checkResult("zip", iterator.next());
        if (next.done === true) {
          open.delete(iterator);
          return;
        }
        tuple.push(next.value);
      }
      yield tuple;
    }
  } finally {
    for (const iterator of open) iterator.return?.();
  }
}

async function* zipAsync(inputs: readonly Items<unknown>[]): AsyncGenerator<unknown[], void, void> {
  const open = new Set(inputs.map((input) => iteratorOf("zip", input)));
  try {
    for (;;) {
      const tuple: unknown[] = [];
      for (const iterator of open) {
        const next = checkResult("zip", await iterator.next());
        if (next.done === true) {
          open.delete(iterator);
          return;
        }
        tuple.push(next.value);
      }
      yield tuple;
    }
  } finally {
    for (const iterator of open) await iterator.return?.();
  }
}
