import type { ContainerOverride, TaskOverride } from "@aws-sdk/client-ecs";
import { list, onlyKnown, plainObject, show, text, wholeNumber } from "../../util/option-checks.js";
import type { ECSContainerOverrides, ECSOverrides } from "./ecs-options.js";

/** Checks `overrides` and gives the task-level part as RunTask takes it. */
export function taskOverrides(given: ECSOverrides): Omit<TaskOverride, "containerOverrides"> {
  onlyKnown("overrides", plainObject("overrides", given), [
    "cpu",
    "memory",
    "taskRoleArn",
    "executionRoleArn",
    "ephemeralStorage",
    "container",
    "otherContainers",
  ]);
  const overrides: Omit<TaskOverride, "containerOverrides"> = {};
  for (const key of ["cpu", "memory"] as const) {
    const value: unknown = given[key];
    if (value === undefined) continue;
    if (typeof value === "number") {
      throw new TypeError(
        `overrides.${key} must be a string such as "${value}": ECS takes sizes of a task as strings ` +
          `(a number belongs in overrides.container.${key})`,
      );
    }
    overrides[key] = text(`overrides.${key}`, value, `"1024"`);
  }
  for (const key of ["taskRoleArn", "executionRoleArn"] as const) {
    if (given[key] === undefined) continue;
    overrides[key] = text(`overrides.${key}`, given[key], `"arn:aws:iam::123456789012:role/worker"`);
  }
  if (given.ephemeralStorage !== undefined) {
    const storage = plainObject("overrides.ephemeralStorage", given.ephemeralStorage);
    onlyKnown("overrides.ephemeralStorage", storage, ["sizeInGiB"]);
    const name = "overrides.ephemeralStorage.sizeInGiB";
    overrides.ephemeralStorage = { sizeInGiB: wholeNumber(name, storage["sizeInGiB"], 21, 200) };
  }
  return overrides;
}

const CONTAINER_OPTIONS = [
  "environment",
  "environmentFiles",
  "cpu",
  "memory",
  "memoryReservation",
  "resourceRequirements",
];

/** Checks `overrides.otherContainers` and gives it as RunTask takes it. */
export function otherContainerOverrides(
  given: NonNullable<ECSOverrides["otherContainers"]>,
): ContainerOverride[] {
  return Object.entries(plainObject("overrides.otherContainers", given) as typeof given).map(
    ([name, all]) => {
      const where = `overrides.otherContainers.${name}`;
      const { command, ...rest } = plainObject(where, all) as typeof all;
      return {
        ...containerOverrides(rest, where),
        name,
        ...(command === undefined
          ? {}
          : { command: list(`${where}.command`, command, Number.MAX_SAFE_INTEGER) }),
      };
    },
  );
}

/** Checks `overrides.container` and gives it as RunTask takes it, without name and command. */
export function containerOverrides(
  given: ECSContainerOverrides,
  where = "overrides.container",
): Omit<ContainerOverride, "name" | "command"> {
  onlyKnown(where, plainObject(where, given), CONTAINER_OPTIONS);
  const overrides: Omit<ContainerOverride, "name" | "command"> = {};
  for (const key of ["cpu", "memory", "memoryReservation"] as const) {
    if (given[key] === undefined) continue;
    overrides[key] = wholeNumber(`${where}.${key}`, given[key], 1, Number.MAX_SAFE_INTEGER);
  }
  if (given.environment !== undefined) {
    overrides.environment = environmentPairs(
      `${where}.environment`,
      plainObject(`${where}.environment`, given.environment),
    );
  }
  if (given.environmentFiles !== undefined) {
    overrides.environmentFiles = list(`${where}.environmentFiles`, given.environmentFiles, 10);
  }
  if (given.resourceRequirements !== undefined) {
    overrides.resourceRequirements = list(`${where}.resourceRequirements`, given.resourceRequirements, 10);
  }
  return overrides;
}

function environmentPairs(
  where: string,
  environment: Record<string, unknown>,
): { name: string; value: string }[] {
  return Object.entries(environment).map(([name, value]) => {
    if (name === "" || name.includes("=") || name.includes("\0")) {
      throw new RangeError(`${where}: ${show(name)} cannot be the name of a variable`);
    }
    if (/^ROLLCALL_/i.test(name)) {
      throw new RangeError(
        `${where}: ${name} begins with ROLLCALL_, which Rollcall sets itself; use another name`,
      );
    }
    if (typeof value !== "string") {
      throw new TypeError(`${where}: ${name} must be a string, not ${show(value)}; use String(value)`);
    }
    return { name, value };
  });
}
