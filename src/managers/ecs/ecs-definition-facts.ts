import type { TaskDefinition } from "@aws-sdk/client-ecs";
import { withRetries } from "./ecs-call.js";
import type { ECSConnection } from "./ecs-connection.js";

/** What a task definition says about the rights that its launches need. */
export interface DefinitionFacts {
  readonly definition: TaskDefinition;
  readonly partition?: string;
  readonly region?: string;
  readonly account?: string;
  /** Task role and execution role, as far as it names them. */
  readonly roles: readonly string[];
  /** Of the first container that logs to CloudWatch Logs. */
  readonly logGroup?: string;
}

const LIMITS = { capacityMs: 0, outageMs: 3000, briefAttempts: 3 };

/** Reads a task definition from ECS. Errors are those of the SDK. */
export async function describeDefinition(
  connection: ECSConnection,
  taskDefinition: string,
  signal: AbortSignal,
): Promise<DefinitionFacts> {
  const answer = await withRetries(
    () =>
      connection.call(signal, ({ sdk, client }, options) =>
        client.send(new sdk.DescribeTaskDefinitionCommand({ taskDefinition }), options),
      ),
    { limits: LIMITS, signal },
  );
  return definitionFacts(answer.taskDefinition ?? {});
}

export function definitionFacts(definition: TaskDefinition): DefinitionFacts {
  const [, partition, , region, account] = definition.taskDefinitionArn?.split(":") ?? [];
  const logGroup = (definition.containerDefinitions ?? [])
    .filter(({ logConfiguration }) => logConfiguration?.logDriver === "awslogs")
    .map(({ logConfiguration }) => logConfiguration?.options?.["awslogs-group"])
    .find((group) => group !== undefined);
  // ECS takes a role's bare name too; a policy needs the ARN.
  const roles = [definition.taskRoleArn, definition.executionRoleArn].flatMap((role) => {
    if (role === undefined || role === "") return [];
    return role.startsWith("arn:") ? role : `arn:${partition}:iam::${account}:role/${role}`;
  });
  return {
    definition,
    roles,
    ...(partition === undefined ? {} : { partition }),
    ...(region === undefined ? {} : { region }),
    ...(account === undefined ? {} : { account }),
    ...(logGroup === undefined ? {} : { logGroup }),
  };
}
