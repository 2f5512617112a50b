import type { LaunchTarget } from "../capacity-provider.js";
import { NO_FARGATE_CAPACITY } from "../fargate.js";
import {
  chooseInstance,
  reserve,
  whyNot,
  type PlacementConstraint,
  type PlacementRequest,
  type PlacementStrategy,
} from "../placement.js";
import type { Cluster, ContainerInstance, LocalState, Task, TaskHost } from "../state.js";
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

/** Why a task has no place: `arn` is that of an instance that was looked at. */
interface NoPlace {
  readonly reason: string;
  readonly arn?: string;
}

/** Makes as many of the tasks as there is room for. */
export function placeTasks(context: OperationContext, request: TasksToPlace): PlacedTasks {
  const tasks: Task[] = [];
  const unmentioned: Task[] = [];
  const failures: JsonObject[] = [];
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
    const found =
      target.launchType === "FARGATE"
        ? onFargate(context.state, target, fault)
        : onInstance(context, request, target, fault, failures.length);
    // ECS accepts a task for which a capacity provider has no room, and ends it when none has come.
    return "reason" in found && target.launchType === "EC2" && target.capacityProvider !== undefined
      ? { ...target, placementFailure: found.reason }
      : found;
  }

  function start(place: TaskPlace): Task {
    const task = makeTask(context, request.cluster, place, request.settings);
    context.state.tasks.set(task.id, task);
    reserve(task);
    return task;
  }
}

export function activeInstances(cluster: Cluster): ContainerInstance[] {
  return [...cluster.instances.values()].filter(({ status }) => status === "ACTIVE");
}

function onInstance(
  context: OperationContext,
  { cluster, settings, constraints, strategies }: TasksToPlace,
  target: LaunchTarget,
  fault: string | undefined,
  earlierFailures: number,
): TaskPlace | NoPlace {
  const { capacityProvider } = target;
  const instances = activeInstances(cluster).filter(
    (instance) => capacityProvider === undefined || instance.capacityProvider === capacityProvider,
  );
  const at = instances[earlierFailures % instances.length];
  if (fault !== undefined) return { reason: fault, ...(at === undefined ? {} : { arn: at.arn }) };
  // Without a capacity provider a cluster that has none was refused before.
  if (at === undefined) return { reason: whyEmpty(cluster, capacityProvider) };
  const placement: PlacementRequest = {
    reservation: settings.overrides.reservation,
    group: settings.group,
    constraints,
    strategies,
    random: context.random,
  };
  const instance = chooseInstance(instances, placement);
  return instance === undefined
    ? { arn: at.arn, reason: whyNot(at, placement) ?? "RESOURCE:CPU" }
    : { ...target, instance, host: instance };
}

/** In the words of stopped reasons (Developer Guide, "Stopped tasks error codes"). */
function whyEmpty({ instances }: Cluster, capacityProvider: string | undefined): string {
  const isKnown = [...instances.values()].some(
    (instance) => instance.status !== "INACTIVE" && instance.capacityProvider === capacityProvider,
  );
  return isKnown ? "NO ACTIVE INSTANCES" : "EMPTY CAPACITY PROVIDER";
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
