import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A socket that was closed is gone a moment later, and nobody is told. */
const GONE_WITHIN_MS = 3_000;

/**
 * Whatever a test left behind in this process, in words: child processes and ports that are listened on. Empty when all is
 * well, and always empty where `/proc` does not tell.
 */
export function leftovers(): string[] {
  if (process.platform !== "linux") return [];
  return [...childProcesses(), ...listeningPorts()];
}

/** For `afterEach`: throws if anything is left. What ends its clusters and endpoints in the test's own block leaves nothing. */
export async function nothingIsLeft(): Promise<void> {
  const deadline = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const left = leftovers();
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Error(`the test left behind: ${left.join("; ")}`);
    await delay(20);
  }
}

function childProcesses(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === process.pid)
    .map((pid) => `process ${pid} (${commandOf(pid)})`);
}

/** Undefined for a process that has ended in the meantime. */
function parentOf(pid: string): number | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  // pid (command) state ppid ...; the command may hold anything, so count from its closing parenthesis.
  const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
  return parent === undefined ? undefined : Number(parent);
}

function commandOf(pid: string): string {
  return textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
}

function listeningPorts(): string[] {
  const mine = new Set(socketsOfThisProcess());
  return ["/proc/self/net/tcp", "/proc/self/net/tcp6"].flatMap((table) =>
    textOf(table)
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === "0A" && mine.has(`socket:[${inode}]`))
      .map(([, local]) => `listening port ${Number.parseInt(local!.slice(local!.indexOf(":") + 1), 16)}`),
  );
}

function socketsOfThisProcess(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The descriptor with which the folder was read is closed by now.
      return [];
    }
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
