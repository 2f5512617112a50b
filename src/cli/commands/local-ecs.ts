import { Command, InvalidArgumentError, Option } from "commander";
import {
  startLocalECS,
  type DockerEngineOptions,
  type LocalECS,
  type ObservedTask,
} from "../../local-ecs/index.js";

const LOG_LEVELS = ["quiet", "tasks", "output"] as const;

interface LocalEcsArguments {
  readonly port: number;
  readonly host: string;
  readonly instances: number;
  readonly cpu: number;
  readonly memory: number;
  readonly region: string;
  readonly workingDirectory?: string;
  /** True without a value: the engine that the Docker command line would use. */
  readonly docker?: string | true;
  readonly awsvpcNetwork?: string;
  readonly advertiseHost?: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}

/** 128 plus the number of the signal, as shells have it. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export function localEcsCommand(): Command {
  return new Command("local-ecs")
    .description(
      "Run an ECS endpoint on this machine. Its tasks run as processes or containers, until a signal ends them all.",
    )
    .option("--port <number>", "port to listen on; 0 takes a free one", wholeNumber, 0)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--instances <number>", "how many container instances there are", wholeNumber, 2)
    .option("--cpu <units>", "CPU units of each instance; 1024 are one core", wholeNumber, 2048)
    .option("--memory <MiB>", "memory of each instance", wholeNumber, 4096)
    .option("--region <name>", "the Region in ARNs", "us-east-1")
    .option("--working-directory <path>", "where tasks run (default: the current directory)")
    .option(
      "--docker [socket]",
      "run tasks as containers of the Docker engine at this Unix socket (default: DOCKER_HOST, or /var/run/docker.sock)",
    )
    .option(
      "--awsvpc-network <name>",
      "the engine's network for tasks in network mode awsvpc (default: bridge)",
    )
    .option(
      "--advertise-host <address>",
      "the address under which tasks reach the endpoint (default: --host)",
    )
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
  // The endpoint's guard kills processes when this one ends. An engine has no guard; the next endpoint tidies up there.
  const fate =
    options.docker === undefined ? "ends them at once" : "leaves their containers to the next start";
  console.error(`${signal}: stopping the tasks; a second signal ${fate}`);
  for (const name of signalNames()) process.once(name, () => process.exit(EXIT_CODES[name]));
  await ecs.close();
  process.exit(EXIT_CODES[signal]);
}

async function start(options: LocalEcsArguments): Promise<LocalECS> {
  const { cpu, memory, port, host, region, workingDirectory, advertiseHost } = options;
  const docker = engineOf(options);
  const instance = { cpu, memory, ...(docker === undefined ? {} : { docker }) };
  const instances = Array.from({ length: options.instances }, () => instance);
  try {
    return await startLocalECS({
      instances,
      port,
      host,
      region,
      ...(workingDirectory === undefined ? {} : { workingDirectory }),
      ...(advertiseHost === undefined ? {} : { advertiseHost }),
    });
  } catch (error) {
    throw explain(error, `${host}:${port}`);
  }
}

function engineOf({ docker, awsvpcNetwork }: LocalEcsArguments): DockerEngineOptions | undefined {
  if (docker === undefined) {
    if (awsvpcNetwork !== undefined)
      throw new Error("--awsvpc-network needs --docker: processes have no networks");
    return undefined;
  }
  return {
    socketPath: docker === true ? defaultSocket() : docker,
    ...(awsvpcNetwork === undefined ? {} : { awsvpcNetwork }),
  };
}

function defaultSocket(): string {
  const host = process.env["DOCKER_HOST"];
  if (host === undefined || host === "") return "/var/run/docker.sock";
  const [, socketPath] = /^unix:\/\/(\/.+)$/.exec(host) ?? [];
  if (socketPath !== undefined) return socketPath;
  throw new Error(
    `DOCKER_HOST is "${host}", and only a Unix socket is supported: give one with --docker <socket>`,
  );
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

function greeting(ecs: LocalECS, options: LocalEcsArguments): string {
  const { host, instances, cpu, memory, docker, advertiseHost = host } = options;
  const lines = [
    `ECS endpoint: ${ecs.endpoint}`,
    `  ${instances} container instances with ${cpu} CPU units and ${memory} MiB each, in cluster "default"`,
    "",
    "With the AWS CLI:",
    `  AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local aws --region ${ecs.region} --endpoint-url ${ecs.endpoint} ecs list-container-instances`,
  ];
  if (docker !== undefined && isLoopback(advertiseHost))
    lines.push(
      "",
      "Only tasks in network mode host reach it at that address. For bridge and awsvpc give --host an address that",
      "containers reach, such as the gateway of Docker's bridge.",
    );
  if (!isLoopback(host))
    lines.push("", `Warning: whoever can reach ${host} can run programs here as the user that runs this.`);
  return lines.join("\n");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
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
