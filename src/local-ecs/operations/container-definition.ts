import { ServiceError } from "../errors.js";
import type { ContainerDefinition, NetworkMode, PortMapping } from "../state.js";
import type { ContainerDependency } from "../start-order.js";
import type { JsonObject, RequestReader } from "../validation.js";

const NAME = /^[a-zA-Z0-9_-]{1,255}$/;

/** What a container definition says, and what DescribeTaskDefinition will show of it. */
export interface ParsedContainer {
  readonly definition: ContainerDefinition;
  readonly document: JsonObject;
}

export function parseContainer(reader: RequestReader, networkMode: NetworkMode): ParsedContainer {
  refuseUnsupported(reader);
  const name = reader.requiredString("name", "Container.name should not be null or empty.");
  if (!NAME.test(name)) {
    throw new ServiceError(
      "ClientException",
      `Invalid container name: "${name}" must be 1 to 255 letters, digits, hyphens and underscores.`,
    );
  }
  const memory = reader.integer("memory", { min: 4 });
  const memoryReservation = reader.integer("memoryReservation", { min: 4 });
  if (memory !== undefined && memoryReservation !== undefined && memoryReservation > memory) {
    throw new ServiceError(
      "ClientException",
      `Invalid setting for container '${name}'. 'memory' must not be smaller than 'memoryReservation'.`,
    );
  }
  const workingDirectory = reader.string("workingDirectory");
  const stopTimeout = reader.integer("stopTimeout", { min: 0 });
  const log = reader.object("logConfiguration");
  const logDriver = log?.requiredString("logDriver");
  const definition: ContainerDefinition = {
    name,
    image: reader.requiredString("image", "Container.image should not be null or empty."),
    essential: reader.boolean("essential") ?? true,
    cpu: reader.integer("cpu", { min: 0 }) ?? 0,
    ...(memory === undefined ? {} : { memory }),
    ...(memoryReservation === undefined ? {} : { memoryReservation }),
    entryPoint: reader.strings("entryPoint"),
    command: reader.strings("command"),
    environment: readEnvironment(reader),
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    portMappings: reader.objects("portMappings", { max: 100 }).map((item) => parsePort(item, networkMode)),
    dependsOn: reader.objects("dependsOn").map(parseDependency),
    ...(stopTimeout === undefined ? {} : { stopTimeout }),
    ...(logDriver === undefined ? {} : { logDriver }),
    logOptions: readLogOptions(log, logDriver),
  };
  return { definition, document: documentOf(reader.json, definition) };
}

/** The `environment` list of a container definition or override; the last of several equal names counts. */
export function readEnvironment(reader: RequestReader): Record<string, string> {
  return Object.fromEntries(
    reader
      .objects("environment")
      .map((item) => [item.requiredString("name"), item.string("value") ?? ""] as const),
  );
}

function parsePort(reader: RequestReader, networkMode: NetworkMode): PortMapping {
  const range = { min: 0, max: 65_535 };
  const containerPort = reader.integer("containerPort", { min: 1, max: 65_535 });
  if (containerPort === undefined)
    throw new ServiceError("ClientException", `${reader.nameOf("containerPort")} is required.`);
  const declared = reader.integer("hostPort", range) ?? 0;
  const sharesNetwork = networkMode === "host" || networkMode === "awsvpc";
  if (sharesNetwork && declared !== 0 && declared !== containerPort) {
    throw new ServiceError(
      "ClientException",
      `When networkMode=${networkMode}, the host ports and container ports in port mappings must match.`,
    );
  }
  return {
    containerPort,
    hostPort: sharesNetwork ? containerPort : declared,
    protocol: reader.oneOf("protocol", ["tcp", "udp"]) ?? "tcp",
  };
}

function parseDependency(reader: RequestReader): ContainerDependency {
  const condition = reader.oneOf("condition", ["START", "COMPLETE", "SUCCESS"]);
  if (condition === undefined)
    throw new ServiceError("ClientException", `${reader.nameOf("condition")} is required.`);
  return { containerName: reader.requiredString("containerName"), condition };
}

function readLogOptions(log: RequestReader | undefined, driver: string | undefined): Record<string, string> {
  const options = log?.object("options");
  const values = Object.fromEntries(
    Object.keys(options?.json ?? {}).map((key) => [key, options?.string(key) ?? ""]),
  );
  if (driver === "awslogs" && (values["awslogs-group"] ?? "") === "") {
    throw new ServiceError("ClientException", "Log driver awslogs requires options: awslogs-group");
  }
  return values;
}

/** Settings that would change what a container does, and that nothing here acts on. */
function refuseUnsupported(reader: RequestReader): void {
  const refuse = (member: string, way: string): never => {
    throw new ServiceError(
      "ClientException",
      `${reader.nameOf(member)} is not supported by this local endpoint: ${way}`,
    );
  };
  if (reader.objects("secrets").length > 0) refuse("secrets", "pass the values in environment.");
  if (reader.objects("environmentFiles").length > 0) refuse("environmentFiles", "use environment.");
  if (reader.object("restartPolicy")?.boolean("enabled") === true)
    refuse("restartPolicy", "leave it out; a container runs once.");
  for (const item of reader.objects("dependsOn")) {
    if (item.string("condition") === "HEALTHY")
      refuse("dependsOn", "the condition HEALTHY needs health checks; use START.");
  }
}

function documentOf(json: JsonObject, definition: ContainerDefinition): JsonObject {
  const environment = Object.entries(definition.environment).map(([name, value]) => ({ name, value }));
  return {
    ...json,
    cpu: definition.cpu,
    essential: definition.essential,
    environment,
    portMappings: definition.portMappings,
    mountPoints: json["mountPoints"] ?? [],
    volumesFrom: json["volumesFrom"] ?? [],
    systemControls: json["systemControls"] ?? [],
  };
}
