import type { LaunchTimeouts, WorkerCount } from "../cluster/cluster-manager.js";
import { checkLaunchTimeouts } from "../cluster/manager-options.js";
import { checkWorkerCount } from "../cluster/worker-count.js";
import type { MemoryNetwork } from "../transport/memory.js";
import { onlyKnown, plainObject, show } from "../util/option-checks.js";

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

const optionNames = ["network", "workers", "timeouts", "fate"];
const defaultTimeouts: LaunchTimeouts = { launchMs: 10_000, reportMs: 5_000, joinMs: 5_000 };

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkMemoryOptions(options: MemoryOptions): CheckedMemoryOptions {
  onlyKnown("MemoryManager", plainObject("the options of MemoryManager", options), optionNames);
  const { network, workers = 2, timeouts = {}, fate = () => "runs" } = options;
  if (typeof network?.dial !== "function") {
    throw new TypeError(
      "MemoryManager needs a network: the MemoryNetwork that its cluster has as its transport",
    );
  }
  if (typeof fate !== "function") throw new TypeError(`fate must be a function, not ${show(fate)}`);
  return {
    network,
    workers: checkWorkerCount(workers),
    timeouts: checkLaunchTimeouts(timeouts, defaultTimeouts),
    fate,
  };
}
