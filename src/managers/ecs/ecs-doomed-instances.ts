import type { PlacementConstraint } from "@aws-sdk/client-ecs";

/** An instance of which nothing is known but that it goes is gone by then: EC2 gives two minutes. */
const LONGEST_END_MS = 180_000;
/** ECS goes on listing an instance for a while after its end. */
const AFTERLIFE_MS = 60_000;
/** Characters of an expression (Amazon ECS API reference, PlacementConstraint). */
const EXPRESSION_LIMIT = 2000;
const CONSTRAINT_LIMIT = 10;

/**
 * EC2 instances that are about to go, and still take tasks: their ECS agent tells ECS of it only where
 * `ECS_ENABLE_SPOT_INSTANCE_DRAINING` is set (ECS agent, README), and by default it is not. Pure: told the time.
 */
export class DoomedInstances {
  readonly #until = new Map<string, number>();

  /** @param endsInMs When the instance ends, if that is known. */
  add(instanceId: string, endsInMs: number | undefined, now: number): void {
    // It comes from a worker, and becomes a part of an expression.
    if (!/^i-[0-9a-f]+$/.test(instanceId)) return;
    const endMs = Math.min(Math.max(endsInMs ?? LONGEST_END_MS, 0), LONGEST_END_MS);
    this.#until.set(instanceId, Math.max(this.#until.get(instanceId) ?? 0, now + endMs + AFTERLIFE_MS));
  }

  /** The constraints with one more that keeps tasks from these instances, if there are any and there is room for it. */
  avoid(
    constraints: readonly PlacementConstraint[],
    now: number,
  ): { readonly constraints: readonly PlacementConstraint[]; readonly isAvoiding: boolean } {
    for (const [id, until] of this.#until) if (until <= now) this.#until.delete(id);
    if (this.#until.size === 0 || constraints.length >= CONSTRAINT_LIMIT) {
      return { constraints, isAvoiding: false };
    }
    // The newest first, should they be more than an expression holds.
    let list = "";
    for (const id of [...this.#until.keys()].toReversed()) {
      const longer = list === "" ? id : `${list}, ${id}`;
      if (expression(longer).length > EXPRESSION_LIMIT) break;
      list = longer;
    }
    const added = { type: "memberOf", expression: expression(list) } as const;
    return { constraints: [...constraints, added], isAvoiding: true };
  }
}

/** In the cluster query language (Amazon ECS developer guide, "Cluster query language"). */
function expression(list: string): string {
  return `ec2InstanceId !in [${list}]`;
}
