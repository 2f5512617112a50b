import { ecsArn } from "../arn.js";
import { ServiceError } from "../errors.js";
import type { Cluster, LocalState } from "../state.js";
import { readTags, RequestReader } from "../validation.js";
import { readClusterProviders } from "./capacity-providers.js";
import { describeCluster } from "./describe.js";
import { clusterName, readCluster } from "./lookup.js";
import type { Operation } from "./operation.js";
import { readSortedPage } from "./pagination.js";

const NAME = /^[a-zA-Z0-9_-]{1,255}$/;

/** Adds a cluster to the state, or makes a deleted one active again. It has no capacity providers. */
export function addCluster(state: LocalState, name: string, tags = new Map<string, string>()): Cluster {
  const cluster: Cluster = {
    name,
    arn: ecsArn(state.identity, "cluster", name),
    status: "ACTIVE",
    tags,
    instances: new Map(),
    capacityProviders: [],
    defaultStrategy: [],
    waiting: new Set(),
  };
  state.clusters.set(name, cluster);
  return cluster;
}

/** Creating a cluster that exists gives the one that exists. */
export const createCluster: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  const name = reader.string("clusterName") ?? "default";
  if (!NAME.test(name)) {
    throw new ServiceError(
      "InvalidParameterException",
      `Invalid cluster name: "${name}" must be 1 to 255 letters, digits, hyphens and underscores.`,
    );
  }
  const tags = readTags(reader);
  const existing = state.clusters.get(name);
  if (existing?.status === "ACTIVE")
    return { response: { cluster: describeCluster(state, existing, ["TAGS"]) } };
  const providers = readClusterProviders(state, reader);
  const cluster = Object.assign(addCluster(state, name, tags), providers);
  return { response: { cluster: describeCluster(state, cluster, ["TAGS"]) } };
};

export const describeClusters: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  const names = reader.strings("clusters", { max: 100 });
  const include = reader.strings("include");
  const clusters = [];
  const failures = [];
  for (const name of names.length === 0 ? ["default"] : names) {
    const cluster = state.clusters.get(clusterName(name));
    if (cluster !== undefined) clusters.push(describeCluster(state, cluster, include));
    else failures.push({ arn: ecsArn(state.identity, "cluster", clusterName(name)), reason: "MISSING" });
  }
  return { response: { clusters, failures } };
};

export const listClusters: Operation = ({ state }, request) => {
  const active = [...state.clusters.values()].filter(({ status }) => status === "ACTIVE");
  const page = readSortedPage(
    new RequestReader(request),
    active.map(({ arn }) => arn),
  );
  return { response: { clusterArns: page.items, nextToken: page.nextToken } };
};

/** The cluster stays visible as INACTIVE. */
export const deleteCluster: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  reader.requiredString("cluster", "Cluster can not be blank.");
  const cluster = readCluster(state, reader);
  if ([...cluster.instances.values()].some(({ status }) => status !== "INACTIVE")) {
    throw new ServiceError(
      "ClusterContainsContainerInstancesException",
      "The Cluster cannot be deleted while Container Instances are active or draining.",
    );
  }
  const hasTasks = [...state.tasks.values()].some(
    (task) => task.cluster === cluster && task.lastStatus !== "STOPPED",
  );
  if (hasTasks) {
    throw new ServiceError(
      "ClusterContainsTasksException",
      "The Cluster cannot be deleted while Tasks are active.",
    );
  }
  cluster.status = "INACTIVE";
  return { response: { cluster: describeCluster(state, cluster, []) } };
};
