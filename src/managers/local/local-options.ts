import { availableParallelism } from "node:os";
import type { LaunchTimeouts, WorkerCount } from "../../cluster/cluster-manager.js";

export interface LocalOptions {
  /** How many worker processes. Default: one per core that this process may use. */
  readonly workers?: number | WorkerCount;
  /** Flags of `node` for the workers. Default: this process's own, without those for debugging, testing and input. */
  readonly execArgv?: readonly string[];
  /** Environment variables on top of this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory. Default: this process's own. */
  readonly cwd?: string;
  /** Defaults: 60,000 for the launch, 30,000 for the report, 30,000 for the join, in milliseconds. */
  readonly timeouts?: Partial<LaunchTimeouts>;
}

export interface CheckedLocalOptions {
  readonly workers: WorkerCount;
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  readonly timeouts: LaunchTimeouts;
}

const known = ["workers", "execArgv", "env", "cwd", "timeouts"];
const defaultTimeouts: LaunchTimeouts = { launchMs: 60_000, reportMs: 30_000, joinMs: 30_000 };

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkLocalOptions(options: LocalOptions | number): CheckedLocalOptions {
  if (typeof options === "number") return checkLocalOptions({ workers: options });
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`unknown option "${unknown}" of LocalManager; the options are ${known.join(", ")}`);
  }
  const { workers = availableParallelism(), env = {}, execArgv = inheritedFlags(), cwd } = options;
  const reserved = Object.keys(env).find((name) => name.startsWith("ROLLCALL_"));
  if (reserved !== undefined)
    throw new TypeError(`env.${reserved}: names that begin with ROLLCALL_ are reserved`);
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  for (const [name, ms] of Object.entries(timeouts)) {
    if (!(typeof ms === "number" && ms > 0)) {
      throw new RangeError(`timeouts.${name} must be a positive number of milliseconds, not ${String(ms)}`);
    }
  }
  return { workers: checkWorkerCount(workers), execArgv, env, cwd, timeouts };
}

function checkWorkerCount(workers: number | WorkerCount): WorkerCount {
  const { min, max } = typeof workers === "number" ? { min: workers, max: workers } : workers;
  for (const count of [min, max]) {
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(`workers must be a whole number of at least 1, not ${String(count)}`);
    }
  }
  if (min > max) throw new RangeError(`workers.min (${min}) is larger than workers.max (${max})`);
  return { min, max };
}

/** A debugger's port can be had once, and a test runner or a script given as text must not start again. */
const notInherited =
  /^(--inspect|--test|--watch|--eval|-e$|--print|-p$|--interactive|-i$|--check|-c$|--cpu-prof|--heap-prof)/;

function inheritedFlags(): string[] {
  const flags: string[] = [];
  for (let index = 0; index < process.execArgv.length; index++) {
    const flag = process.execArgv[index]!;
    if (!notInherited.test(flag)) flags.push(flag);
    // These take their text as the next word.
    else if (/^(-e|-p|--eval|--print)$/.test(flag)) index++;
  }
  return flags;
}
