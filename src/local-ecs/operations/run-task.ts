import type { LaunchType } from "../capacity-provider.js";
import { ServiceError } from "../errors.js";
import { instancesOf } from "../find-room.js";
import type { Cluster, RememberedLaunch, TaskDefinition } from "../state.js";
import type { TaskEffect } from "../task-lifecycle.js";
import { canonicalJson, readTags, RequestReader, type JsonObject } from "../validation.js";
import { describeTask } from "./describe.js";
import { findTaskDefinition, readCluster } from "./lookup.js";
import { readFargate, readTargets, type LaunchTargets } from "./launch-targets.js";
import type { TaskSettings } from "./make-task.js";
import type { Operation, OperationContext } from "./operation.js";
import { parseOverrides } from "./overrides.js";
import { placeTasks, type TasksToPlace } from "./place-tasks.js";
import { parseConstraints, parseStrategies } from "./placement-request.js";

const CLIENT_TOKEN = /^[!-~]{1,64}$/;
const STARTED_BY = /^[a-zA-Z0-9_/-]{0,128}$/;

/** Places as many of the tasks as fit: `tasks` and `failures` together account for `count`. */
export const runTask: Operation = (context, request) => {
  const reader = new RequestReader(request);
  const cluster = readCluster(context.state, reader);
  const token = readToken(reader);
  const key = `${cluster.name} ${token}`;
  const remembered = token === undefined ? undefined : context.state.launches.get(key);
  const canonical = canonicalJson(request);
  if (remembered !== undefined) return { response: repeat(context, remembered, canonical) };

  const { tasks, unmentioned, failures } = placeTasks(context, parseRunTask(context, reader, cluster));
  if (token !== undefined) {
    context.state.launches.set(key, {
      request: canonical,
      taskIds: tasks.map(({ id }) => id),
      taskArns: tasks.map(({ arn }) => arn),
      failures,
      at: context.now,
    });
  }
  const effects = [...tasks, ...unmentioned].flatMap((task): TaskEffect[] => [
    { kind: "changed", task },
    { kind: "advance", task, from: "PROVISIONING" },
  ]);
  return {
    response: { tasks: tasks.map((task) => describeTask(task, ["TAGS"])), failures },
    effects,
  };
};

function repeat(context: OperationContext, remembered: RememberedLaunch, canonical: string): JsonObject {
  if (remembered.request !== canonical) {
    throw new ServiceError(
      "ConflictException",
      "The clientToken was used before with other parameters.",
      400,
      { resourceIds: remembered.taskArns },
    );
  }
  const tasks = remembered.taskIds.flatMap((id) => context.state.tasks.get(id) ?? []);
  return { tasks: tasks.map((task) => describeTask(task, ["TAGS"])), failures: remembered.failures };
}

function parseRunTask(context: OperationContext, reader: RequestReader, cluster: Cluster): TasksToPlace {
  const count = reader.integer("count", { min: 1, max: 10 }) ?? 1;
  const definition = readDefinition(context, reader);
  const launch = readTargets(reader, cluster, count);
  checkInstances(cluster, launch);
  const subnetId = readSubnet(reader, definition, launch.launchType);
  const unsupported = context.whyUnsupported(definition);
  if (unsupported !== undefined) throw new ServiceError("UnsupportedFeatureException", unsupported);
  if (reader.objects("volumeConfigurations").length > 0) {
    throw new ServiceError(
      "UnsupportedFeatureException",
      "volumeConfigurations are not supported by this local endpoint.",
    );
  }
  return {
    cluster,
    targets: launch.targets,
    settings: {
      ...readSettings(reader, cluster, definition, launch.launchType),
      ...(subnetId === undefined ? {} : { subnetId }),
    },
    constraints: [...definition.placementConstraints, ...parseConstraints(reader)],
    strategies: parseStrategies(reader),
  };
}

function readDefinition({ state }: OperationContext, reader: RequestReader): TaskDefinition {
  const name = reader.requiredString("taskDefinition", "TaskDefinition can not be blank.");
  const definition = findTaskDefinition(state, name);
  if (definition === undefined) throw new ServiceError("ClientException", "TaskDefinition not found.");
  if (definition.status === "INACTIVE")
    throw new ServiceError("ClientException", "TaskDefinition is inactive");
  return definition;
}

/** With a strategy tasks can wait for instances. */
function checkInstances(cluster: Cluster, { launchType, targets }: LaunchTargets): void {
  if (launchType === "FARGATE" || targets.some(({ capacityProvider }) => capacityProvider !== undefined))
    return;
  if (instancesOf(cluster).length === 0)
    throw new ServiceError("InvalidParameterException", "No Container Instances were found in your cluster.");
}

/** The subnet of the task's network interface, of which there is one in network mode `awsvpc` only. */
function readSubnet(
  reader: RequestReader,
  definition: TaskDefinition,
  launchType: LaunchType,
): string | undefined {
  const network = reader.object("networkConfiguration");
  if (definition.networkMode !== "awsvpc") {
    if (network === undefined) return undefined;
    throw new ServiceError(
      "InvalidParameterException",
      "Network Configuration is not valid for the given networkMode of this task definition.",
    );
  }
  const awsvpc = network?.object("awsvpcConfiguration");
  if (awsvpc === undefined) {
    throw new ServiceError(
      "InvalidParameterException",
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    );
  }
  const [subnetId] = awsvpc.strings("subnets", { min: 1, max: 16 });
  awsvpc.strings("securityGroups", { max: 5 });
  const publicIp = awsvpc.oneOf("assignPublicIp", ["ENABLED", "DISABLED"]);
  if (publicIp === "ENABLED" && launchType === "EC2") {
    throw new ServiceError(
      "InvalidParameterException",
      "Assign public IP is not supported for this launch type.",
    );
  }
  return subnetId;
}

function readSettings(
  reader: RequestReader,
  cluster: Cluster,
  definition: TaskDefinition,
  launchType: LaunchType,
): TaskSettings {
  const startedBy = reader.string("startedBy");
  if (startedBy !== undefined && !STARTED_BY.test(startedBy)) {
    throw new ServiceError(
      "InvalidParameterException",
      `startedBy must be at most 128 letters, digits, "-", "/" and "_"; it is "${startedBy}".`,
    );
  }
  const propagate = reader.oneOf("propagateTags", ["TASK_DEFINITION", "SERVICE", "NONE"]);
  if (propagate === "SERVICE") {
    throw new ServiceError(
      "InvalidParameterException",
      "propagateTags SERVICE is for tasks of a service; use TASK_DEFINITION.",
    );
  }
  const own = readTags(reader);
  if (reader.boolean("enableECSManagedTags") === true) own.set("aws:ecs:clusterName", cluster.name);
  const overrides = parseOverrides(reader, definition);
  const fargate = readFargate(reader, launchType, definition, overrides);
  return {
    definition,
    overrides,
    ...(fargate === undefined ? {} : { fargate }),
    ...(startedBy === undefined ? {} : { startedBy }),
    group: reader.string("group") ?? `family:${definition.family}`,
    tags: propagate === "TASK_DEFINITION" ? new Map([...definition.tags, ...own]) : own,
    enableExecuteCommand: reader.boolean("enableExecuteCommand") ?? false,
  };
}

function readToken(reader: RequestReader): string | undefined {
  const token = reader.string("clientToken");
  if (token === undefined || CLIENT_TOKEN.test(token)) return token;
  throw new ServiceError(
    "InvalidParameterException",
    `clientToken must be 1 to 64 printable ASCII characters; it is "${token}".`,
  );
}
