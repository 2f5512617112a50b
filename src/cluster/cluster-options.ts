import type { CodeSource } from "../protocol/code-messages.js";
import { DEFAULT_MAX_MESSAGE } from "../protocol/limits.js";
import { TOPOLOGIES, type Topology } from "../peers/topology.js";
import type { HeartbeatOptions } from "../rpc/heartbeat.js";
import type { Transport } from "../transport/transport.js";
import {
  flag,
  list,
  milliseconds,
  oneOf,
  onlyKnown,
  optional,
  plainObject,
  show,
  text,
  wholeNumber,
} from "../util/option-checks.js";
import { checkInitialize, type Initialize } from "./initialize.js";
import type { OutputOption } from "./worker-output.js";

/** See docs/code.md. */
export interface CodeOptions {
  /**
   * `image`: workers use their own files, and one whose files differ from the manager's refuses the call. `bundle`: the
   * manager sends the code. `auto`: it sends it to workers whose files are missing or differ. Default `auto`. To send
   * code, esbuild must be installed.
   */
  readonly source?: CodeSource;
  /** Packages that workers have installed themselves and that are never sent, such as those with native code. */
  readonly external?: readonly string[];
}

export interface ClusterOptions {
  /** Where modules are named from: their paths relative to this folder are the same on every worker. Default: the nearest folder with a package.json above the program. */
  readonly projectRoot?: string;
  /** Where workers get the program's code. A string is short for `{ source }`. Default `auto`. */
  readonly code?: CodeSource | CodeOptions;
  /** Runs on each worker before it takes calls; may give a function to clean up with when the worker leaves. */
  readonly initialize?: Initialize;
  /** What becomes of the lines that workers write. Default `print`. */
  readonly output?: OutputOption;
  /** Largest message, in bytes, that is sent or accepted. Default 1 GiB. */
  readonly maxMessageBytes?: number;
  /** How long a worker that lost its manager looks for it before it exits, in milliseconds. Default 10,000. */
  readonly managerGraceMs?: number;
  /** How long a worker may take to exit after it was asked to, before it is forced, in milliseconds. Default 5,000. */
  readonly leaveGraceMs?: number;
  /**
   * How long a worker whose platform takes it away without saying when (SIGTERM) may finish the calls it has, in
   * milliseconds. Default 20,000: ECS kills a container 30 seconds after the signal, unless its `stopTimeout` says otherwise.
   * At the notice of an EC2 Spot interruption, which says when, calls have until a few seconds before that.
   */
  readonly drainMs?: number;
  /** When a silent worker is suspected and given up. Defaults: 2,000, 10,000, 60,000 milliseconds. */
  readonly heartbeat?: Partial<HeartbeatOptions>;
  /** Which workers may call each other. Default `all_to_all`. */
  readonly topology?: Topology;
  /**
   * Whether a worker connects to another one only when it first calls it. Default `true`. With `false` it connects as
   * soon as both are members, which saves the first call the few milliseconds that this takes.
   */
  readonly lazy?: boolean;
  /** The kind of network between the processes. Default TCP; `rollcall/testing` has one within the process. */
  readonly transport?: Transport;
}

export interface CheckedClusterOptions {
  readonly projectRoot: string;
  readonly code: Required<CodeOptions>;
  readonly initialize: Initialize | undefined;
  readonly output: OutputOption;
  readonly maxMessageBytes: number;
  readonly managerGraceMs: number;
  readonly leaveGraceMs: number;
  readonly drainMs: number;
  readonly heartbeat: HeartbeatOptions;
  readonly topology: Topology;
  readonly lazy: boolean;
  readonly transport: Transport | undefined;
}

const optionNames: readonly (keyof ClusterOptions)[] = [
  "projectRoot",
  "code",
  "initialize",
  "output",
  "maxMessageBytes",
  "managerGraceMs",
  "leaveGraceMs",
  "drainMs",
  "heartbeat",
  "topology",
  "lazy",
  "transport",
];
const KiB = 1024;

/** Throws a `TypeError` or `RangeError` that names the option. `findRoot` gives the project root where none is set. */
export function checkClusterOptions(options: ClusterOptions, findRoot: () => string): CheckedClusterOptions {
  onlyKnown("Cluster", plainObject("the options of a Cluster", options), optionNames);
  const { output = "print", maxMessageBytes = DEFAULT_MAX_MESSAGE } = options;
  if (typeof output !== "function" && output !== "print" && output !== "ignore") {
    throw new TypeError(`output must be "print", "ignore" or a function, not ${show(output)}`);
  }
  return {
    projectRoot:
      optional(options.projectRoot, (root) => text("projectRoot", root, `"/srv/app"`)) ?? findRoot(),
    code: checkCode(options.code ?? {}),
    initialize: optional(options.initialize, checkInitialize),
    output,
    maxMessageBytes: wholeNumber("maxMessageBytes", maxMessageBytes, 64 * KiB, Number.MAX_SAFE_INTEGER),
    managerGraceMs: milliseconds("managerGraceMs", options.managerGraceMs ?? 10_000, 1),
    leaveGraceMs: milliseconds("leaveGraceMs", options.leaveGraceMs ?? 5_000, 1),
    drainMs: milliseconds("drainMs", options.drainMs ?? 20_000, 0),
    heartbeat: checkHeartbeat(options.heartbeat ?? {}),
    ...checkTopology(options.topology ?? "all_to_all", options.lazy),
    transport: options.transport,
  };
}

function checkTopology(
  given: Topology,
  lazy: boolean | undefined,
): Pick<CheckedClusterOptions, "topology" | "lazy"> {
  const topology = oneOf("topology", given, TOPOLOGIES);
  const isLazy = optional(lazy, (value) => flag("lazy", value)) ?? true;
  if (topology === "master_worker" && !isLazy) {
    throw new TypeError(
      `lazy: false makes connections between workers ahead, and topology "master_worker" has none; leave lazy out`,
    );
  }
  return { topology, lazy: isLazy };
}

function checkCode(given: CodeSource | CodeOptions): Required<CodeOptions> {
  const { source = "auto", external = [] } = typeof given === "string" ? { source: given } : given;
  if (typeof given !== "string") onlyKnown("code", plainObject("code", given), ["source", "external"]);
  return {
    source: oneOf("code", source, ["image", "bundle", "auto"] as const),
    external: list("code.external", external, 1000).map((name) => text("code.external", name, `"sharp"`)),
  };
}

function checkHeartbeat(given: Partial<HeartbeatOptions>): HeartbeatOptions {
  onlyKnown("heartbeat", plainObject("heartbeat", given), ["intervalMs", "suspectMs", "lostMs"]);
  const intervalMs = milliseconds("heartbeat.intervalMs", given.intervalMs ?? 2_000, 1);
  const suspectMs = milliseconds("heartbeat.suspectMs", given.suspectMs ?? 10_000, 1);
  const lostMs = milliseconds("heartbeat.lostMs", given.lostMs ?? 60_000, 1);
  if (intervalMs <= suspectMs && suspectMs <= lostMs) return { intervalMs, suspectMs, lostMs };
  throw new RangeError(
    `heartbeat must have intervalMs ≤ suspectMs ≤ lostMs, not ${intervalMs}, ${suspectMs}, ${lostMs}`,
  );
}
