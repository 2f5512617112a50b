import { InvalidArgumentError } from "commander";
import { parsePortRange, type PortRange } from "../util/port-range.js";

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

/** For commander: the text of a port, or of a range of them. */
export function portsOption(text: string): PortRange {
  const range = parsePortRange(text);
  if (range !== undefined && range.from > 0) return range;
  throw new InvalidArgumentError(`"${text}" is neither a port nor a range such as 7000-7009.`);
}

/** For commander: texts with commas between them. */
export function listOption(text: string): readonly string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
