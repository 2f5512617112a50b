import { setTimeout } from "node:timers/promises";
import type { LeavingNotice, WorkerWatch } from "../../cluster/cluster-manager.js";
import type { ECSOperations } from "./ecs-client.js";
import { serviceError } from "./ecs-errors.js";
import { instanceName } from "./ecs-lifecycle.js";
import { afterError } from "./ecs-retry.js";

/** Instances in one DescribeContainerInstances call (Amazon ECS API reference). */
const INSTANCES_PER_DESCRIBE = 100;

export interface DrainingWatch {
  readonly ecs: Pick<ECSOperations, "describeContainerInstances">;
  /** The container instance that a worker is on. */
  readonly instanceOf: (id: string) => string | undefined;
  readonly intervalMs: number;
  readonly watch: WorkerWatch;
  readonly explain: (error: unknown) => Error;
  readonly signal: AbortSignal;
}

/**
 * Makes workers leave container instances that are DRAINING: ECS moves only tasks of services from there, and lets those
 * of RunTask run on (Amazon ECS developer guide, "Container instance draining"). Resolves when `signal` aborts, or when
 * ECS refuses to answer. Never rejects.
 */
export async function watchDraining(options: DrainingWatch): Promise<void> {
  const { ecs, intervalMs, watch, explain, signal } = options;
  for (;;) {
    try {
      // A program that forgets to close its cluster must not be kept alive by this.
      await setTimeout(intervalMs, undefined, { signal, ref: false });
    } catch {
      return;
    }
    const workers = workersByInstance(options);
    const arns = [...workers.keys()];
    try {
      for (let start = 0; start < arns.length; start += INSTANCES_PER_DESCRIBE) {
        const some = arns.slice(start, start + INSTANCES_PER_DESCRIBE);
        const instances = await ecs.describeContainerInstances(some, signal);
        for (const { containerInstanceArn = "", ec2InstanceId, status } of instances) {
          if (status !== "DRAINING") continue;
          const notice = leaveDraining(containerInstanceArn, ec2InstanceId);
          for (const id of workers.get(containerInstanceArn) ?? []) watch.leave(id, notice);
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      // What may pass is tried again in the next round.
      if (!afterError(serviceError(error)).retry) return watch.failed(explain(error));
    }
  }
}

function workersByInstance({ watch, instanceOf }: DrainingWatch): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const id of watch.members()) {
    const instance = instanceOf(id);
    if (instance !== undefined) found.set(instance, [...(found.get(instance) ?? []), id]);
  }
  return found;
}

function leaveDraining(containerInstanceArn: string, ec2InstanceId: string | undefined): LeavingNotice {
  const ec2 = ec2InstanceId === undefined ? "" : ` (${ec2InstanceId})`;
  return {
    reason: `its ${instanceName(containerInstanceArn) ?? "instance"}${ec2} is DRAINING`,
    cause: "instance draining",
    isPatient: true,
  };
}
