import { AsyncLocalStorage } from "node:async_hooks";
import type { ClusterView } from "./cluster-view.js";
import type { AnyFunction } from "./rpc/call-server.js";

interface OpenClusters {
  readonly all: Set<ClusterView>;
  /** Which of several the running call belongs to. */
  readonly current: AsyncLocalStorage<ClusterView>;
}

/** Kept on `globalThis`: this module may be loaded twice, from the package and from a bundle of the program. */
const key = Symbol.for("rollcall.open-clusters");
const holder = globalThis as { [key]?: OpenClusters };
const open = (holder[key] ??= { all: new Set(), current: new AsyncLocalStorage() });

/** This process is the manager of one more cluster. */
export function clusterOpened(cluster: ClusterView): void {
  open.all.add(cluster);
}

export function clusterClosed(cluster: ClusterView): void {
  open.all.delete(cluster);
}

/**
 * Runs a function that a process of this cluster has called. Where there is only one cluster nobody need remember which
 * one it was: that would cost every promise of the program a little.
 */
export function runIn(cluster: ClusterView, fn: AnyFunction, args: never[]): unknown {
  if (open.all.size <= 1) return fn.apply(undefined, args);
  return open.current.run(cluster, () => fn.apply(undefined, args));
}

/** The cluster of the running call, or the only one. Throws a `TypeError` if there is none, or no telling which. */
export function managedCluster(): ClusterView {
  const current = open.current.getStore();
  if (current !== undefined) return current;
  const [only, ...others] = open.all;
  if (only !== undefined && others.length === 0) return only;
  throw new TypeError(
    only === undefined
      ? "currentCluster: no cluster is open in this process; make one with new Cluster()"
      : `currentCluster: ${open.all.size} clusters are open in this process, and this is not a call of one of them; ` +
          `use the Cluster objects themselves`,
  );
}
