import { ServiceError } from "../errors.js";
import type { ContainerDefinition, Reservation, TaskDefinition } from "../state.js";
import { RequestReader, type JsonObject } from "../validation.js";
import { readEnvironment } from "./container-definition.js";
import { parseCpu, parseMemory } from "./task-size.js";

/** ECS API Reference, TaskOverride: characters of the JSON, punctuation counted. */
const MAX_OVERRIDE_LENGTH = 8192;

/** One container as the task will run it: its definition with the override applied. */
export interface EffectiveContainer {
  readonly definition: ContainerDefinition;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly cpu: number;
  readonly memory?: number;
  readonly memoryReservation?: number;
}

export interface Overrides {
  /** As the API shows it. */
  readonly document: JsonObject;
  /** As strings, where the override or else the task definition has them. */
  readonly cpu?: string;
  readonly memory?: string;
  /** On Fargate; at least 21. */
  readonly storageGiB?: number;
  readonly containers: readonly EffectiveContainer[];
  readonly reservation: Reservation;
}

export function parseOverrides(request: RequestReader, definition: TaskDefinition): Overrides {
  const reader = request.object("overrides") ?? new RequestReader({});
  if (JSON.stringify(reader.json).length > MAX_OVERRIDE_LENGTH) {
    throw new ServiceError(
      "InvalidParameterException",
      `Container Overrides length must be at most ${MAX_OVERRIDE_LENGTH}`,
    );
  }
  const byName = new Map<string, RequestReader>();
  for (const item of reader.objects("containerOverrides")) {
    const name = item.requiredString("name", "Container name can not be blank in an override.");
    if (!definition.containers.some((container) => container.name === name)) {
      throw new ServiceError(
        "InvalidParameterException",
        `Override for container named ${name} is not a container in the TaskDefinition.`,
      );
    }
    refuseUnsupported(item);
    byName.set(name, item);
  }
  const cpu = parseCpu(reader) ?? definition.cpu;
  const memory = parseMemory(reader) ?? definition.memory;
  const storageGiB = reader.object("ephemeralStorage")?.integer("sizeInGiB", { min: 21, max: 200 });
  const containers = definition.containers.map((container) =>
    applyOverride(container, byName.get(container.name)),
  );
  return {
    document: {
      ...reader.json,
      containerOverrides: [...byName].map(([name, item]) => ({ ...item.json, name })),
      inferenceAcceleratorOverrides: [],
    },
    ...(cpu === undefined ? {} : { cpu: `${cpu}` }),
    ...(memory === undefined ? {} : { memory: `${memory}` }),
    ...(storageGiB === undefined ? {} : { storageGiB }),
    containers,
    reservation: {
      cpu: cpu ?? sum(containers, (container) => container.cpu),
      memory: memory ?? sum(containers, (one) => one.memoryReservation ?? one.memory ?? 0),
      ports: instancePorts(definition),
    },
  };
}

/** The ports of the instance that a task holds. In `awsvpc` and `none` it has a network of its own. */
function instancePorts({ networkMode, containers }: TaskDefinition): string[] {
  if (networkMode === "awsvpc" || networkMode === "none") return [];
  return containers.flatMap(({ portMappings }) =>
    portMappings
      .filter(({ hostPort }) => hostPort !== 0)
      .map(({ protocol, hostPort }) => `${protocol}:${hostPort}`),
  );
}

function refuseUnsupported(item: RequestReader): void {
  for (const member of ["environmentFiles", "resourceRequirements"]) {
    if (item.objects(member).length > 0) {
      throw new ServiceError(
        "UnsupportedFeatureException",
        `${item.nameOf(member)} is not supported by this local endpoint.`,
      );
    }
  }
}

function applyOverride(definition: ContainerDefinition, item: RequestReader | undefined): EffectiveContainer {
  const memory = item?.integer("memory", { min: 4 }) ?? definition.memory;
  const memoryReservation = item?.integer("memoryReservation", { min: 4 }) ?? definition.memoryReservation;
  const command = item?.strings("command") ?? [];
  return {
    definition,
    command: command.length > 0 ? command : definition.command,
    environment: { ...definition.environment, ...(item === undefined ? {} : readEnvironment(item)) },
    cpu: item?.integer("cpu", { min: 0 }) ?? definition.cpu,
    ...(memory === undefined ? {} : { memory }),
    ...(memoryReservation === undefined ? {} : { memoryReservation }),
  };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
