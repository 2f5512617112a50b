/**
 * The container metadata file (Developer Guide, "Amazon ECS container metadata file"): a folder for each container, with one
 * file that is partial until the container runs and then says READY.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dockerName, portsOf } from "./metadata.js";
import { networkOfTask, type ContainerInstance, type Task, type TaskContainer } from "./state.js";
import type { JsonObject } from "./validation.js";

const METADATA_FILE = "ecs-container-metadata.json";

/** The variable that names the file, as the container shall see it; none without a folder. */
export function metadataFileVariable(folder: string | undefined): Readonly<Record<string, string>> {
  return folder === undefined ? {} : { ECS_CONTAINER_METADATA_FILE: `${folder}/${METADATA_FILE}` };
}

/** Owns the files of all containers that run. */
export class MetadataFiles {
  readonly #root = mkdtempSync(join(tmpdir(), "rollcall-ecs-metadata-"));

  /** Makes the folder with the partial file, before the container is created. Returns its path; on Fargate there is none. */
  create(task: Task, container: TaskContainer): string | undefined {
    if (task.instance === undefined) return undefined;
    const folder = join(this.#root, container.metadataId);
    mkdirSync(folder, { recursive: true });
    write(folder, initial(task, task.instance, container));
    return folder;
  }

  /** Completes the files of what runs by now, and removes those of what has ended. */
  update(task: Task): void {
    const { instance } = task;
    if (instance === undefined) return;
    for (const container of task.containers) {
      const folder = join(this.#root, container.metadataId);
      if (container.lastStatus === "RUNNING") write(folder, ready(task, instance, container));
      else if (task.lastStatus === "STOPPED") rmSync(folder, { recursive: true, force: true });
    }
  }

  close(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** At once, so that nobody reads half of it. */
function write(folder: string, content: JsonObject): void {
  const file = join(folder, METADATA_FILE);
  writeFileSync(`${file}.new`, JSON.stringify(content, undefined, 2));
  renameSync(`${file}.new`, file);
}

function initial(
  { cluster, arn, definition }: Task,
  instance: ContainerInstance,
  container: TaskContainer,
): JsonObject {
  return {
    Cluster: cluster.name,
    ContainerInstanceARN: instance.arn,
    TaskARN: arn,
    TaskDefinitionFamily: definition.family,
    TaskDefinitionRevision: `${definition.revision}`,
    ContainerName: container.definition.name,
  };
}

function ready(task: Task, instance: ContainerInstance, container: TaskContainer): JsonObject {
  const address = container.network?.address;
  return {
    ...initial(task, instance, container),
    ContainerID: container.runtimeId ?? "",
    DockerContainerName: dockerName(task, container),
    ImageID: "",
    ImageName: container.definition.image,
    PortMappings: portsOf(container).map(({ ContainerPort, HostPort, HostIp, Protocol }) => ({
      ContainerPort,
      HostPort,
      BindIp: HostIp,
      Protocol,
    })),
    ...(networkOfTask(task) === undefined
      ? { Networks: [{ NetworkMode: task.definition.networkMode, IPv4Addresses: [address ?? ""] }] }
      : {}),
    MetadataFileStatus: "READY",
    AvailabilityZone: instance.availabilityZone,
    HostPrivateIPv4Address: instance.privateIpv4Address,
  };
}
