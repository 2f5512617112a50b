import type { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import type { ContainerOverride, ECSClient, TaskOverride } from "@aws-sdk/client-ecs";
import type { WorkerCount } from "../../cluster/cluster-manager.js";
import { checkWorkerCount } from "../../cluster/worker-count.js";
import { MOST_WORKERS_OF_CONTAINER } from "../../protocol/worker-variables.js";
import {
  flag,
  list,
  milliseconds,
  onlyKnown,
  optional,
  plainObject,
  show,
  text,
  wholeNumber,
} from "../../util/option-checks.js";
import { networkSettings, rendezvousSettings } from "./ecs-network-settings.js";
import type { NetworkSettings, RendezvousSettings } from "./ecs-network-settings.js";
import type { ECSManagerOptions, ECSTimeouts } from "./ecs-options.js";
import { containerOverrides, otherContainerOverrides, taskOverrides } from "./ecs-override-options.js";
import { LONGEST_WORKER_ENVIRONMENT, checkOverrideSize, taskOverride } from "./ecs-request.js";
import { rawRunTask, runTaskOptions } from "./ecs-run-task-options.js";
import type { RunTaskOptions } from "./ecs-run-task-options.js";
import type { WorkersPerTask } from "./ecs-task-workers.js";

/** The options after checking, with defaults. */
export interface ECSSettings {
  readonly ecsCluster: string;
  readonly taskDefinition: string;
  readonly workers: WorkerCount;
  readonly workersPerTask: WorkersPerTask;
  readonly containerName: string | undefined;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly client: ECSClient | undefined;
  readonly logsClient: CloudWatchLogsClient | undefined;
  readonly startedBy: string | undefined;
  readonly runTask: RunTaskOptions;
  /** Further members of RunTask, as they are. */
  readonly rawRunTask: Readonly<Record<string, unknown>>;
  readonly taskOverrides: Omit<TaskOverride, "containerOverrides">;
  readonly containerOverrides: Omit<ContainerOverride, "name" | "command">;
  readonly otherContainerOverrides: readonly ContainerOverride[];
  /** Undefined leaves the image's own. */
  readonly command: readonly string[] | undefined;
  readonly rendezvous: RendezvousSettings;
  readonly network: NetworkSettings;
  /** Undefined leaves it to the worker, which sees where it is. */
  readonly watchSpot: boolean | undefined;
  readonly watchDraining: boolean;
  readonly timeouts: ECSTimeouts;
  readonly pollMs: number;
}

const DEFAULT_COMMAND = ["node", "node_modules/rollcall/dist/worker/main.js"];
const DEFAULT_TIMEOUTS: ECSTimeouts = {
  launchMs: 600_000,
  reportMs: 60_000,
  joinMs: 30_000,
  capacityMs: 60_000,
  extraCapacityMs: 10_000,
};
const DEFAULT_POLL_MS = 1000;

const OPTION_NAMES: readonly (keyof ECSManagerOptions)[] = [
  "ecsCluster",
  "taskDefinition",
  "workers",
  "workersPerTask",
  "containerName",
  "region",
  "endpoint",
  "client",
  "logsClient",
  "startedBy",
  "group",
  "tags",
  "launchType",
  "capacityProviderStrategy",
  "placementConstraints",
  "placementStrategy",
  "networkConfiguration",
  "platformVersion",
  "propagateTags",
  "enableExecuteCommand",
  "enableECSManagedTags",
  "volumeConfigurations",
  "runTask",
  "overrides",
  "command",
  "rendezvous",
  "network",
  "watchSpot",
  "watchDraining",
  "timeouts",
  "pollMs",
];

/**
 * Checks the options of an `ECSManager` and fills in defaults. Throws a `TypeError` for a wrong type or an unknown
 * option and a `RangeError` for a value outside what ECS takes; nothing has been sent then.
 */
export function ecsSettings(options: ECSManagerOptions): ECSSettings {
  onlyKnown("ECSManager", plainObject("the options of ECSManager", options), OPTION_NAMES);
  const overrides = options.overrides ?? {};
  checkClients(options);
  const runTask = runTaskOptions(options);
  const settings: ECSSettings = {
    ecsCluster:
      optional(options.ecsCluster, (value) => text("ecsCluster", value, `"my-cluster"`)) ?? "default",
    taskDefinition: text("taskDefinition", options.taskDefinition, `"my-worker" or "my-worker:3"`),
    workers: checkWorkerCount(options.workers),
    workersPerTask: checkWorkersPerTask(options.workersPerTask ?? 1),
    containerName: optional(options.containerName, (value) => text("containerName", value, `"worker"`)),
    region: optional(options.region, (value) => text("region", value, `"eu-central-1"`)),
    endpoint: optional(options.endpoint, checkEndpoint),
    client: options.client,
    logsClient: options.logsClient,
    startedBy: optional(options.startedBy, checkStartedBy),
    runTask,
    rawRunTask: rawRunTask(options.runTask ?? {}, runTask),
    taskOverrides: taskOverrides(overrides),
    containerOverrides: containerOverrides(overrides.container ?? {}),
    otherContainerOverrides: otherContainerOverrides(overrides.otherContainers ?? {}),
    command: workerCommand(options.command),
    rendezvous: rendezvousSettings(options.rendezvous ?? {}),
    network: networkSettings(options.network ?? {}),
    watchSpot: optional(options.watchSpot, (value) => flag("watchSpot", value)),
    watchDraining: flag("watchDraining", options.watchDraining ?? false),
    timeouts: timeoutSettings(options.timeouts ?? {}),
    pollMs: milliseconds("pollMs", options.pollMs ?? DEFAULT_POLL_MS, 1),
  };
  checkOverrideSize(taskOverride(settings, settings.containerName ?? "worker", LONGEST_WORKER_ENVIRONMENT));
  return settings;
}

function checkWorkersPerTask(value: WorkersPerTask): WorkersPerTask {
  if (value === "auto") return value;
  if (typeof value === "number") return wholeNumber("workersPerTask", value, 1, MOST_WORKERS_OF_CONTAINER);
  throw new TypeError(
    `workersPerTask must be a whole number such as 4, or "auto" for as many as a task has cores, not ${show(value)}`,
  );
}

function checkClients(options: ECSManagerOptions): void {
  for (const key of ["client", "logsClient"] as const) {
    const client = options[key];
    if (client !== undefined && typeof plainObject(key, client)["send"] !== "function") {
      throw new TypeError(`${key} must be a client of the AWS SDK with a send method, not ${show(client)}`);
    }
  }
  if (options.client === undefined) return;
  for (const key of ["region", "endpoint"] as const) {
    if (options[key] === undefined) continue;
    throw new TypeError(
      `client and ${key} exclude each other: give ${key} to the client, or leave out client`,
    );
  }
}

function checkEndpoint(value: string): string {
  const endpoint = text("endpoint", value, `"http://127.0.0.1:5111"`);
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    throw new RangeError(
      `endpoint must be an http or https URL such as "http://127.0.0.1:5111", not ${show(endpoint)}`,
    );
  }
  return endpoint;
}

