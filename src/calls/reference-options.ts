import { checkWaitOptions, type WaitOptions } from "../references/wait-options.js";
import { list, onlyKnown, plainObject, show } from "../util/option-checks.js";
import { isPid, type Pid } from "./pid.js";

/** Where a reference's value lives. */
export interface ReferenceOptions {
  /** A pid, or `any` for the worker with the fewest calls in flight. Default: this process. */
  readonly pid?: Pid | "any";
}

export interface BroadcastOptions extends WaitOptions {
  /** Where the value is placed. Default: all workers that there are. */
  readonly pids?: readonly Pid[];
}

export interface BoundChannelOptions extends ReferenceOptions {
  /**
   * Processes that are to fill the channel. When one of them is gone, consumers get what is buffered and then a
   * `ChannelClosedError` whose cause says why, instead of waiting for it. Default none.
   */
  readonly producers?: readonly Pid[];
}

export interface ChannelOptions extends BoundChannelOptions {
  /**
   * How many values are buffered before a `put` waits; `Infinity` for no limit. With 0, a `put` ends when its value has been
   * taken. Default 1, as in Julia.
   */
  readonly capacity?: number;
}

/** Throws a `TypeError` that names what is wrong. */
export function checkReferenceOptions(name: string, options: ReferenceOptions): Pid | "any" | undefined {
  onlyKnown(name, plainObject(`the options of ${name}`, options), ["pid"]);
  return checkedPid(name, options.pid);
}

/** Throws a `TypeError` or `RangeError` that names what is wrong. */
export function checkChannelOptions(
  options: ChannelOptions,
  hasBackend: boolean,
): Required<Omit<ChannelOptions, "pid">> & ReferenceOptions {
  const known = hasBackend ? ["pid", "producers"] : ["pid", "capacity", "producers"];
  onlyKnown("a channel", plainObject("the options of a channel", options), known);
  const { capacity = 1, producers = [] } = options;
  if (
    typeof capacity !== "number" ||
    !(capacity >= 0) ||
    !(Number.isInteger(capacity) || capacity === Infinity)
  ) {
    throw new RangeError(`capacity must be a whole number from 0, or Infinity, not ${show(capacity)}`);
  }
  if (!Array.isArray(producers))
    throw new TypeError(`producers must be an array of pids, not ${show(producers)}`);
  for (const pid of producers as readonly unknown[]) checkedPid("producers", pid);
  const pid = checkedPid("a channel", options.pid);
  return { capacity, producers, ...(pid === undefined ? {} : { pid }) };
}

/** Throws a `TypeError` or `RangeError` that names what is wrong, or the reason of a signal that has aborted. */
export function checkBroadcastOptions(options: BroadcastOptions): {
  readonly pids: readonly Pid[] | undefined;
  readonly waiting: WaitOptions;
} {
  onlyKnown("broadcast", plainObject("the options of broadcast", options), ["pids", "signal", "timeoutMs"]);
  const { pids, ...waiting } = options;
  checkWaitOptions("broadcast", waiting);
  if (pids === undefined) return { pids, waiting };
  const checked = list("pids", pids, Number.MAX_SAFE_INTEGER);
  for (const pid of checked) checkedPid("pids", pid);
  return { pids: [...new Set(checked)], waiting };
}

function checkedPid(name: string, pid: unknown): Pid | "any" | undefined {
  const isList = name === "producers" || name === "pids";
  if (isPid(pid) || (!isList && (pid === undefined || pid === "any"))) return pid;
  const wanted = isList ? "must be pids (1, 2, ...)" : 'needs a pid (1, 2, ...) or "any"';
  throw new TypeError(`${name} ${wanted}, not ${show(pid)}`);
}
