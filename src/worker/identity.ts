/**
 * Which process this is. A worker is told once, when it joins; a process that never was told is a manager. Several
 * processes of a cluster may share one OS process (in-memory workers): then the caller's context decides, through
 * `setProcessIdSource`.
 */
let processIdSource: () => number = () => 1;

/** The id of this process in its cluster: 1 for the manager, 2 and up for workers (Julia's `myid`). */
export function myId(): number {
  return processIdSource();
}

export function setProcessIdSource(source: () => number): void {
  processIdSource = source;
}
