import type { Labels } from "../calls/labels.js";
import type { LaunchedWorker, WorkerReport } from "./cluster-manager.js";

/** What a cluster knows of one of its workers. */
export interface WorkerInfo<Details = unknown> {
  /** Its id in the cluster: 2 and up, never used again. */
  readonly pid: number;
  /** Where the manager reached it; with `reachedBy: "reverse"` the address from which it came. */
  readonly host: string;
  /** 0 with `reachedBy: "reverse"`: nobody dials it there. */
  readonly port: number;
  /** Who opened the connection that carries the calls: the manager (`dial`), or the worker itself (`reverse`). */
  readonly reachedBy: "dial" | "reverse";
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
