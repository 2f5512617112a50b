import { show } from "../util/option-checks.js";
import type { WorkerInfo } from "./worker-info.js";

/** Called on the worker when it leaves; may take as long as the worker has to leave (`leaveGraceMs`, `graceMs`). */
export type CleanUp = () => unknown;

/**
 * Runs on a worker that joins, once, before it is a member; a worker on which it throws does not join. It travels as
 * every function does. What it gives is called when the worker is asked to leave or is terminated, the last one first;
 * not when its process dies, or loses its manager.
 */
export type Initialize = (worker: WorkerInfo) => void | CleanUp | Promise<void | CleanUp>;

/** Throws a `TypeError` for what is no function. */
export function checkInitialize(initialize: Initialize): Initialize {
  if (typeof initialize === "function") return initialize;
  throw new TypeError(`initialize must be a function, not ${show(initialize)}`);
}