function checkStartedBy(value: string): string {
  const startedBy = text("startedBy", value, `"my-job/42"`);
  if (startedBy.length > 128) {
    throw new RangeError(
      `startedBy ${show(startedBy)} has ${startedBy.length} characters and ECS takes at most 128`,
    );
  }
  const bad = /[^a-zA-Z0-9\-/_]/.exec(startedBy);
  if (bad === null) return startedBy;
  throw new RangeError(
    `startedBy ${show(startedBy)} holds ${show(bad[0])}; ECS takes letters, digits, "-", "_" and "/"`,
  );
}

function workerCommand(command: ECSManagerOptions["command"]): readonly string[] | undefined {
  if (command === undefined) return DEFAULT_COMMAND;
  if (command === "image") return undefined;
  if (!Array.isArray(command) || !command.every((part) => typeof part === "string")) {
    throw new TypeError(
      `command must be an array of strings such as ["node", "worker.js"], or "image" for the image's own, ` +
        `not ${show(command)}`,
    );
  }
  if (command.length === 0) {
    throw new RangeError(`command must not be empty; "image" leaves the image's own command`);
  }
  return list("command", command, Number.MAX_SAFE_INTEGER);
}

function timeoutSettings(given: Partial<ECSTimeouts>): ECSTimeouts {
  onlyKnown("timeouts", plainObject("timeouts", given), Object.keys(DEFAULT_TIMEOUTS));
  const limit = (key: keyof ECSTimeouts, min: number) =>
    milliseconds(`timeouts.${key}`, given[key] ?? DEFAULT_TIMEOUTS[key], min);
  const capacityMs = limit("capacityMs", 0);
  return {
    launchMs: limit("launchMs", 1),
    reportMs: limit("reportMs", 1),
    joinMs: limit("joinMs", 1),
    capacityMs,
    extraCapacityMs:
      given.extraCapacityMs === undefined
        ? Math.min(capacityMs, DEFAULT_TIMEOUTS.extraCapacityMs)
        : limit("extraCapacityMs", 0),
  };
}
