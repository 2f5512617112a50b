import type {
  CapacityProviderStrategyItem,
  NetworkConfiguration,
  RunTaskCommandInput,
  Tag,
} from "@aws-sdk/client-ecs";
import {
  flag,
  jsonData,
  list,
  oneOf,
  onlyKnown,
  optional,
  plainObject,
  show,
  text,
  wholeNumber,
} from "../../util/option-checks.js";
import type { ECSManagerOptions } from "./ecs-options.js";

/** Options of RunTask that are passed on as they are. */
export type RunTaskOptions = Pick<
  RunTaskCommandInput,
  | "group"
  | "tags"
  | "launchType"
  | "capacityProviderStrategy"
  | "placementConstraints"
  | "placementStrategy"
  | "networkConfiguration"
  | "platformVersion"
  | "propagateTags"
  | "enableExecuteCommand"
  | "enableECSManagedTags"
  | "volumeConfigurations"
>;

/** `MANAGED_INSTANCES` is reached through a capacity provider strategy only. */
const LAUNCH_TYPES = ["EC2", "FARGATE", "EXTERNAL"] as const;

/** Checks what RunTask takes as it is, by the rules of the Amazon ECS API reference. */
export function runTaskOptions(options: ECSManagerOptions): RunTaskOptions {
  if (options.launchType !== undefined && options.capacityProviderStrategy !== undefined) {
    throw new TypeError(
      "launchType and capacityProviderStrategy exclude each other: ECS takes one or the other, leave one out",
    );
  }
  return {
    group: optional(options.group, (value) => text("group", value, `"my-group"`)),
    tags: optional(options.tags, taskTags),
    launchType: optional(options.launchType, (value) => oneOf("launchType", value, LAUNCH_TYPES)),
    capacityProviderStrategy: optional(options.capacityProviderStrategy, strategy),
    placementConstraints: optional(options.placementConstraints, (value) =>
      list("placementConstraints", value, 10),
    ),
    placementStrategy: optional(options.placementStrategy, (value) => list("placementStrategy", value, 5)),
    networkConfiguration: optional(options.networkConfiguration, checkNetwork),
    platformVersion: optional(options.platformVersion, (value) => text("platformVersion", value, `"LATEST"`)),
    propagateTags: optional(options.propagateTags, propagation),
    enableExecuteCommand: optional(options.enableExecuteCommand, (value) =>
      flag("enableExecuteCommand", value),
    ),
    enableECSManagedTags: optional(options.enableECSManagedTags, (value) =>
      flag("enableECSManagedTags", value),
    ),
    volumeConfigurations: optional(options.volumeConfigurations, (value) =>
      list("volumeConfigurations", value, 1),
    ),
  };
}

/** What the manager decides for each call. */
const MANAGED = ["cluster", "taskDefinition", "count", "startedBy", "clientToken", "overrides"];

/** Checks `runTask`: JSON, and neither what the manager sets, nor what has an option with checks of its own. */
export function rawRunTask(
  given: NonNullable<ECSManagerOptions["runTask"]>,
  options: RunTaskOptions,
): Readonly<Record<string, unknown>> {
  for (const name of Object.keys(plainObject("runTask", given))) {
    if (MANAGED.includes(name)) {
      throw new TypeError(`runTask: ${name} is set by ECSManager itself; see its options`);
    }
    if (name in options) throw new TypeError(`runTask: ${name} is an option of ECSManager; give it there`);
  }
  return plainObject("runTask", jsonData("runTask", given));
}

function propagation(value: string): "TASK_DEFINITION" | "NONE" {
  if (value === "SERVICE") {
    throw new RangeError(
      `propagateTags cannot be "SERVICE": workers belong to no service; use "TASK_DEFINITION"`,
    );
  }
  return oneOf("propagateTags", value, ["TASK_DEFINITION", "NONE"]);
}

function taskTags(given: NonNullable<ECSManagerOptions["tags"]>): Tag[] {
  const tags: Tag[] = isTagList(given)
    ? [...given]
    : Object.entries(given).map(([key, value]) => ({ key, value }));
  if (tags.length > 50)
    throw new RangeError(`tags: ECS takes at most 50 tags for a task, not ${tags.length}`);
  for (const tag of tags) checkTag(tag);
  return tags;
}

function isTagList(given: NonNullable<ECSManagerOptions["tags"]>): given is readonly Tag[] {
  if (Array.isArray(given)) return true;
  plainObject("tags", given);
  return false;
}

function checkTag(tag: Tag): void {
  onlyKnown("tags", plainObject("a tag", tag), ["key", "value"]);
  const key = text("the key of a tag", tag.key, `"project"`);
  if (/^aws:/i.test(key)) {
    throw new RangeError(
      `tags: ${show(key)} begins with "aws:", which AWS keeps for itself; use another key`,
    );
  }
  if (key.length > 128) throw new RangeError(`tags: the key ${show(key)} has more than 128 characters`);
  const value = tag.value ?? "";
  if (typeof value !== "string") {
    throw new TypeError(`tags: the value of ${show(key)} must be a string, not ${show(value)}`);
  }
  if (value.length > 256)
    throw new RangeError(`tags: the value of ${show(key)} has more than 256 characters`);
}

function strategy(given: readonly CapacityProviderStrategyItem[]): CapacityProviderStrategyItem[] {
  const items = list("capacityProviderStrategy", given, 20);
  if (items.length === 0) {
    throw new RangeError(
      "capacityProviderStrategy must not be empty; leave it out for the default of the ECS cluster",
    );
  }
  items.forEach((item, index) => checkStrategyItem(`capacityProviderStrategy[${index}]`, item));
  if (items.every((item) => (item.weight ?? 0) === 0)) {
    throw new RangeError(
      "capacityProviderStrategy: all weights are 0, so ECS could place no task; give one a weight",
    );
  }
  if (items.filter((item) => (item.base ?? 0) > 0).length > 1) {
    throw new RangeError("capacityProviderStrategy: only one capacity provider may have a base");
  }
  return items;
}

function checkStrategyItem(name: string, item: CapacityProviderStrategyItem): void {
  onlyKnown(name, plainObject(name, item), ["capacityProvider", "weight", "base"]);
  text(`${name}.capacityProvider`, item.capacityProvider, `"FARGATE_SPOT"`);
  wholeNumber(`${name}.weight`, item.weight ?? 0, 0, 1000);
  wholeNumber(`${name}.base`, item.base ?? 0, 0, 100_000);
}

function checkNetwork(network: NetworkConfiguration): NetworkConfiguration {
  onlyKnown("networkConfiguration", plainObject("networkConfiguration", network), ["awsvpcConfiguration"]);
  const name = "networkConfiguration.awsvpcConfiguration";
  const awsvpc = network.awsvpcConfiguration;
  onlyKnown(name, plainObject(name, awsvpc), ["subnets", "securityGroups", "assignPublicIp"]);
  if (list(`${name}.subnets`, awsvpc?.subnets ?? [], 16).length === 0) {
    throw new RangeError(`${name}.subnets must name at least one subnet`);
  }
  list(`${name}.securityGroups`, awsvpc?.securityGroups ?? [], 5);
  oneOf(`${name}.assignPublicIp`, awsvpc?.assignPublicIp ?? "DISABLED", ["ENABLED", "DISABLED"]);
  return network;
}
