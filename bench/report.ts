import { availableParallelism, cpus, totalmem } from "node:os";
import type { BenchResult } from "./run-bench.js";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly platform: string;
  readonly node: string;
  /** ISO 8601, when the run began. */
  readonly date: string;
}

/** Everything there is to know about one run; `--json` prints it as it is. */
export interface Report {
  readonly machine: Machine;
  readonly command: string;
  /** Smoke tests have figures that mean little. */
  readonly isQuick: boolean;
  readonly benches: readonly BenchResult[];
}

export function describeMachine(now: Date): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGB: Math.round(totalmem() / 1e9),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    date: now.toISOString(),
  };
}
