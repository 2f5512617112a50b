import { ecsArn, pathOfArn } from "../arn.js";
import { ServiceError } from "../errors.js";
import { parsePlacementExpression } from "../placement-expression.js";
import { RequestReader } from "../validation.js";
import { describeInstance } from "./describe.js";
import { findInstance, readCluster } from "./lookup.js";
import type { Operation } from "./operation.js";
import { readSortedPage } from "./pagination.js";

export const describeContainerInstances: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  const cluster = readCluster(state, reader);
  const wanted = reader.strings("containerInstances", { max: 100 });
  if (wanted.length === 0)
    throw new ServiceError("InvalidParameterException", "Container Instances cannot be empty.");
  const include = reader.strings("include");
  const containerInstances = [];
  const failures = [];
  for (const idOrArn of wanted) {
    const instance = findInstance(cluster, idOrArn);
    if (instance !== undefined) containerInstances.push(describeInstance(instance, include));
    else {
      const id = pathOfArn(idOrArn, "container-instance")?.at(-1) ?? idOrArn;
      failures.push({
        arn: ecsArn(state.identity, "container-instance", cluster.name, id),
        reason: "MISSING",
      });
    }
  }
  return { response: { containerInstances, failures } };
};

/**
 * `DRAINING` keeps new tasks away, `ACTIVE` takes it back. The tasks that run there were started by RunTask, and such tasks
 * are left running (Developer Guide, "Container instance draining").
 */
export const updateContainerInstancesState: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  const cluster = readCluster(state, reader);
  const status = reader.oneOf("status", ["ACTIVE", "DRAINING"]);
  if (status === undefined) throw new ServiceError("InvalidParameterException", "status can not be blank.");
  const wanted = reader.strings("containerInstances", { min: 1, max: 10 });
  const containerInstances = [];
  const failures = [];
  for (const idOrArn of wanted) {
    const instance = findInstance(cluster, idOrArn);
    if (instance === undefined || instance.status === "INACTIVE") {
      const id = pathOfArn(idOrArn, "container-instance")?.at(-1) ?? idOrArn;
      failures.push({
        arn: ecsArn(state.identity, "container-instance", cluster.name, id),
        reason: instance === undefined ? "MISSING" : "INACTIVE",
      });
      continue;
    }
    if (instance.status !== status) {
      instance.status = status;
      instance.version += 1;
    }
    containerInstances.push(describeInstance(instance));
  }
  return { response: { containerInstances, failures } };
};

export const listContainerInstances: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  const cluster = readCluster(state, reader);
  const status = reader.oneOf("status", [
    "ACTIVE",
    "DRAINING",
    "REGISTERING",
    "DEREGISTERING",
    "REGISTRATION_FAILED",
  ]);
  const filter = reader.string("filter");
  const matches = filter === undefined ? () => true : parsePlacementExpression(filter);
  const found = [...cluster.instances.values()].filter(
    (instance) =>
      (status === undefined ? instance.status !== "INACTIVE" : instance.status === status) &&
      matches(instance),
  );
  const page = readSortedPage(
    reader,
    found.map(({ arn }) => arn),
  );
  return { response: { containerInstanceArns: page.items, nextToken: page.nextToken } };
};
