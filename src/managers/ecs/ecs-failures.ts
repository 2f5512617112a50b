import type { Failure } from "@aws-sdk/client-ecs";
import type { LaunchFailure } from "../../errors.js";

/** What a user can do about a reason in `failures[]` (Amazon ECS developer guide, "API failure reasons"). */
const ADVICE: readonly { reason: RegExp; advice: string }[] = [
  {
    reason: /^RESOURCE:PORTS/,
    advice:
      "the task definition declares host ports, so an instance takes one worker only; remove its portMappings " +
      "(in network mode host Rollcall needs none)",
  },
  {
    reason: /^RESOURCE:ENI/,
    advice:
      "the instances have no network interface left; use larger ones, the account setting awsvpcTrunking, or " +
      "network mode host",
  },
  {
    reason: /^RESOURCE:/,
    advice:
      "no container instance has that much left: add instances, ask for fewer workers, lower the sizes in the task " +
      "definition, or name a capacityProviderStrategy that brings instances",
  },
  {
    reason: /^AGENT$/,
    advice:
      "the ECS agent of the instance is disconnected; look at the instance, or at its route to the ECS endpoint",
  },
  {
    reason: /^LOCATION$/,
    advice: "the instances are in other availability zones than the subnets; add their subnets",
  },
  {
    reason: /^ATTRIBUTE$/,
    advice:
      "no instance has an attribute that the task definition needs (log driver, agent version, role support, ...); " +
      "compare requiresAttributes of the task definition with the attributes of the instances",
  },
  { reason: /placement constraint/i, advice: "no instance matches placementConstraints; loosen them" },
  {
    reason: /capacity is unavailable/i,
    advice:
      "Fargate has no room in the zones of these subnets; add subnets in other zones or try another size",
  },
  {
    reason: /limit on the number of vCPUs/i,
    advice: "ask AWS for a higher Fargate vCPU quota (a new account has 6), or for fewer or smaller workers",
  },
  {
    reason: /configuration is above your limit/i,
    advice: "ask for smaller tasks, or AWS for a higher quota",
  },
  { reason: /^(MISSING|INACTIVE)$/, advice: "check the region and the name of the ECS cluster" },
];

/** The failure of a launch for `count` tasks that RunTask did not start. */
export function runTaskFailure(
  count: number,
  failures: readonly Failure[],
  ecsCluster: string,
): LaunchFailure {
  const reasons = [...new Set(failures.map((failure) => failure.reason ?? "no reason given"))];
  const cause = reasons[0] ?? "not started";
  const advice = ADVICE.find((row) => row.reason.test(cause))?.advice;
  return {
    count,
    cause,
    message:
      failures.length === 0
        ? `ECS started fewer tasks in the ECS cluster ${ecsCluster} than it was asked for and gave no reason`
        : `ECS cluster ${ecsCluster}: ${inSentence([...new Set(failures.map(inWords))])}`,
    ...(advice === undefined ? {} : { advice }),
  };
}

function inWords({ reason, arn, detail }: Failure): string {
  const about = [arn, detail].filter((part) => part !== undefined && part !== "").join(", ");
  return about === "" ? (reason ?? "no reason given") : `${reason ?? "no reason given"} (${about})`;
}

function inSentence(parts: readonly string[]): string {
  const more = parts.length > 3 ? `; and ${parts.length - 3} more` : "";
  return parts.slice(0, 3).join("; ") + more;
}
