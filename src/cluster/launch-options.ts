import type { Labels } from "../calls/labels.js";
import type { InitializeReference } from "../functions/function-reference.js";
import type { Acquaintance } from "../peers/topology.js";
import type { WorkerCount } from "./cluster-manager.js";

/** How one launch differs from others of the same cluster manager. */
export interface LaunchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default: the cluster manager's own number. */
  readonly workers?: WorkerCount | undefined;
  readonly labels: Labels;
  /** The place of its workers in a custom topology. */
  readonly acquaintance: Acquaintance;
  /** What its workers run before they are members. Nothing is started if one of these cannot travel. */
  readonly initialize: readonly Promise<InitializeReference>[];
  /** A worker of this launch is a member now; called before anyone else hears of it. */
  readonly onJoined?: (pid: number) => void;
}
