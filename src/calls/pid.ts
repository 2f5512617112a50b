import { show } from "../util/option-checks.js";

/** A process of the cluster by its id: 1 is the manager, workers have 2 and up. */
export type Pid = number;

export function isPid(value: unknown): value is Pid {
  return typeof value === "number" && Number.isInteger(value) && value >= 1;
}

/** Throws a `TypeError` that begins with `name` for what can be none. */
export function checkPid(name: string, value: unknown): Pid {
  if (isPid(value)) return value;
  throw new TypeError(`${name} takes a pid (1, 2, ...), not ${show(value)}`);
}

/** A copy of the list. Throws a `TypeError` that begins with `name` for what is none, or holds anything else. */
export function checkPids(name: string, values: unknown): Pid[] {
  if (typeof values !== "object" || values === null || !(Symbol.iterator in values)) {
    throw new TypeError(`${name} takes a list of pids, such as [2, 3], not ${show(values)}`);
  }
  const pids: Pid[] = [];
  for (const value of values as Iterable<unknown>) {
    if (!isPid(value)) throw new TypeError(`${name} takes pids (1, 2, ...), not ${show(value)}`);
    pids.push(value);
  }
  return pids;
}
