import { Command, InvalidArgumentError, Option } from "commander";
import { describeDefinition, type DefinitionFacts } from "../../managers/ecs/ecs-definition-facts.js";
import { managerPolicy, taskRolePolicy, type PolicyDocument } from "../../managers/ecs/ecs-policy.js";
import { withConnection } from "../ecs-options.js";

interface IamArguments {
  readonly cluster: string;
  readonly taskDefinition: string;
  readonly for: "manager" | "task-role";
  readonly look?: true;
  readonly region?: string;
  readonly endpointUrl?: string;
  readonly account: string;
  readonly partition: string;
  readonly role: readonly string[];
  readonly logGroup?: string;
  readonly tags?: true;
  readonly executeCommand?: true;
  readonly watchDraining?: true;
  readonly doctor?: true;
}

export function iamCommand(): Command {
  return new Command("iam")
    .description(
      "Print the IAM policy with the rights that the options in use need, and no others. Nothing is changed.",
    )
    .requiredOption("--task-definition <name>", "family, family:revision or ARN of the task definition")
    .option("--cluster <name>", "name or ARN of the ECS cluster", "default")
    .addOption(
      new Option("--for <whom>", "the process that starts workers, or the task role with --execute-command")
        .choices(["manager", "task-role"])
        .default("manager"),
    )
    .option("--look", "read roles, log group, region and account from the task definition (asks ECS)")
    .option(
      "--role <arn>",
      "a role of the task definition or of an override; may be repeated",
      roleOption,
      [],
    )
    .option("--log-group <name>", "its log group, if errors shall carry the last output")
    .option("--tags", "tasks get tags (tags, enableECSManagedTags)")
    .option("--execute-command", "people look into tasks (enableExecuteCommand)")
    .option("--watch-draining", "workers leave instances that are drained (watchDraining)")
    .option("--doctor", "also for rollcall doctor")
    .option("--region <name>", "default: any, or that of the task definition with --look")
    .option("--account <id>", "default: any", accountOption, "*")
    .option("--partition <name>", "aws, aws-cn, aws-us-gov, ...", "aws")
    .option("--endpoint-url <url>", "with --look: another ECS endpoint")
    .action(run);
}

async function run(options: IamArguments): Promise<void> {
  const policy = options.for === "task-role" ? taskRolePolicy() : await forManager(options);
  console.log(JSON.stringify(policy, undefined, 2));
}

async function forManager(options: IamArguments): Promise<PolicyDocument> {
  const seen = options.look === true ? await look(options) : undefined;
  const logGroup = options.logGroup ?? seen?.logGroup;
  if (seen === undefined && options.role.length === 0) {
    console.error(
      "no role is passed: if the task definition names a task role or an execution role, add --role ARN for each, or --look",
    );
  }
  return managerPolicy({
    partition: seen?.partition ?? options.partition,
    region: options.region ?? seen?.region ?? "*",
    account: seen?.account ?? options.account,
    ecsCluster: options.cluster,
    taskDefinition: options.taskDefinition,
    roles: [...new Set([...options.role, ...(seen?.roles ?? [])])],
    tags: options.tags === true,
    executeCommand: options.executeCommand === true,
    watchDraining: options.watchDraining === true,
    doctor: options.doctor === true,
    ...(logGroup === undefined ? {} : { logGroup }),
  });
}

function look({ cluster, region, endpointUrl, taskDefinition }: IamArguments): Promise<DefinitionFacts> {
  const where = {
    cluster,
    ...(region === undefined ? {} : { region }),
    ...(endpointUrl === undefined ? {} : { endpointUrl }),
  };
  return withConnection(where, { operation: "DescribeTaskDefinition", taskDefinition }, (connection) =>
    describeDefinition(connection, taskDefinition, new AbortController().signal),
  );
}

function roleOption(text: string, before: readonly string[]): readonly string[] {
  if (/^arn:[^:]+:iam::\d*:role\/.+$/.test(text)) return [...before, text];
  throw new InvalidArgumentError(
    `"${text}" is not the ARN of a role, such as arn:aws:iam::123456789012:role/worker.`,
  );
}

function accountOption(text: string): string {
  if (/^(\d{12}|\*)$/.test(text)) return text;
  throw new InvalidArgumentError(`"${text}" is not an account of 12 digits.`);
}
