import { onlyKnown, plainObject, wholeNumber } from "../util/option-checks.js";
import { checkLabels, type Labels } from "./labels.js";

/** Which processes `procs` and `workers` list. */
export interface ProcessFilter {
  /** Those that carry all of these labels, with these values. */
  readonly labels?: Labels;
  /** Those on the machine of this process, itself included (Julia's `procs(pid)`). */
  readonly sameHostAs?: number;
}

/** Where a process runs, as far as the manager can tell. */
export interface ProcessPlace {
  /** The address at which it was reached; undefined for the manager itself. */
  readonly host: string | undefined;
  readonly hostname: string;
}

/** Throws a `TypeError` or `RangeError` that names what is wrong. */
export function checkProcessFilter(filter: ProcessFilter): ProcessFilter {
  onlyKnown("a filter of processes", plainObject("a filter of processes", filter), ["labels", "sameHostAs"]);
  if (filter.labels !== undefined) checkLabels("labels", filter.labels);
  if (filter.sameHostAs !== undefined) {
    wholeNumber("sameHostAs", filter.sameHostAs, 1, Number.MAX_SAFE_INTEGER);
  }
  return filter;
}

export function hasLabels(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

/**
 * Whether two processes share a machine. Containers that have a network of their own have host names of their own too,
 * and are told by the address of their instance, under which all of them are reached.
 */
export function isSameHost(one: ProcessPlace, other: ProcessPlace): boolean {
  return one.hostname === other.hostname || (one.host !== undefined && one.host === other.host);
}
