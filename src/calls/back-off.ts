import { fraction, milliseconds, onlyKnown, plainObject, show, wholeNumber } from "../util/option-checks.js";

export interface BackOffOptions {
  /** How many delays. Default 3. */
  readonly retries?: number;
  /** The first, in milliseconds. Default 50. */
  readonly firstDelayMs?: number;
  /** None is longer, in milliseconds. Default 10,000. */
  readonly maxDelayMs?: number;
  /** Each is so many times the one before. Default 5. */
  readonly factor?: number;
  /** Each is longer or shorter by up to this part of itself, by chance. Default 0.1. */
  readonly jitter?: number;
}

/**
 * Growing delays for `retryDelays`, new ones each time they are iterated: Julia's `ExponentialBackOff`, with its
 * defaults but for `retries`, which is 1 there. Throws a `TypeError` or `RangeError` for a bad option.
 *
 * @example
 * const retryDelays = exponentialBackOff({ retries: 5 });
 * await cluster.pmap(fetchPage, urls, { retryDelays });
 * await cluster.remoteCallFetch(fetchPage, { pid: "any", retryDelays }, url);
 */
export function exponentialBackOff(
  options: BackOffOptions = {},
  random: () => number = Math.random,
): Iterable<number> {
  const known = ["retries", "firstDelayMs", "maxDelayMs", "factor", "jitter"];
  onlyKnown("exponentialBackOff", plainObject("the options of exponentialBackOff", options), known);
  const { retries = 3, firstDelayMs = 50, maxDelayMs = 10_000, factor = 5, jitter = 0.1 } = options;
  wholeNumber("retries", retries, 0, 1_000);
  milliseconds("firstDelayMs", firstDelayMs, 0);
  milliseconds("maxDelayMs", maxDelayMs, 0);
  if (typeof factor !== "number") throw new TypeError(`factor must be a number, not ${show(factor)}`);
  if (!(factor >= 1)) throw new RangeError(`factor must be 1 or more, not ${factor}`);
  fraction("jitter", jitter);
  return {
    *[Symbol.iterator]() {
      let delay = firstDelayMs;
      for (let count = 0; count < retries; count++) {
        yield Math.min(maxDelayMs, delay * (1 + jitter * (2 * random() - 1)));
        delay = Math.min(maxDelayMs, delay * factor);
      }
    },
  };
}
