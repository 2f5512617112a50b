import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { DemoOptions } from "./options.js";

/** The fleet belongs to the tests, which know the demo; so it is a program of theirs that has the fleet. */
const program = fileURLToPath(new URL("../test/fleet/demo-main.js", import.meta.url));

/** Runs the demo in a process that has a fleet, with this process's output; its exit code. */
export function runOnFleet(options: DemoOptions, signal: AbortSignal): Promise<number> {
  const child = spawn(process.execPath, ["--no-warnings", program, JSON.stringify(options)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    // In a group of its own: Ctrl-C in a terminal is for this process, which passes it on.
    detached: true,
  });
  return exitCodeOf(child, signal);
}

/** The child gets SIGTERM when the signal aborts, and its end is waited for in any case. */
export async function exitCodeOf(child: ChildProcess, signal: AbortSignal): Promise<number> {
  const end = (): void => void child.kill("SIGTERM");
  if (signal.aborted) end();
  signal.addEventListener("abort", end);
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return code ?? 1;
  } finally {
    signal.removeEventListener("abort", end);
  }
}
