export { Cluster, type RmProcsOptions } from "./cluster.js";
export type { ClusterView, Scope } from "./cluster-view.js";
export type { Everywhere } from "./calls/everywhere.js";
export type { EverywhereOptions } from "./calls/everywhere-options.js";
export type { CleanUp, Initialize } from "./cluster/initialize.js";
export type {
  CallLimits,
  CallOptions,
  CallTarget,
  RemoteCallTarget,
  RemoteDoTarget,
  Pid,
  PoolCallOptions,
  RetryOptions,
} from "./calls/call-target.js";
export type { ProcessHandle, RemoteModule } from "./calls/process-handle.js";
export type {
  BoundChannelOptions,
  BroadcastOptions,
  ChannelOptions,
  ReferenceOptions,
} from "./calls/reference-options.js";
export type { Labels } from "./calls/labels.js";
export type { ProcessFilter } from "./calls/process-filter.js";
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
export * from "./errors.js";
export { shareErrorClass } from "./protocol/error-classes.js";
export { LocalManager, type LocalDetails } from "./managers/local/local-manager.js";
export type { LocalOptions } from "./managers/local/local-options.js";
export { exponentialBackOff, type BackOffOptions } from "./calls/back-off.js";
export type { CachingPool } from "./calls/caching-pool.js";
export type { LoopOptions, ReduceOptions } from "./pool/distributed-loop.js";
export type { FailedAttempt, MapOptions, MapProgress } from "./pool/map-options.js";
export type { Topology } from "./peers/topology.js";
export type { ParallelMap } from "./pool/parallel-map.js";
export type { CodeSource } from "./protocol/code-messages.js";
export { currentCall, type CurrentCall } from "./rpc/current-call.js";
export type { PortRange } from "./util/port-range.js";
export { range, type Range } from "./pool/range.js";
export type { PoolWaitOptions, WorkerPool } from "./calls/worker-pool.js";
export { zip, type Zipped } from "./pool/zip.js";
export { ROLLCALL_VERSION } from "./util/version.js";
export { currentCluster } from "./current-cluster.js";
export { myId } from "./worker/current-process.js";
export type { ChannelBackend } from "./references/channel-backend.js";
export type { Broadcast, PlacedBroadcast } from "./references/broadcast.js";
export type { Future } from "./references/future.js";
export type { Reference } from "./references/reference.js";
export type { HeldReferences } from "./references/references.js";
export type { RemoteChannel } from "./references/remote-channel.js";
export type { RemoteStream } from "./references/remote-stream.js";
export type { WaitOptions } from "./references/wait-options.js";
