export * from "./any-process.js";
export { Cluster, type RmProcsOptions } from "./cluster.js";
export type { Everywhere } from "./calls/everywhere.js";
export type { EverywhereOptions } from "./calls/everywhere-options.js";
export type { CleanUp, Initialize } from "./cluster/initialize.js";
export type { Adaptation } from "./cluster/adaptation.js";
export type { AdaptOptions } from "./cluster/adaptation-options.js";
export type { AddProcsOptions } from "./cluster/add-procs-options.js";
export type { ClusterEvents } from "./cluster/cluster-events.js";
export type {
  ClusterManager,
  LaunchedWorker,
  LaunchOutcome,
  LaunchRequest,
  LaunchTimeouts,
  LeavingNotice,
  RendezvousAddress,
  WorkerCount,
  WorkerOutput,
  WorkerReport,
  WorkerWatch,
} from "./cluster/cluster-manager.js";
export type { ClusterOptions, CodeOptions } from "./cluster/cluster-options.js";
export type { Launch, LaunchResult } from "./cluster/launch.js";
export type { WorkerInfo } from "./cluster/worker-info.js";
export type { OutputOption, WorkerLine } from "./cluster/worker-output.js";
export { LocalManager, type LocalDetails } from "./managers/local/local-manager.js";
export type { LocalOptions } from "./managers/local/local-options.js";
export type { Topology } from "./peers/topology.js";
export type { CodeSource } from "./protocol/code-messages.js";
export type { PortRange } from "./util/port-range.js";
export { ROLLCALL_VERSION } from "./util/version.js";
