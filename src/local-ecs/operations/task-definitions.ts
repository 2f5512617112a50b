import { ecsArn, pathOfArn } from "../arn.js";
import { ServiceError } from "../errors.js";
import { whyNotFargate } from "../fargate.js";
import type { ContainerDefinition, NetworkMode, TaskDefinition } from "../state.js";
import { whyNotOrdered } from "../start-order.js";
import { readTags, RequestReader, tagList, type JsonObject } from "../validation.js";
import { parseContainer } from "./container-definition.js";
import { describeTaskDefinition as describe } from "./describe.js";
import { findTaskDefinition } from "./lookup.js";
import type { Operation } from "./operation.js";
import { readPage, readSortedPage } from "./pagination.js";
import { parseConstraints } from "./placement-request.js";
import { parseCpu, parseMemory } from "./task-size.js";

const FAMILY = /^[a-zA-Z0-9_-]{1,255}$/;
/** Service quota "Task definition size": 64 KiB. */
const MAX_SIZE = 65_536;
const NETWORK_MODES: readonly NetworkMode[] = ["host", "bridge", "awsvpc", "none"];

export const registerTaskDefinition: Operation = ({ state, now }, request) => {
  const reader = new RequestReader(request, "ClientException");
  const family = reader.requiredString("family", "Family can not be blank.");
  if (!FAMILY.test(family)) {
    throw new ServiceError(
      "ClientException",
      `Invalid family name: "${family}" must be 1 to 255 letters, digits, hyphens and underscores.`,
    );
  }
  if (Buffer.byteLength(JSON.stringify(request)) > MAX_SIZE)
    throw new ServiceError("ClientException", "Actual length of the task definition exceeds 64 KiB.");
  const revisions = state.families.get(family) ?? [];
  const revision = revisions.length + 1;
  const arn = ecsArn(state.identity, "task-definition", `${family}:${revision}`);
  const definition: TaskDefinition = {
    arn,
    family,
    revision,
    status: "ACTIVE",
    ...parseDefinition(reader),
    registeredAt: now,
  };
  state.families.set(family, [...revisions, definition]);
  return { response: { taskDefinition: describe(definition), tags: tagList(definition.tags) } };
};

function parseDefinition(
  reader: RequestReader,
): Omit<TaskDefinition, "arn" | "family" | "revision" | "status" | "registeredAt"> {
  const networkMode = reader.oneOf("networkMode", NETWORK_MODES) ?? "bridge";
  const cpu = parseCpu(reader);
  const memory = parseMemory(reader);
  const parsed = reader
    .objects("containerDefinitions", { max: 10 })
    .map((item) => parseContainer(item, networkMode));
  const containers = parsed.map(({ definition }) => definition);
  checkContainers(containers, memory);
  const { tags: _tags, ...document } = reader.json;
  const placementConstraints = parseConstraints(reader);
  const notFargate = whyNotFargate({
    networkMode,
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    containers,
    hasExecutionRole: reader.string("executionRoleArn") !== undefined,
    hasPlacementConstraints: placementConstraints.length > 0,
  });
  const required = reader.strings("requiresCompatibilities");
  if (notFargate !== undefined && required.includes("FARGATE"))
    throw new ServiceError("ClientException", notFargate);
  return {
    networkMode,
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    containers,
    placementConstraints,
    ...(notFargate === undefined ? {} : { whyNotFargate: notFargate }),
    document: {
      ...document,
      containerDefinitions: parsed.map((one) => one.document),
      ...(cpu === undefined ? {} : { cpu: `${cpu}` }),
      ...(memory === undefined ? {} : { memory: `${memory}` }),
      volumes: document["volumes"] ?? [],
      placementConstraints: document["placementConstraints"] ?? [],
      requiresAttributes: [],
      compatibilities: [
        ...(networkMode === "awsvpc" ? [] : ["EXTERNAL"]),
        "EC2",
        ...(notFargate === undefined ? ["FARGATE"] : []),
      ],
    },
    tags: readTags(reader),
  };
}

