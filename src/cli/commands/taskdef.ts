import { Command, InvalidArgumentError, Option } from "commander";
import { newDefinition, type NewDefinition } from "../../managers/ecs/ecs-new-definition.js";
import { portOption, positiveOption } from "../argument-checks.js";

interface TaskdefArguments {
  readonly image: string;
  readonly family: string;
  readonly network: NewDefinition["network"];
  readonly name: string;
  readonly cpu: number;
  readonly memory: number;
  readonly stopTimeout: number;
  readonly arch?: "X86_64" | "ARM64";
  readonly logGroup?: string;
  readonly region?: string;
  readonly taskRole?: string;
  readonly executionRole?: string;
  readonly containerPort?: number;
  readonly node?: string;
  readonly env: Readonly<Record<string, string>>;
}

export function taskdefCommand(): Command {
  return new Command("taskdef")
    .description(
      "Print a task definition for workers, for: aws ecs register-task-definition --cli-input-json. Nothing is sent.",
    )
    .requiredOption("--image <image>", "the image that holds Node, Rollcall and your project")
    .option("--family <name>", "its name", familyOption, "rollcall-worker")
    .addOption(
      new Option("--network <mode>", "network mode of the tasks; fargate is awsvpc on Fargate")
        .choices(["host", "bridge", "awsvpc", "fargate"])
        .default("host"),
    )
    .option("--name <name>", "name of the container", "worker")
    .option("--cpu <units>", "CPU units; 1024 are one core", positiveOption, 1024)
    .option("--memory <MiB>", "memory, a hard limit", positiveOption, 2048)
    .option("--stop-timeout <seconds>", "from SIGTERM to SIGKILL", positiveOption, 30)
    .addOption(new Option("--arch <name>", "CPU architecture of the image").choices(["X86_64", "ARM64"]))
    .option(
      "--log-group <name>",
      "log group in CloudWatch Logs, which must exist: errors then carry the last output",
    )
    .option("--region <name>", "region of the log group (default: AWS_REGION)")
    .option("--task-role <arn>", "role of the workers' own code; Rollcall needs none")
    .option("--execution-role <arn>", "role that pulls the image and writes the logs, where that needs one")
    .option(
      "--container-port <port>",
      "with --network bridge: where the worker listens (default: 7000)",
      portOption,
    )
    .option(
      "--node <version>",
      "version of Node in the image: rollcall doctor compares it with the manager's",
    )
    .option("--env <name=value>", "a variable for the worker; may be repeated", environmentOption, {})
    .action(run);
}

function run(options: TaskdefArguments): void {
  const { arch, logGroup, containerPort, taskRole, executionRole } = options;
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const region = options.region ?? AWS_REGION ?? AWS_DEFAULT_REGION;
  const definition = newDefinition({
    family: options.family,
    image: options.image,
    network: options.network,
    containerName: options.name,
    cpu: options.cpu,
    memory: options.memory,
    stopTimeout: options.stopTimeout,
    environment: options.env,
    ...(options.node === undefined ? {} : { nodeVersion: options.node }),
    ...(arch === undefined ? {} : { architecture: arch }),
    ...(logGroup === undefined ? {} : { logGroup }),
    ...(containerPort === undefined ? {} : { containerPort }),
    ...(region === undefined ? {} : { region }),
    ...(taskRole === undefined ? {} : { taskRoleArn: taskRole }),
    ...(executionRole === undefined ? {} : { executionRoleArn: executionRole }),
  });
  console.log(JSON.stringify(definition, undefined, 2));
}

function familyOption(text: string): string {
  if (/^[a-zA-Z0-9_-]{1,255}$/.test(text)) return text;
  throw new InvalidArgumentError(`"${text}" is not 1 to 255 letters, digits, "-" and "_".`);
}

function environmentOption(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError(`"${text}" is not NAME=VALUE.`);
  if (/^ROLLCALL_/i.test(name)) throw new InvalidArgumentError(`Rollcall sets ${name} itself.`);
  return { ...before, [name]: value };
}
