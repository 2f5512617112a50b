import type { LaunchTimeouts, WorkerCount } from "../../cluster/cluster-manager.js";
import { checkEnvironment, checkLaunchTimeouts } from "../../cluster/manager-options.js";
import { checkWorkerCount } from "../../cluster/worker-count.js";
import { list, onlyKnown, optional, plainObject, show, text, wholeNumber } from "../../util/option-checks.js";

export interface DockerRendezvousOptions {
  /**
   * The address under which the containers reach this process. Default: loopback where they share this machine's network,
   * otherwise this machine's address on their network, or on the way to the engine.
   */
  readonly host?: string;
  /** The local address to listen on. Default: `host`, if it is one of this machine's; else all. */
  readonly bindHost?: string;
  /** The port to listen on. Default: a free one. */
  readonly port?: number;
}

export interface DockerManagerOptions {
  /** How many workers, and so containers, a launch starts; with `min` and `max` it succeeds from `min` on. */
  readonly workers: number | WorkerCount;
  /** Default: the image of the container that this process runs in. Pulled where the engine has not got it. */
  readonly image?: string;
  /** Path of the engine's Unix socket. Default: what `DOCKER_HOST` says, as for the `docker` command. */
  readonly socketPath?: string;
  /** `host` (the default), `bridge`, or the name of a network of the engine's. */
  readonly network?: string;
  /** What the containers run. Default `node node_modules/rollcall/dist/worker/main.js`; `image` for the image's own. */
  readonly command?: readonly string[] | "image";
  /** Environment variables of the containers. */
  readonly env?: Readonly<Record<string, string>>;
  /** The most memory of a container, in MiB. Default: no limit. */
  readonly memoryMiB?: number;
  /** How many cores a container may use; fractions are fine. Default: no limit. */
  readonly cpus?: number;
  /** `user` or `user:group` that the worker runs as. Default: the image's. */
  readonly user?: string;
  /** Folders of the engine's machine in the containers, as `/on/the/machine:/in/the/container[:ro]`. */
  readonly volumes?: readonly string[];
  readonly rendezvous?: DockerRendezvousOptions;
  /** Defaults: 300,000 (a pull may be part of it), 60,000, 30,000 milliseconds. */
  readonly timeouts?: Partial<LaunchTimeouts>;
}

export interface CheckedDockerOptions {
  readonly workers: WorkerCount;
  readonly image: string | undefined;
  readonly socketPath: string | undefined;
  readonly network: string;
  readonly command: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly memoryMiB: number | undefined;
  readonly cpus: number | undefined;
  readonly user: string | undefined;
  readonly volumes: readonly string[];
  readonly rendezvous: DockerRendezvousOptions;
  readonly timeouts: LaunchTimeouts;
}

const optionNames: readonly (keyof DockerManagerOptions)[] = [
  "workers",
  "image",
  "socketPath",
  "network",
  "command",
  "env",
  "memoryMiB",
  "cpus",
  "user",
  "volumes",
  "rendezvous",
  "timeouts",
];
const defaultCommand = ["node", "node_modules/rollcall/dist/worker/main.js"];
const defaultTimeouts: LaunchTimeouts = { launchMs: 300_000, reportMs: 60_000, joinMs: 30_000 };
/** Docker's own least. */
const LEAST_MEMORY_MIB = 6;
const MOST_VOLUMES = 100;

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkDockerOptions(options: DockerManagerOptions): CheckedDockerOptions {
  onlyKnown("DockerManager", plainObject("the options of DockerManager", options), optionNames);
  return {
    workers: checkWorkerCount(options.workers),
    image: optional(options.image, (image) => text("image", image, `"my-workers:latest"`)),
    socketPath: optional(options.socketPath, (path) => text("socketPath", path, `"/var/run/docker.sock"`)),
    network: checkNetwork(options.network ?? "host"),
    command: checkCommand(options.command),
    env: checkEnvironment(options.env ?? {}),
    memoryMiB: optional(options.memoryMiB, (memory) =>
      wholeNumber("memoryMiB", memory, LEAST_MEMORY_MIB, Number.MAX_SAFE_INTEGER),
    ),
    cpus: optional(options.cpus, checkCpus),
    user: optional(options.user, (user) => text("user", user, `"node"`)),
    volumes: optional(options.volumes, checkVolumes) ?? [],
    rendezvous: checkRendezvous(options.rendezvous ?? {}),
    timeouts: checkLaunchTimeouts(options.timeouts ?? {}, defaultTimeouts),
  };
}

function checkNetwork(network: string): string {
  const name = text("network", network, `"host"`);
  if (name !== "none" && !name.startsWith("container:")) return name;
  throw new RangeError(
    `network cannot be ${show(name)}: a worker needs a network of its own to be reached on`,
  );
}

function checkCommand(command: DockerManagerOptions["command"]): readonly string[] | undefined {
  if (command === undefined) return defaultCommand;
  if (command === "image") return undefined;
  if (Array.isArray(command) && command.length > 0 && command.every((part) => typeof part === "string")) {
    return [...command];
  }
  throw new TypeError(
    `command must be an array of strings such as ["node", "worker.js"], or "image" for the image's own, not ` +
      show(command),
  );
}

function checkCpus(cpus: number): number {
  if (typeof cpus === "number" && cpus >= 0.01 && Number.isFinite(cpus)) return cpus;
  throw new RangeError(`cpus must be a number of cores such as 0.5 or 4, not ${show(cpus)}`);
}

function checkVolumes(volumes: readonly string[]): readonly string[] {
  const checked = list("volumes", volumes, MOST_VOLUMES);
  for (const volume of checked) {
    if (typeof volume === "string" && /^[^:]+:\/[^:]*(:[a-z,]+)?$/i.test(volume)) continue;
    throw new RangeError(`volumes takes entries such as "/data:/data:ro", not ${show(volume)}`);
  }
  return checked;
}

function checkRendezvous(given: DockerRendezvousOptions): DockerRendezvousOptions {
  onlyKnown("rendezvous", plainObject("rendezvous", given), ["host", "bindHost", "port"]);
  if (given.host !== undefined) text("rendezvous.host", given.host, `"10.0.0.7"`);
  if (given.bindHost !== undefined) text("rendezvous.bindHost", given.bindHost, `"0.0.0.0"`);
  if (given.port !== undefined) wholeNumber("rendezvous.port", given.port, 0, 65_535);
  return given;
}