function checkContainers(containers: readonly ContainerDefinition[], taskMemory: number | undefined): void {
  const refuse = (message: string): never => {
    throw new ServiceError("ClientException", message);
  };
  if (containers.length === 0) refuse("Container list cannot be empty.");
  const names = new Set<string>();
  for (const { name, memory, memoryReservation } of containers) {
    if (names.has(name))
      refuse(`Container definition names must be unique; "${name}" is there more than once.`);
    names.add(name);
    if ((memory ?? memoryReservation ?? taskMemory) === undefined) {
      refuse(
        `Invalid setting for container '${name}'. At least one of 'memory' or 'memoryReservation' must be specified.`,
      );
    }
  }
  const disorder = whyNotOrdered(containers);
  if (disorder !== undefined) refuse(disorder);
  if (!containers.some(({ essential }) => essential))
    refuse("Invalid 'containerDefinitions': at least one container must be essential.");
}

export const describeTaskDefinition: Operation = ({ state }, request) => {
  const reader = new RequestReader(request, "ClientException");
  const name = reader.requiredString("taskDefinition", "TaskDefinition can not be blank.");
  const definition = findTaskDefinition(state, name);
  if (definition === undefined)
    throw new ServiceError("ClientException", "Unable to describe task definition.");
  const withTags = reader.strings("include").includes("TAGS");
  const response: JsonObject = { taskDefinition: describe(definition) };
  return { response: withTags ? { ...response, tags: tagList(definition.tags) } : response };
};

export const deregisterTaskDefinition: Operation = ({ state, now }, request) => {
  const reader = new RequestReader(request, "ClientException");
  const name = reader.requiredString("taskDefinition", "TaskDefinition can not be blank.");
  if (!(pathOfArn(name, "task-definition")?.[0] ?? name).includes(":"))
    throw new ServiceError("ClientException", `Missing revision: name one, as in "${name}:1".`);
  const definition = findTaskDefinition(state, name);
  if (definition === undefined)
    throw new ServiceError("ClientException", "The specified task definition does not exist.");
  definition.status = "INACTIVE";
  definition.deregisteredAt = now;
  return { response: { taskDefinition: describe(definition) } };
};

/** Sorted by family and revision, upwards or, with `sort: DESC`, downwards. */
export const listTaskDefinitions: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  const family = reader.string("familyPrefix");
  const status = reader.oneOf("status", ["ACTIVE", "INACTIVE"]) ?? "ACTIVE";
  const direction = (reader.oneOf("sort", ["ASC", "DESC"]) ?? "ASC") === "ASC" ? 1 : -1;
  const found = [...state.families.values()]
    .flat()
    .filter((one) => one.status === status && (family === undefined || one.family === family))
    .toSorted((a, b) => direction * compare(sortKey(a), sortKey(b)));
  const page = readPage(reader, found, sortKey, (one, key) => direction * compare(sortKey(one), key) > 0);
  return {
    response: { taskDefinitionArns: page.items.map(({ arn }) => arn), nextToken: page.nextToken },
  };
};

export const listTaskDefinitionFamilies: Operation = ({ state }, request) => {
  const reader = new RequestReader(request);
  const prefix = reader.string("familyPrefix") ?? "";
  const status = reader.oneOf("status", ["ACTIVE", "INACTIVE", "ALL"]) ?? "ALL";
  const families = [...state.families]
    .filter(([family, revisions]) => {
      const isActive = revisions.some((one) => one.status === "ACTIVE");
      return family.startsWith(prefix) && (status === "ALL" || isActive === (status === "ACTIVE"));
    })
    .map(([family]) => family);
  const page = readSortedPage(reader, families);
  return { response: { families: page.items, nextToken: page.nextToken } };
};

/** Text that sorts as family and number do. */
function sortKey({ family, revision }: TaskDefinition): string {
  return `${family}:${`${revision}`.padStart(10, "0")}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
