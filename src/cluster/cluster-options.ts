import { DEFAULT_MAX_MESSAGE } from "../protocol/limits.js";
import type { HeartbeatOptions } from "../rpc/heartbeat.js";
import type { Transport } from "../transport/transport.js";
import type { OutputOption } from "./worker-output.js";

export interface ClusterOptions {
  /** Where modules are named from: their paths relative to this folder are the same on every worker. Default: the nearest folder with a package.json above the program. */
  readonly projectRoot?: string;
  /** What becomes of the lines that workers write. Default `print`. */
  readonly output?: OutputOption;
  /** Largest message, in bytes, that is sent or accepted. Default 1 GiB. */
  readonly maxMessageBytes?: number;
  /** How long a worker that lost its manager looks for it before it exits, in milliseconds. Default 10,000. */
  readonly managerGraceMs?: number;
  /** How long a worker may take to exit after it was asked to, before it is forced, in milliseconds. Default 5,000. */
  readonly leaveGraceMs?: number;
  /** When a silent worker is suspected and given up. Defaults: 2,000, 10,000, 60,000 milliseconds. */
  readonly heartbeat?: Partial<HeartbeatOptions>;
  /** The kind of network between the processes. Default TCP; `rollcall/testing` has one within the process. */
  readonly transport?: Transport;
}

export interface CheckedClusterOptions {
  readonly projectRoot: string;
  readonly output: OutputOption;
  readonly maxMessageBytes: number;
  readonly managerGraceMs: number;
  readonly leaveGraceMs: number;
  readonly heartbeat: HeartbeatOptions;
  readonly transport: Transport | undefined;
}

const known = [
  "projectRoot",
  "output",
  "maxMessageBytes",
  "managerGraceMs",
  "leaveGraceMs",
  "heartbeat",
  "transport",
];
const KiB = 1024;

/** Throws a `TypeError` or `RangeError` that names the option. `findRoot` gives the project root where none is set. */
export function checkClusterOptions(options: ClusterOptions, findRoot: () => string): CheckedClusterOptions {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`unknown option "${unknown}" of a Cluster; the options are ${known.join(", ")}`);
  }
  const { output = "print", heartbeat = {} } = options;
  if (typeof output !== "function" && output !== "print" && output !== "ignore") {
    throw new TypeError(`output must be "print", "ignore" or a function, not ${JSON.stringify(output)}`);
  }
  const intervalMs = positive("heartbeat.intervalMs", heartbeat.intervalMs, 2_000);
  const suspectMs = positive("heartbeat.suspectMs", heartbeat.suspectMs, 10_000);
  const lostMs = positive("heartbeat.lostMs", heartbeat.lostMs, 60_000);
  if (intervalMs > suspectMs || suspectMs > lostMs) {
    throw new RangeError(
      `heartbeat must have intervalMs ≤ suspectMs ≤ lostMs, not ${intervalMs}, ${suspectMs}, ${lostMs}`,
    );
  }
  const maxMessageBytes = positive("maxMessageBytes", options.maxMessageBytes, DEFAULT_MAX_MESSAGE);
  if (maxMessageBytes < 64 * KiB) {
    throw new RangeError(`maxMessageBytes is ${maxMessageBytes}; it must be at least 65536`);
  }
  return {
    projectRoot: options.projectRoot ?? findRoot(),
    output,
    maxMessageBytes,
    managerGraceMs: positive("managerGraceMs", options.managerGraceMs, 10_000),
    leaveGraceMs: positive("leaveGraceMs", options.leaveGraceMs, 5_000),
    heartbeat: { intervalMs, suspectMs, lostMs },
    transport: options.transport,
  };
}

function positive(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value)) {
    throw new RangeError(`${name} must be a positive number, not ${String(value)}`);
  }
  return value;
}
