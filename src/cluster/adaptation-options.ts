import type { Topology } from "../peers/topology.js";
import { milliseconds, onlyKnown, plainObject, wholeNumber } from "../util/option-checks.js";
import {
  checkAddProcsOptions,
  kindOptionNames,
  type AddProcsOptions,
  type CheckedAddProcsOptions,
} from "./add-procs-options.js";
import type { AdaptationLimits } from "./adaptation-plan.js";
import { MOST_WORKERS } from "./worker-count.js";

/** Beside these, the options of `addProcs` that say what kind of workers are started. */
export interface AdaptOptions extends Omit<AddProcsOptions, "workers" | "replace" | "signal"> {
  /** Workers that are there in any case. Default 0. */
  readonly min?: number;
  /** The most that are started. */
  readonly max: number;
  /** How long a worker may be without work before it is given back, in milliseconds. Default 30,000. */
  readonly idleMs?: number;
  /** How long work must have waited before more workers are started for it, in milliseconds. Default 500. */
  readonly patienceMs?: number;
}

export interface CheckedAdaptOptions {
  readonly limits: AdaptationLimits;
  readonly launch: CheckedAddProcsOptions;
}

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkAdaptOptions(options: AdaptOptions, topology: Topology): CheckedAdaptOptions {
  plainObject("the options of adapt", options);
  const { min = 0, max, idleMs = 30_000, patienceMs = 500, ...launch } = options;
  for (const name of ["workers", "replace", "signal"]) {
    if (name in launch) {
      throw new TypeError(`adapt takes no ${name}: it starts workers, and others in their place, by itself`);
    }
  }
  onlyKnown("adapt", options, ["min", "max", "idleMs", "patienceMs", ...kindOptionNames]);
  const most = wholeNumber("max", max, 1, MOST_WORKERS);
  return {
    limits: {
      min: wholeNumber("min", min, 0, most),
      max: most,
      idleMs: milliseconds("idleMs", idleMs, 0),
      patienceMs: milliseconds("patienceMs", patienceMs, 0),
    },
    launch: checkAddProcsOptions(launch, topology),
  };
}
