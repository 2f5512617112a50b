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
  const found =
    status === undefined || status === "ACTIVE" ? [...cluster.instances.values()].filter(matches) : [];
  const page = readSortedPage(
    reader,
    found.map(({ arn }) => arn),
  );
  return { response: { containerInstanceArns: page.items, nextToken: page.nextToken } };
};
