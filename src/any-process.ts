/** What code may want on any process of a cluster: exported by `rollcall` and by `rollcall/worker`. */
export { currentCall, type CurrentCall } from "./rpc/current-call.js";
export { currentCluster } from "./current-cluster.js";
export type {
  CallLimits,
  CallOptions,
  CallTarget,
  RemoteCallTarget,
  RemoteDoTarget,
  PoolCallOptions,
  RetryOptions,
} from "./calls/call-target.js";
export type { Pid } from "./calls/pid.js";
export type { ProcessHandle, RemoteModule } from "./calls/process-handle.js";
export type { ClusterView, Scope } from "./cluster-view.js";
export type {
  BoundChannelOptions,
  BroadcastOptions,
  ChannelOptions,
  ReferenceOptions,
} from "./calls/reference-options.js";
export type { Labels } from "./calls/labels.js";
export type { ProcessFilter } from "./calls/process-filter.js";
export * from "./errors.js";
export { shareErrorClass } from "./protocol/error-classes.js";
export { exponentialBackOff, type BackOffOptions } from "./calls/back-off.js";
export type { CachingPool } from "./calls/caching-pool.js";
export type { LoopOptions, ReduceOptions } from "./pool/distributed-loop.js";
export type { FailedAttempt, MapOptions, MapProgress } from "./pool/map-options.js";
export type { ParallelMap } from "./pool/parallel-map.js";
export { range, type Range } from "./pool/range.js";
export type { PoolWaitOptions, WorkerPool } from "./calls/worker-pool.js";
export { zip, type Zipped } from "./pool/zip.js";
export { myId } from "./worker/current-process.js";
export { setStatus } from "./worker/status.js";
export type { ChannelBackend } from "./references/channel-backend.js";
export type { Broadcast, PlacedBroadcast } from "./references/broadcast.js";
export type { Future } from "./references/future.js";
export type { Reference } from "./references/reference.js";
export type { HeldReferences } from "./references/references.js";
export type { RemoteChannel } from "./references/remote-channel.js";
export type { RemoteStream } from "./references/remote-stream.js";
export type { WaitOptions } from "./references/wait-options.js";
