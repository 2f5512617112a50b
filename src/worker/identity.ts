/**
 * Which process this is. A worker is told once, when it joins; a process that never was told is a manager. Several
 * processes of a cluster may share one OS process (in-memory workers): then the caller's context decides.
 *
 * Kept on `globalThis`, because it belongs to the process: the worker's program is bundled into one file, and the
 * functions that it runs import this module from the package.
 */
const sourceKey = Symbol.for("rollcall.process-id-source");

const holder = globalThis as { [sourceKey]?: () => number };

/** The id of this process in its cluster: 1 for the manager, 2 and up for workers (Julia's `myid`). */
export function myId(): number {
  return holder[sourceKey]?.() ?? 1;
}

export function setProcessIdSource(source: () => number): void {
  holder[sourceKey] = source;
}
