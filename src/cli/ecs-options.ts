import type { Command } from "commander";
import { ECSConnection } from "../managers/ecs/ecs-connection.js";
import { explain } from "../managers/ecs/ecs-errors.js";

/** What every command takes that talks to ECS. */
export interface ECSArguments {
  readonly cluster: string;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly json?: true;
}

export function withECSOptions(command: Command): Command {
  return command
    .option("--cluster <name>", "name or ARN of the ECS cluster", "default")
    .option("--region <name>", "default: what the AWS SDK finds (AWS_REGION, the shared configuration, ...)")
    .option("--endpoint-url <url>", "another ECS endpoint (default: AWS_ENDPOINT_URL_ECS, or AWS itself)")
    .option("--json", "print JSON");
}

/** Runs `work` with a connection to ECS, and closes that. Errors say what was refused and what to do about it. */
export async function withConnection<T>(
  { cluster, region, endpointUrl }: ECSArguments,
  attempted: { readonly operation: string; readonly taskDefinition?: string },
  work: (connection: ECSConnection) => Promise<T>,
): Promise<T> {
  if (endpointUrl !== undefined && !/^https?:$/.test(protocolOf(endpointUrl))) {
    throw new RangeError(
      `--endpoint-url must be an http or https URL such as "http://127.0.0.1:5111", not "${endpointUrl}"`,
    );
  }
  const connection = new ECSConnection({ client: undefined, region, endpoint: endpointUrl });
  try {
    return await work(connection);
  } catch (error) {
    throw explain(error, {
      taskDefinition: "",
      ...attempted,
      ecsCluster: cluster,
      ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
    });
  } finally {
    await connection.close();
  }
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : "";
}
