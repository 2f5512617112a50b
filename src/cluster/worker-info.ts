import type { Labels } from "../calls/labels.js";
import type { LaunchedWorker, WorkerReport } from "./cluster-manager.js";

/** What a cluster knows of one of its workers. */
export interface WorkerInfo<Details = unknown> {
  /** Its id in the cluster: 2 and up, never used again. */
  readonly pid: number;
  /** Where the manager reached it. */
  readonly host: string;
  readonly port: number;
  /** What it said of itself. */
  readonly report: WorkerReport;
  /** What `addProcs` labelled it with. */
  readonly labels: Labels;
  /** What its program said last of what it does, by key, as it changes; see `setStatus` of `rollcall/worker`. */
  readonly status: ReadonlyMap<string, unknown>;
  /** Name of the cluster manager that started it. */
  readonly manager: string;
  /** What the platform says of it. */
  readonly launched: LaunchedWorker<Details>;
}
