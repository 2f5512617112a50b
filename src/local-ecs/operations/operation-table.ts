/** Every action that the endpoint answers, by the `X-Amz-Target` of its requests. */
import { describeCapacityProviders, putClusterCapacityProviders } from "./capacity-providers.js";
import { createCluster, deleteCluster, describeClusters, listClusters } from "./clusters.js";
import {
  describeContainerInstances,
  listContainerInstances,
  updateContainerInstancesState,
} from "./container-instances.js";
import { describeLogStreams, getLogEvents } from "./logs.js";
import type { Operation } from "./operation.js";
import { runTask } from "./run-task.js";
import { listTagsForResource, tagResource, untagResource } from "./tags.js";
import {
  deregisterTaskDefinition,
  describeTaskDefinition,
  listTaskDefinitionFamilies,
  listTaskDefinitions,
  registerTaskDefinition,
} from "./task-definitions.js";
import { describeTasks, listTasks, stopTask } from "./tasks.js";

const ECS: Readonly<Record<string, Operation>> = {
  CreateCluster: createCluster,
  DeleteCluster: deleteCluster,
  DeregisterTaskDefinition: deregisterTaskDefinition,
  DescribeCapacityProviders: describeCapacityProviders,
  DescribeClusters: describeClusters,
  DescribeContainerInstances: describeContainerInstances,
  DescribeTaskDefinition: describeTaskDefinition,
  DescribeTasks: describeTasks,
  ListClusters: listClusters,
  ListContainerInstances: listContainerInstances,
  ListTagsForResource: listTagsForResource,
  ListTaskDefinitionFamilies: listTaskDefinitionFamilies,
  ListTaskDefinitions: listTaskDefinitions,
  ListTasks: listTasks,
  PutClusterCapacityProviders: putClusterCapacityProviders,
  RegisterTaskDefinition: registerTaskDefinition,
  RunTask: runTask,
  StopTask: stopTask,
  TagResource: tagResource,
  UntagResource: untagResource,
  UpdateContainerInstancesState: updateContainerInstancesState,
};

const LOGS: Readonly<Record<string, Operation>> = {
  DescribeLogStreams: describeLogStreams,
  GetLogEvents: getLogEvents,
};

export const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ...Object.entries(ECS).map(([name, run]) => [`AmazonEC2ContainerServiceV20141113.${name}`, run] as const),
  ...Object.entries(LOGS).map(([name, run]) => [`Logs_20140328.${name}`, run] as const),
]);
