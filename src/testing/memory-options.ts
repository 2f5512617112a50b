import type { LaunchTimeouts, WorkerCount } from "../cluster/cluster-manager.js";
import type { MemoryNetwork } from "../transport/memory.js";

/**
 * What becomes of a worker. `runs`: it reports in at once. `refused`: the platform does not start it. `never starts`: the
 * platform accepts it and no more is heard of it. `never reports`: it runs and never reaches the manager. `exits early`:
 * it ends by itself, with exit code 1, before it reports. `startAfter`: it starts when the promise resolves.
 */
export type WorkerFate =
  | "runs"
  | "refused"
  | "never starts"
  | "never reports"
  | "exits early"
  | { readonly startAfter: Promise<unknown> };

export interface MemoryOptions {
  /** The network between manager and workers; give the cluster the same one, as its option `transport`. */
  readonly network: MemoryNetwork;
  /** How many workers a launch starts. Default 2. */
  readonly workers?: number | WorkerCount;
  /** Defaults: 10,000 for the launch, 5,000 for the report, 5,000 for the join, in milliseconds. */
  readonly timeouts?: Partial<LaunchTimeouts>;
  /** What becomes of the nth worker, counted from 1 over all launches of this manager. Default: each `runs`. */
  readonly fate?: (n: number) => WorkerFate;
}

export interface CheckedMemoryOptions {
  readonly network: MemoryNetwork;
  readonly workers: WorkerCount;
  readonly timeouts: LaunchTimeouts;
  readonly fate: (n: number) => WorkerFate;
}

const known = ["network", "workers", "timeouts", "fate"];
const knownTimeouts = ["launchMs", "reportMs", "joinMs"];
const defaultTimeouts: LaunchTimeouts = { launchMs: 10_000, reportMs: 5_000, joinMs: 5_000 };

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkMemoryOptions(options: MemoryOptions): CheckedMemoryOptions {
  refuseUnknown("option", options, known);
  refuseUnknown("timeout", options.timeouts ?? {}, knownTimeouts);
  const { network, workers = 2, fate = () => "runs" } = options;
  if (typeof network?.dial !== "function") {
    throw new TypeError(
      "MemoryManager needs a network: the MemoryNetwork that its cluster has as its transport",
    );
  }
  const { min, max } = typeof workers === "number" ? { min: workers, max: workers } : workers;
  for (const count of [min, max]) {
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(`workers must be a whole number of at least 1, not ${String(count)}`);
    }
  }
  if (min > max) throw new RangeError(`workers.min (${min}) is larger than workers.max (${max})`);
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  for (const [name, ms] of Object.entries(timeouts)) {
    if (!(typeof ms === "number" && ms > 0)) {
      throw new RangeError(`timeouts.${name} must be a positive number of milliseconds, not ${String(ms)}`);
    }
  }
  return { network, workers: { min, max }, timeouts, fate };
}

function refuseUnknown(kind: string, given: object, names: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(`unknown ${kind} "${unknown}" of MemoryManager; there are ${names.join(", ")}`);
}
