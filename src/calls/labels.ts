import { plainObject, show } from "../util/option-checks.js";

/** Names and values of one's own choice, by which workers are found again: `{ disk: "ssd" }`. */
export type Labels = Readonly<Record<string, string>>;

const MOST_LABELS = 32;
const LONGEST_LABEL = 128;

/** A copy. Throws a `TypeError` or `RangeError` that names the label. */
export function checkLabels(name: string, labels: unknown): Labels {
  const given = Object.entries(plainObject(name, labels));
  if (given.length > MOST_LABELS) {
    throw new RangeError(`${name} has ${given.length} entries and takes at most ${MOST_LABELS}`);
  }
  for (const [key, value] of given) {
    if (typeof value !== "string") {
      throw new TypeError(`${name}.${key} must be a string, not ${show(value)}`);
    }
    if (key.length > LONGEST_LABEL || value.length > LONGEST_LABEL) {
      throw new RangeError(
        `${name}.${key.slice(0, LONGEST_LABEL)} is longer than ${LONGEST_LABEL} characters`,
      );
    }
  }
  return Object.fromEntries(given) as Record<string, string>;
}
