export interface MapProgress {
  /** Items whose result is there. */
  readonly done: number;
  /** Items that are being worked on. */
  readonly running: number;
  /** Items taken from the input so far. */
  readonly taken: number;
}

export interface MapOptions {
  /** When iterated: results in the order of the input (the default), or each as it is finished. */
  readonly order?: "input" | "finished";
  /** Items that one worker has at once. By default found from the time that items take; 1 for long ones. */
  readonly concurrency?: number;
  /** Stops the map: nothing more is sent, and it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** An item is set aside, and the map fails, when this many workers died while they worked on it. Default 3. */
  readonly maxDeaths?: number;
  /** Told after each item. */
  readonly onProgress?: (progress: MapProgress) => void;
}

export interface CheckedMapOptions {
  readonly order: "input" | "finished";
  readonly concurrency: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly maxDeaths: number;
  readonly onProgress: ((progress: MapProgress) => void) | undefined;
}

const known = ["order", "concurrency", "signal", "maxDeaths", "onProgress"];

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkMapOptions(options: MapOptions): CheckedMapOptions {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`unknown option "${unknown}" of pmap; the options are ${known.join(", ")}`);
  }
  const { order = "input", concurrency, signal, maxDeaths = 3, onProgress } = options;
  if (order !== "input" && order !== "finished") {
    throw new TypeError(`order must be "input" or "finished", not ${JSON.stringify(order)}`);
  }
  if (concurrency !== undefined) checkCount("concurrency", concurrency);
  checkCount("maxDeaths", maxDeaths);
  return { order, concurrency, signal, maxDeaths, onProgress };
}

function checkCount(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`${name} must be a whole number of at least 1, not ${String(value)}`);
  }
}

/** The input of a map, one item at a time. Throws a `TypeError` for anything that cannot be iterated. */
export function inputIterator<T>(items: Iterable<T> | AsyncIterable<T>): Iterator<T> | AsyncIterator<T> {
  if (typeof items === "object" || typeof items === "string") {
    if (items !== null && Symbol.asyncIterator in Object(items))
      return (items as AsyncIterable<T>)[Symbol.asyncIterator]();
    if (items !== null && Symbol.iterator in Object(items)) return (items as Iterable<T>)[Symbol.iterator]();
  }
  throw new TypeError(
    `pmap needs an iterable or an async iterable of items, not ${items === null ? "null" : typeof items}`,
  );
}
