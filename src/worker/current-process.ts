import type { StatusMessage } from "../protocol/control-messages.js";
import type { FoundProcess, ProcessDirectory } from "../calls/call-process.js";
import type { CodeNames } from "../functions/code/code-place.js";
import type { References } from "../references/references.js";

/** A worker, as the code that runs on it finds it. */
export interface CurrentProcess {
  readonly directory: ProcessDirectory;
  /** This process as the target of its own calls. */
  readonly self: FoundProcess;
  readonly references: References;
  readonly projectRoot: string;
  readonly code: CodeNames;
  /** Hands a status to whatever keeps in touch with the manager. */
  readonly sendStatus: (status: StatusMessage) => void;
}

/**
 * Which process this is. A worker is told once, when it joins; a process that never was told is a manager. Several
 * processes of a cluster may share one OS process (in-memory workers): then the caller's context decides.
 *
 * Kept on `globalThis`, because it belongs to the process: the worker's program is bundled into one file, and the
 * functions that it runs import this module from the package.
 */
const sourceKey = Symbol.for("rollcall.current-process");

const holder = globalThis as { [sourceKey]?: () => CurrentProcess | undefined };

/** The worker that the running code is on; undefined on a manager. */
export function currentProcess(): CurrentProcess | undefined {
  return holder[sourceKey]?.();
}

/** The id of this process in its cluster: 1 for the manager, 2 and up for workers (Julia's `myid`). */
export function myId(): number {
  return currentProcess()?.self.pid ?? 1;
}

export function setCurrentProcess(source: () => CurrentProcess | undefined): void {
  holder[sourceKey] = source;
}
