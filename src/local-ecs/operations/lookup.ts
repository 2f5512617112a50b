import { pathOfArn } from "../arn.js";
import { ServiceError } from "../errors.js";
import type { Cluster, ContainerInstance, LocalState, Task, TaskDefinition } from "../state.js";
import type { RequestReader } from "../validation.js";

/** The name that a short name or an ARN of a cluster stands for. */
export function clusterName(nameOrArn: string): string {
  return pathOfArn(nameOrArn, "cluster")?.[0] ?? nameOrArn;
}

/** The active cluster that the request's `cluster` names; `default` if it names none. */
export function readCluster(state: LocalState, reader: RequestReader, member = "cluster"): Cluster {
  const cluster = state.clusters.get(clusterName(reader.string(member) ?? "default"));
  if (cluster === undefined) throw new ServiceError("ClusterNotFoundException", "Cluster not found.");
  if (cluster.status === "INACTIVE")
    throw new ServiceError("ClusterNotFoundException", "The referenced cluster was inactive.");
  return cluster;
}

/** The id in a task id or task ARN. An ARN of another cluster is refused, as the service does. */
export function taskIdIn(cluster: Cluster, idOrArn: string): string {
  return idIn(cluster, idOrArn, pathOfArn(idOrArn, "task"));
}

export function findTask(state: LocalState, cluster: Cluster, idOrArn: string): Task | undefined {
  const task = state.tasks.get(taskIdIn(cluster, idOrArn));
  return task?.cluster === cluster ? task : undefined;
}

export function findInstance(cluster: Cluster, idOrArn: string): ContainerInstance | undefined {
  return cluster.instances.get(idIn(cluster, idOrArn, pathOfArn(idOrArn, "container-instance")));
}

function idIn(cluster: Cluster, idOrArn: string, path: readonly string[] | undefined): string {
  if (path === undefined) {
    if (idOrArn.startsWith("arn:"))
      throw new ServiceError("InvalidParameterException", "Invalid identifier.");
    return idOrArn;
  }
  const [owner, id] = path;
  if (id === undefined) return owner ?? "";
  if (owner !== cluster.name) {
    throw new ServiceError(
      "InvalidParameterException",
      `Invalid identifier: Identifier is for ${owner}. Your cluster is ${cluster.name}`,
    );
  }
  return id;
}

/**
 * The task definition that `family`, `family:revision` or an ARN names. Without a revision it is the newest ACTIVE one;
 * an INACTIVE one is found by its revision only.
 */
export function findTaskDefinition(state: LocalState, name: string): TaskDefinition | undefined {
  const [family = "", revision] = (pathOfArn(name, "task-definition")?.[0] ?? name).split(":");
  const revisions = state.families.get(family) ?? [];
  if (revision !== undefined)
    return /^[1-9]\d*$/.test(revision) ? revisions[Number(revision) - 1] : undefined;
  return revisions.findLast((definition) => definition.status === "ACTIVE");
}
