import type { DemoWorker, LaunchEvent, LaunchStep } from "./solve.js";

/** The steps of a worker's launch in their order, and how they are told. */
const steps: Record<LaunchStep, string> = {
  launched: "launched",
  placed: "placed",
  started: "started",
  reported: "reported in",
  joined: "joined",
};

/** `  1.24 s  reported in  3 of 4  <worker>`: one step of one worker, and how many have come so far. */
export function launchLine(
  { step, atMs, worker, detail }: LaunchEvent,
  count: number,
  workers: number,
): string {
  const words = [
    seconds(atMs / 1000, 2).padStart(8),
    steps[step].padEnd(11),
    `${count} of ${workers}`,
    shortId(worker),
    detail ?? "",
  ];
  return words.join("  ").trimEnd();
}

/** A table of the workers, with a head, columns as wide as needed. */
export function workerTable(workers: readonly DemoWorker[]): string {
  return table([
    ["pid", "task", "instance", "address"],
    ...workers.map(({ pid, taskArn, containerInstanceArn, host, port }) => [
      String(pid),
      taskArn === null ? "-" : shortId(taskArn),
      containerInstanceArn === null ? "-" : shortId(containerInstanceArn),
      host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
    ]),
  ]);
}

/** How the search stands. */
export interface Progress {
  readonly done: number;
  /** How much there is to do: starts, or seconds. */
  readonly work: { readonly starts: number } | { readonly seconds: number };
  readonly elapsedSeconds: number;
  /** Undefined before the first result. */
  readonly bestKm: number | undefined;
}

/** The share of the work that is done, from 0 to 1. */
export function shareDone({ done, work, elapsedSeconds }: Progress): number {
  return Math.min(1, "starts" in work ? done / work.starts : elapsedSeconds / work.seconds);
}

/** `12 of 64 starts  3.4 a second  15 s left  best 119,713 km` */
export function progressLine(progress: Progress): string {
  const { done, work, elapsedSeconds, bestKm } = progress;
  const rate = elapsedSeconds > 0 ? done / elapsedSeconds : 0;
  const left =
    "starts" in work
      ? rate > 0
        ? (work.starts - done) / rate
        : undefined
      : Math.max(0, work.seconds - elapsedSeconds);
  return [
    "starts" in work ? `${done} of ${work.starts} starts` : `${done} starts`,
    `${rate.toFixed(1)} a second`,
    left === undefined ? "time left unknown" : `${seconds(Math.ceil(left), 0)} left`,
    bestKm === undefined ? "no tour yet" : `best ${kilometres(bestKm)}`,
  ].join("  ");
}

/** The last part of an ARN or of another id with slashes, shortened to what tells two of them apart. */
export function shortId(id: string): string {
  const last = id.slice(id.lastIndexOf("/") + 1);
  return /^[0-9a-f]{32}$/.test(last) ? last.slice(0, 8) : last;
}

/** Whole kilometres, with thousands set off: `119,713 km`. */
export function kilometres(km: number): string {
  return `${Math.round(km).toLocaleString("en-US")} km`;
}

export function seconds(value: number, digits: number): string {
  return `${value.toFixed(digits)} s`;
}

/** Rows in columns, each as wide as its widest cell; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => "─".repeat(width))), ...body.map(line)].join("\n");
}
