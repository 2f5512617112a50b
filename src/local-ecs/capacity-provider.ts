/** Capacity providers (Developer Guide, "Amazon ECS capacity providers"; API Reference, CapacityProviderStrategyItem). */

export type LaunchType = "EC2" | "FARGATE";

/** Every account has these; a cluster can use them once they are associated with it. */
export const FARGATE_PROVIDERS = ["FARGATE", "FARGATE_SPOT"] as const;
export type FargateProvider = (typeof FARGATE_PROVIDERS)[number];

export interface StrategyItem {
  /** Name of the capacity provider. */
  readonly capacityProvider: string;
  /** 0 takes no tasks but those of its base. */
  readonly weight: number;
  /** How many tasks of a request it gets before the weights count. */
  readonly base: number;
}

/** Where one task of a request shall run. */
export interface LaunchTarget {
  readonly launchType: LaunchType;
  /** Only if the request was for a strategy. */
  readonly capacityProvider?: string;
}

export function isFargateProvider(name: string): boolean {
  return FARGATE_PROVIDERS.some((one) => one === name);
}

/**
 * The capacity provider of each of `count` tasks, in their order: first those of the base, then always the one that is
 * furthest behind its weight, the earlier in the strategy among equals. At least one weight must be above 0.
 */
export function distribute(strategy: readonly StrategyItem[], count: number): string[] {
  const based = strategy.flatMap(({ capacityProvider, base }) =>
    Array.from({ length: Math.min(base, count) }, () => capacityProvider),
  );
  const chosen = based.slice(0, count);
  const weighted = strategy
    .filter(({ weight }) => weight > 0)
    .map(({ capacityProvider, weight }) => ({ capacityProvider, weight, tasks: 0 }));
  while (chosen.length < count) {
    const next = weighted.reduce((best, one) =>
      (one.tasks + 1) / one.weight < (best.tasks + 1) / best.weight ? one : best,
    );
    next.tasks += 1;
    chosen.push(next.capacityProvider);
  }
  return chosen;
}
