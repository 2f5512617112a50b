/** What code that runs on a worker may want; pulls in no manager. */
export { currentCall, type CurrentCall } from "../rpc/current-call.js";
export { currentCluster } from "../current-cluster.js";
export type { ClusterView } from "../cluster-view.js";
export type { CallLimits, CallOptions, CallTarget, Pid, RetryOptions } from "../calls/call-target.js";
export type { Future } from "../calls/future.js";
export type { ProcessHandle, RemoteModule } from "../calls/process-handle.js";
export type { Labels } from "../calls/labels.js";
export type { ProcessFilter } from "../calls/process-filter.js";
export * from "../errors.js";
export type { MapOptions, MapProgress } from "../pool/map-options.js";
export type { ParallelMap } from "../pool/parallel-map.js";
export { myId } from "./current-process.js";
export { setStatus } from "./status.js";
