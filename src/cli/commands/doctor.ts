import { Command, Option } from "commander";
import { examine } from "../../managers/ecs/ecs-examination.js";
import type { Check } from "../../managers/ecs/ecs-diagnosis.js";
import type { PortRange } from "../../util/port-range.js";
import { listOption, portsOption, positiveOption } from "../argument-checks.js";
import { withConnection, withECSOptions, type ECSArguments } from "../ecs-options.js";

interface DoctorArguments extends ECSArguments {
  readonly taskDefinition: string;
  readonly containerName?: string;
  readonly workers: number;
  readonly launchType: "EC2" | "FARGATE";
  readonly securityGroups: readonly string[];
  readonly rendezvousPort?: PortRange;
  readonly workerPorts?: PortRange;
}

export function doctorCommand(): Command {
  return withECSOptions(new Command("doctor"))
    .description("Look at what a launch on ECS needs, with calls that only read, and say what to change.")
    .requiredOption("--task-definition <name>", "family, family:revision or ARN of the task definition")
    .option("--container-name <name>", "the container that becomes a worker, if there are several")
    .option("--workers <number>", "how many workers there shall be room for", positiveOption, 1)
    .addOption(
      new Option("--launch-type <type>", "where the tasks run").choices(["EC2", "FARGATE"]).default("EC2"),
    )
    .option("--security-groups <ids>", "those of networkConfiguration (network mode awsvpc)", listOption, [])
    .option("--rendezvous-port <ports>", "rendezvous.port of the manager: 7000, or 7000-7009", portsOption)
    .option("--worker-ports <ports>", "network.ports of the manager: 7100-7199", portsOption)
    .action(run);
}

async function run(options: DoctorArguments): Promise<void> {
  const { cluster: ecsCluster, taskDefinition, containerName, workers, securityGroups } = options;
  const { rendezvousPort, workerPorts } = options;
  const checks: Check[] = [];
  await withConnection(options, { operation: "DescribeClusters", taskDefinition }, async (connection) => {
    const examination = {
      ecsCluster,
      taskDefinition,
      workers,
      isFargate: options.launchType === "FARGATE",
      securityGroups,
      ...(containerName === undefined ? {} : { containerName }),
      ...(rendezvousPort === undefined ? {} : { managerPorts: rendezvousPort }),
      ...(workerPorts === undefined ? {} : { workerPorts }),
    };
    for await (const check of examine(connection, examination, new AbortController().signal)) {
      checks.push(check);
      if (options.json !== true) console.log(inWords(check));
    }
  });
  if (options.json === true) console.log(JSON.stringify(checks, undefined, 2));
  if (checks.some(({ verdict }) => verdict === "fail")) process.exitCode = 1;
}

function inWords({ verdict, name, seen, advice }: Check): string {
  const line = `${verdict.padEnd(4)}  ${name}: ${seen}`;
  return advice === undefined ? line : `${line}\n      ${advice}`;
}
