/** What Fargate takes, and what it gives (Developer Guide, "Amazon ECS task definition differences for the Fargate launch type"). */
import type { ContainerDefinition, NetworkMode } from "./state.js";

export const FARGATE_VERSION = "1.4.0";
/** All that AWS has for Linux. */
export const FARGATE_VERSIONS: readonly string[] = ["LATEST", "1.3.0", "1.4.0"];
/** In RunTask's `failures`, where AWS has no room in the zones of the subnets. */
export const NO_FARGATE_CAPACITY =
  "Capacity is unavailable at this time. Please try again later or in a different availability zone";
/** GiB, included in the price. */
export const FARGATE_STORAGE_GIB = 20;

const GIB = 1024;
const LONGEST_STOP_TIMEOUT = 120;

interface MemoryRange {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

/** MiB by CPU units; 256 has no even steps. */
const MEMORY_BY_CPU: ReadonlyMap<number, MemoryRange> = new Map([
  [512, { min: GIB, max: 4 * GIB, step: GIB }],
  [1024, { min: 2 * GIB, max: 8 * GIB, step: GIB }],
  [2048, { min: 4 * GIB, max: 16 * GIB, step: GIB }],
  [4096, { min: 8 * GIB, max: 30 * GIB, step: GIB }],
  [8192, { min: 16 * GIB, max: 60 * GIB, step: 4 * GIB }],
  [16_384, { min: 32 * GIB, max: 120 * GIB, step: 8 * GIB }],
]);

/** Why Fargate has no task of this size, in ECS's words; undefined if it has. CPU units and MiB. */
export function whyNoFargateSize(cpu: number | undefined, memory: number | undefined): string | undefined {
  if (cpu === undefined) return "Fargate requires that 'cpu' be defined at the task level.";
  if (memory === undefined) return "Fargate requires that 'memory' be defined at the task level.";
  const range = MEMORY_BY_CPU.get(cpu);
  const fits =
    cpu === 256
      ? [512, GIB, 2 * GIB].includes(memory)
      : range !== undefined &&
        memory >= range.min &&
        memory <= range.max &&
        (memory - range.min) % range.step === 0;
  return fits ? undefined : `No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory.`;
}

/** Why no task of such a definition can run on Fargate, in ECS's words where they are known; undefined if one can. */
export function whyNotFargate(definition: {
  readonly networkMode: NetworkMode;
  readonly cpu?: number;
  readonly memory?: number;
  readonly containers: readonly ContainerDefinition[];
  readonly hasExecutionRole: boolean;
  readonly hasPlacementConstraints: boolean;
}): string | undefined {
  if (definition.networkMode !== "awsvpc") return "Fargate only supports network mode 'awsvpc'.";
  const size = whyNoFargateSize(definition.cpu, definition.memory);
  if (size !== undefined) return size;
  if (definition.hasPlacementConstraints) return "Fargate does not support placement constraints.";
  for (const { name, logDriver, stopTimeout = LONGEST_STOP_TIMEOUT } of definition.containers) {
    if (logDriver === "awslogs" && !definition.hasExecutionRole)
      return "Fargate requires task definition to have execution role ARN to support log driver awslogs.";
    if (stopTimeout < 2 || stopTimeout > LONGEST_STOP_TIMEOUT)
      return `Invalid setting for container '${name}'. On Fargate 'stopTimeout' is 2 to ${LONGEST_STOP_TIMEOUT} seconds; it is ${stopTimeout}.`;
  }
  return undefined;
}
