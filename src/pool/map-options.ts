import {
  abortSignal,
  oneOf,
  onlyKnown,
  optional,
  plainObject,
  show,
  wholeNumber,
} from "../util/option-checks.js";

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

const names = ["order", "concurrency", "signal", "maxDeaths", "onProgress"];
const MOST = Number.MAX_SAFE_INTEGER;

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkMapOptions(options: MapOptions): CheckedMapOptions {
  onlyKnown("pmap", plainObject("the options of pmap", options), names);
  const { order = "input", concurrency, signal, maxDeaths = 3, onProgress } = options;
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(`onProgress must be a function, not ${show(onProgress)}`);
  }
  return {
    order: oneOf("order", order, ["input", "finished"]),
    concurrency: optional(concurrency, (count) => wholeNumber("concurrency", count, 1, MOST)),
    signal: optional(signal, (value) => abortSignal("signal", value)),
    maxDeaths: wholeNumber("maxDeaths", maxDeaths, 1, MOST),
    onProgress,
  };
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
