import { show } from "../util/option-checks.js";

/**
 * Numbers with equal distances. It can be iterated any number of times, and takes the same memory whatever its length.
 */
export class Range implements Iterable<number> {
  constructor(
    readonly start: number,
    readonly step: number,
    readonly length: number,
  ) {}

  /** The number at a position from 0 to below `length`; undefined elsewhere. */
  at(position: number): number | undefined {
    if (!Number.isInteger(position) || position < 0 || position >= this.length) return undefined;
    return this.start + position * this.step;
  }

  *[Symbol.iterator](): Generator<number, void, void> {
    for (let position = 0; position < this.length; position++) yield this.start + position * this.step;
  }
}

/**
 * The numbers from `start` (default 0) to below `stop`, in steps of `step` (default 1; down to above `stop` if negative).
 * Unlike Julia's `start:step:stop` without `stop` itself, as everywhere in JavaScript. Empty if `stop` lies the other way.
 * Throws a `TypeError` or `RangeError` for what is no finite number, for a step of 0, and for more than 2^53 - 1 numbers.
 *
 * @example
 * range(5); // 0 1 2 3 4
 * range(10, 0, -5); // 10 5
 */
export function range(stop: number): Range;
export function range(start: number, stop: number, step?: number): Range;
export function range(first: number, second?: number, step = 1): Range {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  for (const [name, value] of Object.entries({ start, stop, step })) {
    if (typeof value !== "number")
      throw new TypeError(`${name} of a range must be a number, not ${show(value)}`);
    if (!Number.isFinite(value)) throw new RangeError(`${name} of a range must be finite, not ${value}`);
  }
  if (step === 0) throw new RangeError("step of a range must not be 0");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!Number.isSafeInteger(length)) throw new RangeError(`a range of ${length} numbers is too long`);
  return new Range(start, step, length);
}
