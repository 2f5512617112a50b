import { readdirSync, readFileSync } from "node:fs";
import { isAlive } from "../fixtures/processes.js";
import { MARK_VARIABLE } from "./manager-stages.js";

/** The living processes that were started with this mark in their environment. Needs `/proc`. */
export function markedProcesses(mark: string): number[] {
  const wanted = `${MARK_VARIABLE}=${mark}`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => environmentOf(pid).includes(wanted))
    .map(Number)
    .filter(isAlive);
}

/** Empty for processes that have ended, and for those of other users. */
function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return [];
  }
}
