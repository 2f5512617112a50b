import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { LaunchTimeouts, WorkerCount } from "../../cluster/cluster-manager.js";
import { checkEnvironment, checkLaunchTimeouts } from "../../cluster/manager-options.js";
import { checkWorkerCount } from "../../cluster/worker-count.js";
import { onlyKnown, optional, plainObject, show, text } from "../../util/option-checks.js";

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

const optionNames: readonly (keyof LocalOptions)[] = ["workers", "execArgv", "env", "cwd", "timeouts"];
const defaultTimeouts: LaunchTimeouts = { launchMs: 60_000, reportMs: 30_000, joinMs: 30_000 };

/** Throws a `TypeError` or `RangeError` that names the option. */
export function checkLocalOptions(options: LocalOptions | number): CheckedLocalOptions {
  if (typeof options === "number") return checkLocalOptions({ workers: options });
  onlyKnown("LocalManager", plainObject("the options of LocalManager", options), optionNames);
  return {
    workers: checkWorkerCount(options.workers ?? availableParallelism()),
    execArgv: optional(options.execArgv, checkFlags) ?? inheritedFlags(process.execArgv),
    env: checkEnvironment(options.env ?? {}),
    cwd: optional(options.cwd, checkDirectory),
    timeouts: checkLaunchTimeouts(options.timeouts ?? {}, defaultTimeouts),
  };
}

function checkFlags(flags: readonly string[]): readonly string[] {
  if (!Array.isArray(flags) || !flags.every((flag) => typeof flag === "string")) {
    throw new TypeError(
      `execArgv must be an array of strings such as ["--max-old-space-size=512"], not ${show(flags)}`,
    );
  }
  return flags;
}

/** Node would report a missing working directory as a missing program. */
function checkDirectory(cwd: string): string {
  const directory = text("cwd", cwd, `"/tmp"`);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return directory;
  throw new RangeError(`cwd must be a directory that exists; ${show(directory)} is not`);
}

/** A debugger's port can be had once, and a test runner or a script given as text must not start again. */
const notInherited =
  /^(--inspect|--test|--watch|--eval|-e$|--print|-p$|--interactive|-i$|--check|-c$|--cpu-prof|--heap-prof)/;

/** What workers take over of the flags with which this process was started. */
export function inheritedFlags(execArgv: readonly string[]): string[] {
  const flags: string[] = [];
  let isLeftOut = false;
  for (const word of execArgv) {
    // A word that is no flag is the value of the flag before it, and shares its fate.
    if (word.startsWith("-")) isLeftOut = notInherited.test(word);
    if (!isLeftOut) flags.push(word);
  }
  return flags;
}
