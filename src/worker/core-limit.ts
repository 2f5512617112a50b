/** How many workers a container has room for: one on each core that it may use, and one at least. Pure. */
export function workersFor({ parallelism, taskCores, quotaCores }: CoreLimits): number {
  return Math.max(1, Math.floor(Math.min(parallelism, taskCores ?? Infinity, quotaCores ?? Infinity)));
}

export interface CoreLimits {
  /** What the operating system lets the process use. */
  readonly parallelism: number;
  /** The CPU limit of the ECS task, in cores, where it has one. */
  readonly taskCores: number | undefined;
  /** What the container's control group allows, in cores, where it sets a limit. */
  readonly quotaCores: number | undefined;
}

/**
 * The limit of the whole task, in vCPUs, in the answer of the task metadata endpoint v4 to `/task` (Amazon ECS developer
 * guide, "Task metadata endpoint version 4"). The limit of a container there is only its share, in CPU units.
 */
export function taskCores(text: string): number | undefined {
  const limits = (JSON.parse(text) as { readonly Limits?: { readonly CPU?: unknown } }).Limits;
  return typeof limits?.CPU === "number" && limits.CPU > 0 ? limits.CPU : undefined;
}

/** From `cpu.max` of a control group, version 2: `<microseconds> <of each period>`, or `max <period>` without a limit. */
export function quotaCores(text: string): number | undefined {
  const [quota = "", period = ""] = text.trim().split(" ");
  const cores = Number(quota) / Number(period);
  return Number.isFinite(cores) && cores > 0 ? cores : undefined;
}
