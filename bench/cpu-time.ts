import { readFileSync } from "node:fs";

/** Processor time that this process has used so far, its threads included, in microseconds. */
export function processCpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** The same of its main thread alone; undefined where the operating system does not tell (all but Linux). */
export function mainThreadCpuMicros(): number | undefined {
  try {
    // Nanoseconds on a processor, nanoseconds of waiting for one, and time slices (Linux, sched-stats).
    const [running] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1").split(" ");
    return Number(running) / 1_000;
  } catch {
    return undefined;
  }
}
