import { WorkerVariable } from "../protocol/worker-variables.js";

/**
 * A module that makes a cluster when it is loaded would, imported on a worker for one of its functions, start workers
 * from workers. Throws a `TypeError` that says how to write it instead.
 */
export function refuseOnWorker(): void {
  if (process.env[WorkerVariable.rendezvous] === undefined) return;
  throw new TypeError(
    "this process is a worker and cannot make a cluster of its own. If a module makes one when it is loaded, move the " +
      "functions that workers call to a module of their own, which does not",
  );
}
