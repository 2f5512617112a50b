import type { ContainerInstance, Reservation, Task } from "./state.js";

export interface PlacementConstraint {
  readonly type: "distinctInstance" | "memberOf";
  readonly expression?: string;
  /** Whether an instance satisfies the expression of a `memberOf`; always true for `distinctInstance`. */
  readonly matches: (instance: ContainerInstance) => boolean;
}

export interface PlacementStrategy {
  readonly type: "random" | "spread" | "binpack";
  /** `instanceId`, `attribute:<name>`, `cpu` or `memory`. */
  readonly field: string;
}

export interface PlacementRequest {
  readonly reservation: Reservation;
  /** `distinctInstance` and `spread` count the tasks of the same group. */
  readonly group: string;
  readonly constraints: readonly PlacementConstraint[];
  readonly strategies: readonly PlacementStrategy[];
  /** From 0 to below 1, for the `random` strategy. */
  readonly random: () => number;
}

/**
 * The instance for the next task, or undefined when none has room. Without a strategy it is the one with the fewest
 * tasks, the earliest registered among equals, so that placement can be foreseen; strategies apply in their order.
 */
export function chooseInstance(
  instances: readonly ContainerInstance[],
  request: PlacementRequest,
): ContainerInstance | undefined {
  const able = instances.filter((instance) => whyNot(instance, request) === undefined);
  const scores = request.strategies.map((strategy) => scoreBy(strategy, instances, request));
  scores.push((instance) => instance.tasks.size);
  let best: { instance: ContainerInstance; values: readonly number[] } | undefined;
  for (const instance of able) {
    const values = scores.map((score) => score(instance));
    if (best === undefined || isLess(values, best.values)) best = { instance, values };
  }
  return best?.instance;
}

/** Why an instance cannot take the task, in the words of RunTask's `failures`; undefined if it can. */
export function whyNot(instance: ContainerInstance, request: PlacementRequest): string | undefined {
  if (!instance.agentConnected) return "AGENT";
  for (const constraint of request.constraints) {
    if (!constraint.matches(instance)) return "MemberOf placement constraint unsatisfied.";
    if (constraint.type === "distinctInstance" && tasksOfGroup(instance, request.group) > 0)
      return "DistinctInstance placement constraint unsatisfied.";
  }
  const { cpu, memory, ports } = request.reservation;
  if (instance.cpu - instance.used.cpu < cpu) return "RESOURCE:CPU";
  if (instance.memory - instance.used.memory < memory) return "RESOURCE:MEMORY";
  if (ports.some((port) => instance.reservedPorts.has(port) || instance.used.ports.has(port)))
    return "RESOURCE:PORTS";
  return undefined;
}

/** Takes what the task needs of its instance, if it has one. */
export function reserve(task: Task): void {
  const { instance, reservation } = task;
  if (instance === undefined) return;
  instance.used.cpu += reservation.cpu;
  instance.used.memory += reservation.memory;
  for (const port of reservation.ports) instance.used.ports.add(port);
  instance.tasks.add(task);
  instance.version += 1;
}

export function release(task: Task): void {
  const { instance, reservation } = task;
  if (instance?.tasks.delete(task) !== true) return;
  instance.used.cpu -= reservation.cpu;
  instance.used.memory -= reservation.memory;
  for (const port of reservation.ports) instance.used.ports.delete(port);
  instance.version += 1;
}

type Score = (instance: ContainerInstance) => number;

function scoreBy(
  strategy: PlacementStrategy,
  instances: readonly ContainerInstance[],
  { group, random }: PlacementRequest,
): Score {
  if (strategy.type === "random") return () => random();
  if (strategy.type === "binpack") {
    return strategy.field === "cpu"
      ? ({ cpu, used }) => cpu - used.cpu
      : ({ memory, used }) => memory - used.memory;
  }
  const counts = new Map<string, number>();
  for (const instance of instances) {
    const value = spreadValue(instance, strategy.field);
    counts.set(value, (counts.get(value) ?? 0) + tasksOfGroup(instance, group));
  }
  return (instance) => counts.get(spreadValue(instance, strategy.field)) ?? 0;
}

function spreadValue(instance: ContainerInstance, field: string): string {
  return field.startsWith("attribute:")
    ? (instance.attributes.get(field.slice("attribute:".length)) ?? "")
    : instance.id;
}

function tasksOfGroup(instance: ContainerInstance, group: string): number {
  let count = 0;
  for (const task of instance.tasks) if (task.group === group) count += 1;
  return count;
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? 0;
    if (value !== other) return value < other;
  }
  return false;
}
