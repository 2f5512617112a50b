import { InvalidArgumentError } from "commander";

/** For commander: the text of a whole number from 1 as a number. */
export function positiveOption(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) {
    throw new InvalidArgumentError(`"${text}" is not a whole number, 1 or above.`);
  }
  return value;
}

/** For commander: the same, up to a day. */
export function secondsOption(text: string): number {
  const value = positiveOption(text);
  if (value > 86_400) throw new InvalidArgumentError(`"${text}" is more than a day (86400).`);
  return value;
}

/** For commander: the text of a port. */
export function portOption(text: string): number {
  const value = positiveOption(text);
  if (value > 65_535) throw new InvalidArgumentError(`"${text}" is not a port, 1 to 65535.`);
  return value;
}
