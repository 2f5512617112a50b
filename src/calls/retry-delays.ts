import { isRecord, milliseconds, show } from "../util/option-checks.js";

const MOST_DELAYS = 1_000;

/** The delays, read once. Throws a `TypeError` or `RangeError` for anything that is no list of milliseconds. */
export function checkRetryDelays(delays: Iterable<number>): readonly number[] {
  if (!(isRecord(delays) || Array.isArray(delays)) || !(Symbol.iterator in delays)) {
    throw new TypeError(`retryDelays must be a list of milliseconds, not ${show(delays)}`);
  }
  const checked: number[] = [];
  for (const delay of delays) {
    checked.push(milliseconds("each of retryDelays", delay, 0));
    if (checked.length > MOST_DELAYS) {
      throw new RangeError(`retryDelays may be at most ${MOST_DELAYS}; is it endless?`);
    }
  }
  return checked;
}

/** Whether they give the same, or new, delays each time they are read; a generator gives none the second time. */
export function areRepeatable(delays: Iterable<number>): boolean {
  return (delays[Symbol.iterator]() as unknown) !== delays;
}
