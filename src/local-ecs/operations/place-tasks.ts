import type { LaunchTarget } from "../capacity-provider.js";
import { NO_FARGATE_CAPACITY } from "../fargate.js";
import { findRoom, instancesOf, type NoPlace } from "../find-room.js";
import {
  reserve,
  type PlacementConstraint,
  type PlacementRequest,
  type PlacementStrategy,
} from "../placement.js";
import type { Cluster, LocalState, Task, TaskHost } from "../state.js";
import type { JsonObject } from "../validation.js";
import { makeTask, type TaskPlace, type TaskSettings } from "./make-task.js";
import type { OperationContext } from "./operation.js";

export interface TasksToPlace {
  readonly cluster: Cluster;
  readonly settings: TaskSettings;
  readonly targets: readonly LaunchTarget[];
  readonly constraints: readonly PlacementConstraint[];
  readonly strategies: readonly PlacementStrategy[];
}

export interface PlacedTasks {
  readonly tasks: readonly Task[];
  /** Of which the answer says nothing: a fault. */
  readonly unmentioned: readonly Task[];
  readonly failures: readonly JsonObject[];
}

/** Makes as many of the tasks as there is room for. */
export function placeTasks(context: OperationContext, request: TasksToPlace): PlacedTasks {
  const tasks: Task[] = [];
  const unmentioned: Task[] = [];
  const failures: JsonObject[] = [];
  const placement: PlacementRequest = {
    reservation: request.settings.overrides.reservation,
    group: request.settings.group,
    constraints: request.constraints,
    strategies: request.strategies,
    random: context.random,
  };
  for (const target of request.targets) {
    const place = placeFor(target, context.faults.takePlacementFailure(target));
    if ("reason" in place) {
      failures.push({ ...place });
      continue;
    }
    tasks.push(start(place));
    if (place.host === undefined || !context.faults.takeStartTwice()) continue;
    const second = placeFor(target);
    if (!("reason" in second)) unmentioned.push(start(second));
  }
  return { tasks, unmentioned, failures };

  function placeFor(target: LaunchTarget, fault?: string): TaskPlace | NoPlace {
    if (target.launchType === "FARGATE") return onFargate(context.state, target, fault);
    const found = onInstance(request, target, placement, fault, failures.length);
    const { capacityProvider } = target;
    // ECS accepts a task for which a capacity provider has no room, as it may bring some.
    if (!("reason" in found) || capacityProvider === undefined) return found;
    return fault === undefined
      ? { ...target, awaitedRoom: { capacityProvider, placement } }
      : { ...target, placementFailure: fault };
  }

  function start(place: TaskPlace): Task {
    const task = makeTask(context, request.cluster, place, request.settings);
    context.state.tasks.set(task.id, task);
    if (task.awaitedRoom === undefined) reserve(task);
    else request.cluster.waiting.add(task);
    return task;
  }
}

function onInstance(
  { cluster }: TasksToPlace,
  target: LaunchTarget,
  placement: PlacementRequest,
  fault: string | undefined,
  earlierFailures: number,
): TaskPlace | NoPlace {
  const { capacityProvider } = target;
  if (fault !== undefined) {
    const [at] = instancesOf(cluster, capacityProvider);
    return { reason: fault, ...(at === undefined ? {} : { arn: at.arn }) };
  }
  const found = findRoom(cluster, capacityProvider, placement, earlierFailures);
  return "instance" in found ? { ...target, instance: found.instance, host: found.instance } : found;
}

function onFargate(state: LocalState, target: LaunchTarget, fault: string | undefined): TaskPlace | NoPlace {
  if (fault !== undefined) return { reason: fault };
  const host = leastUsedHost(state);
  return host === undefined ? { reason: NO_FARGATE_CAPACITY } : { ...target, host };
}

/** That with the fewest Fargate tasks, the earlier one among equals; undefined if all are gone. */
function leastUsedHost({ fargateHosts, tasks }: LocalState): TaskHost | undefined {
  const counts = new Map(fargateHosts.filter(({ status }) => status !== "INACTIVE").map((host) => [host, 0]));
  for (const { host, fargate, lastStatus } of tasks.values()) {
    const count = host === undefined ? undefined : counts.get(host);
    if (host !== undefined && count !== undefined && fargate !== undefined && lastStatus !== "STOPPED")
      counts.set(host, count + 1);
  }
  const [first, ...others] = counts;
  return first === undefined
    ? undefined
    : others.reduce((best, one) => (one[1] < best[1] ? one : best), first)[0];
}
