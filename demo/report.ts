import { kilometres, seconds } from "./screen-text.js";
import type { DemoWorker } from "./solve.js";

/** What the demo found, as `--json` prints it. */
export interface Report {
  readonly manager: "local" | "ecs";
  readonly workers: readonly DemoWorker[];
  readonly airports: number;
  readonly seed: number;
  /** How many starts were worked on. */
  readonly starts: number;
  /** True if the number of starts was given, so that a second run gives the same tour; false if a time was given. */
  readonly repeatable: boolean;
  /** The length of the best tour in kilometres. */
  readonly tourKm: number;
  /** The number of the start that led to it, from 1. */
  readonly bestStart: number;
  /** The length of the nearest-neighbour tour from which that start set out. */
  readonly startTourKm: number;
  /** How long the parallel map took, without the launch. */
  readonly seconds: number;
  /** How long the launch took, until the last worker had joined. */
  readonly launchSeconds: number;
  /** The processor time that the workers spent on the starts, all together. */
  readonly cpuSeconds: number;
  /** `cpuSeconds / seconds`: seconds of work done in a second, which is about 1 with one worker. */
  readonly speedUp: number;
  /** The number of cores of this machine, which is the most that `speedUp` can reach here. */
  readonly cores: number;
  /** The path of the picture as SVG. */
  readonly picture: string;
  readonly png: string;
}

/** The report for a reader. */
export function reportText(report: Report): string {
  const { tourKm, startTourKm, starts, speedUp, workers, cores } = report;
  const gain = (1 - tourKm / startTourKm) * 100;
  const rows: [string, string][] = [
    ["tour", `${kilometres(tourKm)} through ${report.airports.toLocaleString("en-US")} airports`],
    [
      "before",
      `${kilometres(startTourKm)} by always going to the nearest airport, so ${gain.toFixed(1)} % is saved`,
    ],
    [
      "search",
      `${many(starts, "start")} in ${seconds(report.seconds, 1)}, the best tour came from number ${report.bestStart}`,
    ],
    [
      "gain",
      `${seconds(speedUp, 2)} of work done per second by ${many(workers.length, "worker")}; one alone does about 1`,
    ],
    [
      "",
      `(${seconds(report.cpuSeconds, 1)} of processor time in ${seconds(report.seconds, 1)}; ${many(cores, "core")} here)`,
    ],
    ["repeat", repeatText(report)],
    ["picture", report.picture],
    ["", report.png],
  ];
  return rows.map(([name, text]) => `${name.padEnd(8)} ${text}`).join("\n");
}

function repeatText({ repeatable, seed, starts, bestStart }: Report): string {
  return repeatable
    ? `--seed ${seed} --starts ${starts} gives this tour again, with any number of workers`
    : `the number of starts depended on the time; --seed ${seed} --starts ${bestStart} gives this tour again, or a shorter one`;
}

const many = (count: number, noun: string): string =>
  `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
