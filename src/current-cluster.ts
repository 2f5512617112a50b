import { ClusterView } from "./cluster-view.js";
import { FunctionFinder } from "./functions/function-finder.js";
import { managedCluster } from "./open-clusters.js";
import { currentProcess, type CurrentProcess } from "./worker/current-process.js";

/** What a worker sees of its cluster. */
class WorkerCluster extends ClusterView {
  constructor({ directory, self, references, projectRoot, code }: CurrentProcess) {
    super({
      directory,
      references,
      functions: new FunctionFinder({
        projectRoot,
        moduleOf: (file) => code.moduleOf(file),
        unitFor: (reference) => code.unitFor(reference),
        extensions: references.extensions,
      }),
      supply: {
        isEmpty: () => false,
        mayGrow: () => false,
        lastLaunchError: () => undefined,
        underWay: () => () => {},
      },
      local: self,
    });
  }
}

// Not in the types of a view; who writes JavaScript, or casts, gets the reason.
for (const name of [
  "addProcs",
  "rmProcs",
  "adapt",
  "everywhere",
  "interrupt",
  "workerInfo",
  "close",
  "on",
  "off",
]) {
  Object.defineProperty(WorkerCluster.prototype, name, {
    value: () => {
      throw new TypeError(
        `${name} belongs to the manager's Cluster: only process 1 can do that, and this is a worker`,
      );
    },
  });
}

const clusters = new WeakMap<CurrentProcess, ClusterView>();

/**
 * The cluster that the running code belongs to, as its process sees it: on a worker that of its manager, on a manager its
 * own `Cluster`. Code of a library is the same everywhere with it, and a function that runs on a worker can call other
 * processes, and run maps of its own.
 *
 * Throws a `TypeError` in a process that belongs to no cluster, and on a manager of several clusters outside of a call
 * of one of them.
 *
 * @example
 * export async function search(region: Region): Promise<Match[]> {
 *   const matches = await currentCluster().pmap(scan, region.tiles());
 *   return matches.flat();
 * }
 */
export function currentCluster(): ClusterView {
  const current = currentProcess();
  if (current === undefined) return managedCluster();
  let cluster = clusters.get(current);
  if (cluster === undefined) clusters.set(current, (cluster = new WorkerCluster(current)));
  return cluster;
}
