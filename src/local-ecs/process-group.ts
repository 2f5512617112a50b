import { readdir, readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";

/** How long a group that was sent SIGKILL may take to disappear; only a process stuck in the kernel takes this long. */
const GONE_WITHIN_MS = 2000;
const POLL_MS = 5;

/** Sends a signal to every process of a group. A group that is gone already is no error. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Kills a group and resolves when nothing of it runs any more. */
export async function killGroup(group: number): Promise<void> {
  signalGroup(group, "SIGKILL");
  for (let waited = 0; waited < GONE_WITHIN_MS && (await isRunning(group)); waited += POLL_MS)
    await delay(POLL_MS);
}

async function isRunning(group: number): Promise<boolean> {
  try {
    process.kill(-group, 0);
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
  // A zombie answers too, for as long as the process that inherited it does not look after it.
  return process.platform === "linux" ? await hasLivingMember(group) : true;
}

async function hasLivingMember(group: number): Promise<boolean> {
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
    // pid (command) state ppid pgrp ...; the command may hold anything, so count from its closing parenthesis.
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (pgrp === `${group}` && state !== "Z" && state !== "X") return true;
  }
  return false;
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ESRCH";
}
