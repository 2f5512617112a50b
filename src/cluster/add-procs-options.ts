import { checkLabels, type Labels } from "../calls/labels.js";
import type { Acquaintance, Topology } from "../peers/topology.js";
import {
  abortSignal,
  flag,
  isRecord,
  list,
  onlyKnown,
  optional,
  plainObject,
  text,
  wholeNumber,
} from "../util/option-checks.js";
import type { WorkerCount } from "./cluster-manager.js";
import { checkInitialize, type Initialize } from "./initialize.js";
import { checkWorkerCount } from "./worker-count.js";

export interface AddProcsOptions {
  /** Ends the launch: what it started is stopped, and it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** How many workers to start, in place of the cluster manager's own number. */
  readonly workers?: number | WorkerCount;
  /** What the workers of this launch are labelled with. At most 32, of at most 128 characters each. Default none. */
  readonly labels?: Labels;
  /**
   * In topology `custom`: the name, not unique, by which others of `connectIdents` know the workers of this launch, at most
   * 128 characters.
   */
  readonly ident?: string;
  /** In topology `custom`: the workers of this launch may call, and be called by, those with one of these `ident`s. */
  readonly connectIdents?: readonly string[];
  /**
   * Starts another worker, with the same cluster manager and labels, for each that dies or is taken away by its
   * platform; those that `rmProcs` removes stay away. A replacement that fails is tried again after 1, 2, 4, ... up to
   * 60 seconds, five times in a row at the most. `limit` bounds how many are started in all. Default `false`.
   */
  readonly replace?: boolean | { readonly limit: number };
  /** Runs on each worker of this launch before it takes calls, after the cluster's own `initialize`. */
  readonly initialize?: Initialize;
}

export interface CheckedAddProcsOptions {
  readonly signal: AbortSignal | undefined;
  readonly workers: WorkerCount | undefined;
  readonly labels: Labels;
  readonly acquaintance: Acquaintance;
  /** How many workers may be replaced. */
  readonly replacements: number;
  readonly initialize: Initialize | undefined;
}

/** Those that say what kind of workers are started. */
export const kindOptionNames = ["labels", "ident", "connectIdents", "initialize"];

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkAddProcsOptions(options: AddProcsOptions, topology: Topology): CheckedAddProcsOptions {
  onlyKnown("addProcs", plainObject("the options of addProcs", options), [
    "signal",
    "workers",
    ...kindOptionNames,
    "replace",
  ]);
  const { signal, workers, labels = {}, replace = false, initialize } = options;
  return {
    signal: signal === undefined ? undefined : abortSignal("signal", signal),
    workers: workers === undefined ? undefined : checkWorkerCount(workers),
    labels: checkLabels("labels", labels),
    acquaintance: checkAcquaintance(options, topology),
    replacements: replacementsOf(replace),
    initialize: optional(initialize, checkInitialize),
  };
}

function checkAcquaintance({ ident, connectIdents }: AddProcsOptions, topology: Topology): Acquaintance {
  if (topology !== "custom" && (ident ?? connectIdents) !== undefined) {
    throw new TypeError(
      `ident and connectIdents are for clusters with topology "custom"; this one has "${topology}"`,
    );
  }
  return {
    ident: optional(ident, (value) => checkIdent("ident", value)),
    connectIdents: optional(connectIdents, (idents) =>
      list("connectIdents", idents, MOST_IDENTS).map((value, at) =>
        checkIdent(`connectIdents[${at}]`, value),
      ),
    ),
  };
}

function checkIdent(name: string, value: unknown): string {
  const ident = text(name, value, '"left"');
  if (ident.length <= LONGEST_IDENT) return ident;
  throw new RangeError(`${name} is longer than ${LONGEST_IDENT} characters`);
}

const MOST_IDENTS = 1_000;
const LONGEST_IDENT = 128;

function replacementsOf(replace: unknown): number {
  if (!isRecord(replace)) return flag("replace", replace) ? Infinity : 0;
  onlyKnown("replace", replace, ["limit"]);
  return wholeNumber("replace.limit", replace["limit"], 1, Number.MAX_SAFE_INTEGER);
}
