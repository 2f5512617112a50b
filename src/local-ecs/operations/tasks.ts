import { ecsArn, pathOfArn } from "../arn.js";
import { ServiceError } from "../errors.js";
import type { Task } from "../state.js";
import { step } from "../task-lifecycle.js";
import { RequestReader } from "../validation.js";
import { describeTask } from "./describe.js";
import { findInstance, findTask, readCluster, taskIdIn } from "./lookup.js";
import type { Operation } from "./operation.js";
import { readPage } from "./pagination.js";

/** At most 100 ids or ARNs; those that are unknown, or were forgotten, come back in `failures` as MISSING. */
export const describeTasks: Operation = ({ state, faults }, request) => {
  const reader = new RequestReader(request);
  const cluster = readCluster(state, reader);
  const wanted = reader.strings("tasks", { max: 100 });
  if (wanted.length === 0) throw new ServiceError("InvalidParameterException", "Tasks cannot be empty.");
  const include = reader.strings("include");
  const tasks = [];
  const failures = [];
  for (const idOrArn of wanted) {
    const task = findTask(state, cluster, idOrArn);
    if (task !== undefined && !faults.takeMissing()) tasks.push(describeTask(task, include));
    else {
      const arn = ecsArn(state.identity, "task", cluster.name, taskIdIn(cluster, idOrArn));
      failures.push({ arn, reason: "MISSING" });
    }
  }
  return { response: { tasks, failures } };
};

/** Stopping a task that is stopped, or about to be, changes nothing. */
export const stopTask: Operation = ({ state, now }, request) => {
  const reader = new RequestReader(request);
  const cluster = readCluster(state, reader);
  const idOrArn = reader.requiredString("task", "Task can not be blank.");
  const task = findTask(state, cluster, idOrArn);
  if (task === undefined)
    throw new ServiceError("InvalidParameterException", "The referenced task was not found.");
  const reason = reader.string("reason") ?? "";
  if (reason.length > 255)
    throw new ServiceError("InvalidParameterException", "reason must have at most 255 characters.");
  const event = {
    kind: "stop",
    stopCode: "UserInitiated",
    reason: reason || "Task stopped by user",
  } as const;
  const effects = step(task, event, now);
  return { response: { task: describeTask(task) }, effects };
};

/** In the order in which the tasks were started. Without `desiredStatus` only tasks that shall run are listed. */
export const listTasks: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  const cluster = readCluster(state, reader);
  if (reader.has("serviceName")) throw new ServiceError("ServiceNotFoundException", "Service not found.");
  const desired = reader.oneOf("desiredStatus", ["RUNNING", "PENDING", "STOPPED"]) ?? "RUNNING";
  const launchType = reader.oneOf("launchType", ["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]);
  const family = reader.string("family");
  const startedBy = reader.string("startedBy");
  const instance = readInstanceFilter(reader, (idOrArn) => findInstance(cluster, idOrArn));
  const found = [...state.tasks.values()].filter(
    (task) =>
      task.cluster === cluster &&
      task.desiredStatus === desired &&
      (family === undefined || task.definition.family === family) &&
      (startedBy === undefined || task.startedBy === startedBy) &&
      (launchType === undefined || task.launchType === launchType) &&
      (instance === undefined || task.instance === instance),
  );
  const order = new Map([...state.tasks.keys()].map((id, index) => [id, index]));
  const page = readPage(
    reader,
    found,
    (task: Task) => task.id,
    (task, key) => (order.get(task.id) ?? 0) > (order.get(key) ?? -1),
  );
  return { response: { taskArns: page.items.map(({ arn }) => arn), nextToken: page.nextToken } };
};

function readInstanceFilter<T>(
  reader: RequestReader,
  find: (idOrArn: string) => T | undefined,
): T | undefined {
  const idOrArn = reader.string("containerInstance");
  if (idOrArn === undefined) return undefined;
  const instance = find(idOrArn);
  if (instance !== undefined) return instance;
  const id = pathOfArn(idOrArn, "container-instance")?.at(-1) ?? idOrArn;
  throw new ServiceError("InvalidParameterException", `The container instance ${id} was not found.`);
}
