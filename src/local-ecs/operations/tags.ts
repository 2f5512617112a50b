import { pathOfArn } from "../arn.js";
import { ServiceError } from "../errors.js";
import type { LocalState } from "../state.js";
import { readTags, RequestReader, tagList } from "../validation.js";
import { findTaskDefinition } from "./lookup.js";
import type { Operation } from "./operation.js";

export const tagResource: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  const tags = tagsOf(state, reader);
  const added = readTags(reader);
  if (new Set([...tags.keys(), ...added.keys()]).size > 50)
    throw new ServiceError("InvalidParameterException", "A resource has at most 50 tags.");
  for (const [key, value] of added) tags.set(key, value);
  return { response: {} };
};

export const untagResource: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  const tags = tagsOf(state, reader);
  for (const key of reader.strings("tagKeys", { max: 50 })) tags.delete(key);
  return { response: {} };
};

export const listTagsForResource: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  return { response: { tags: tagList(tagsOf(state, reader)) } };
};

function tagsOf(state: LocalState, reader: RequestReader): Map<string, string> {
  const arn = reader.requiredString("resourceArn");
  const tags = findTags(state, arn);
  if (tags === undefined) {
    throw new ServiceError(
      "InvalidParameterException",
      `The specified resource was not found: "${arn}". Specify the ARN of a cluster, task, task definition or container instance.`,
    );
  }
  return tags;
}

function findTags(state: LocalState, arn: string): Map<string, string> | undefined {
  const task = pathOfArn(arn, "task")?.at(-1);
  if (task !== undefined) return state.tasks.get(task)?.tags;
  if (pathOfArn(arn, "task-definition") !== undefined) return findTaskDefinition(state, arn)?.tags;
  const [cluster, instance] = pathOfArn(arn, "container-instance") ?? [];
  if (instance !== undefined) return state.clusters.get(cluster ?? "")?.instances.get(instance)?.tags;
  const name = pathOfArn(arn, "cluster")?.[0];
  return name === undefined ? undefined : state.clusters.get(name)?.tags;
}
