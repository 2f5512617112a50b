import { show } from "../util/option-checks.js";

export type Items<T> = Iterable<T> | AsyncIterable<T>;
export type ItemsIterator<T> = Iterator<T> | AsyncIterator<T>;

/** How many items an input has, where it says so without being read. */
export function sizeOf(items: Items<unknown>): number | undefined {
  if (Array.isArray(items)) return items.length;
  return items instanceof Set || items instanceof Map ? items.size : undefined;
}

/** Throws a `TypeError` that begins with `name` for anything that cannot be iterated. */
export function checkItems(name: string, items: unknown): void {
  if (methodOf(items, Symbol.asyncIterator) ?? methodOf(items, Symbol.iterator)) return;
  throw new TypeError(`${name} needs an iterable or an async iterable of items, not ${show(items)}`);
}

/** The items, one at a time. Throws as `checkItems` does, and a `TypeError` for an iterator that is none. */
export function iteratorOf<T>(name: string, items: Items<T>): ItemsIterator<T> {
  checkItems(name, items);
  const method = methodOf(items, Symbol.asyncIterator) ?? methodOf(items, Symbol.iterator);
  const iterator: unknown = Reflect.apply(method!, items, []);
  if (typeof (Object(iterator) as { next?: unknown }).next === "function")
    return iterator as ItemsIterator<T>;
  throw new TypeError(
    `${name} was given items whose iterator is ${show(iterator)} without a method next; a generator makes a correct one`,
  );
}

/** What an iterator gave. Throws a `TypeError` if it is no result of an iterator. */
export function checkResult<T>(name: string, result: IteratorResult<T>): IteratorResult<T> {
  if (typeof result === "object" && result !== null) return result;
  throw new TypeError(
    `the iterator of the items of ${name} gave ${show(result)} where { value, done } is due; a generator does that right`,
  );
}

function methodOf(items: unknown, name: symbol): Function | undefined {
  if (typeof items !== "string" && (typeof items !== "object" || items === null)) return undefined;
  const method: unknown = Reflect.get(Object(items) as object, name);
  return typeof method === "function" ? method : undefined;
}
