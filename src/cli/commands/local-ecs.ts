import { Command, InvalidArgumentError, Option } from "commander";
import { startLocalECS, type LocalECS, type ObservedTask } from "../../local-ecs/index.js";

const LOG_LEVELS = ["quiet", "tasks", "output"] as const;

interface LocalEcsArguments {
  readonly port: number;
  readonly host: string;
  readonly instances: number;
  readonly cpu: number;
  readonly memory: number;
  readonly region: string;
  readonly workingDirectory?: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** 128 plus the number of the signal, as shells have it. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export function localEcsCommand(): Command {
  return new Command("local-ecs")
    .description(
      "Run an ECS endpoint on this machine. Its tasks run as processes, until a signal ends them all.",
    )
    .option("--port <number>", "port to listen on; 0 takes a free one", wholeNumber, 0)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--instances <number>", "how many container instances there are", wholeNumber, 2)
    .option("--cpu <units>", "CPU units of each instance; 1024 are one core", wholeNumber, 2048)
    .option("--memory <MiB>", "memory of each instance", wholeNumber, 4096)
    .option("--region <name>", "the Region in ARNs", "us-east-1")
    .option("--working-directory <path>", "where tasks run (default: the current directory)")
    .addOption(
      new Option(
        "--log-level <level>",
        "what to show: nothing, what becomes of tasks, or also what they write",
      )
        .choices(LOG_LEVELS)
        .default("tasks"),
    )
    .action(run);
}

async function run(options: LocalEcsArguments): Promise<void> {
  const ended = firstSignal();
  const ecs = await start(options);
  watch(ecs, options.logLevel);
  console.log(greeting(ecs, options));
  const signal = await ended;
  console.error(`${signal}: stopping the tasks; a second signal ends them at once`);
  // The endpoint's guard kills what is left when this process ends.
  for (const name of signalNames()) process.once(name, () => process.exit(EXIT_CODES[name]));
  await ecs.close();
  process.exit(EXIT_CODES[signal]);
}

async function start(options: LocalEcsArguments): Promise<LocalECS> {
  const { cpu, memory, port, host, region, workingDirectory } = options;
  const instances = Array.from({ length: options.instances }, () => ({ cpu, memory }));
  try {
    return await startLocalECS({
      instances,
      port,
      host,
      region,
      ...(workingDirectory === undefined ? {} : { workingDirectory }),
    });
  } catch (error) {
    throw explain(error, `${host}:${port}`);
  }
}

function explain(error: unknown, address: string): unknown {
  switch (error instanceof Error && "code" in error ? error.code : undefined) {
    case "EADDRINUSE":
      return new Error(`${address} is in use: choose another --port, or leave it out for any free one`);
    case "EACCES":
      return new Error(`${address} may not be listened on by this user: choose a --port above 1023`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new Error(`${address} is not an address of this machine: choose another --host`);
    default:
      return error;
  }
}

function greeting(ecs: LocalECS, { host, instances, cpu, memory }: LocalEcsArguments): string {
  const lines = [
    `ECS endpoint: ${ecs.endpoint}`,
    `  ${instances} container instances with ${cpu} CPU units and ${memory} MiB each, in cluster "default"`,
    "",
    "With the AWS CLI:",
    `  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws --region ${ecs.region} --endpoint-url ${ecs.endpoint} ecs list-container-instances`,
  ];
  const isLoopback = host === "localhost" || host === "::1" || host.startsWith("127.");
  if (!isLoopback)
    lines.push("", `Warning: whoever can reach ${host} can run programs here as the user that runs this.`);
  return lines.join("\n");
}

function watch(ecs: LocalECS, level: LocalEcsArguments["logLevel"]): void {
  if (level === "quiet") return;
  const shown = new Map<string, string>();
  ecs.onTaskChange((task) => {
    const { taskArn, lastStatus } = task;
    if (shown.get(taskArn) === lastStatus) return;
    console.error(describe(task));
    if (lastStatus === "STOPPED") shown.delete(taskArn);
    else shown.set(taskArn, lastStatus);
  });
  if (level !== "output") return;
  ecs.onOutput(({ taskArn, container, line }) => {
    console.error(`${taskId(taskArn)} ${container} | ${line}`);
  });
}

function describe({ taskArn, lastStatus, stopCode, stoppedReason, containers }: ObservedTask): string {
  const why = stopCode === undefined ? "" : ` ${stopCode}: ${stoppedReason}`;
  const reasons = containers.flatMap(({ name, exitCode, reason }) => {
    const parts = [exitCode === undefined ? [] : [`exit code ${exitCode}`], reason ?? []].flat();
    return lastStatus === "STOPPED" && parts.length > 0 ? [`${name}: ${parts.join(", ")}`] : [];
  });
  return `${taskId(taskArn)} ${lastStatus}${why}${reasons.length === 0 ? "" : ` (${reasons.join("; ")})`}`;
}

function taskId(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

function firstSignal(): Promise<keyof typeof EXIT_CODES> {
  return new Promise((resolve) => {
    for (const name of signalNames()) process.once(name, () => resolve(name));
  });
}

function signalNames(): (keyof typeof EXIT_CODES)[] {
  return ["SIGHUP", "SIGINT", "SIGTERM"];
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`"${text}" is not a whole number, 0 or above.`);
  return Number(text);
}
