import type { NetworkMode } from "../protocol/worker-variables.js";
import { parseContainerMetadata, parseMetadataFile, type ContainerMetadata } from "./container-metadata.js";
import { askMetadata } from "./metadata-request.js";

export interface MetadataSources {
  /** `ECS_CONTAINER_METADATA_URI_V4` */
  readonly uri: string | undefined;
  /** `ECS_CONTAINER_METADATA_FILE` */
  readonly file: string | undefined;
  /** What the manager says that the network is; otherwise what the metadata say. */
  readonly networkMode: NetworkMode | undefined;
}

const ATTEMPTS = 8;
const ATTEMPT_MS = 1_000;
const FIRST_PAUSE_MS = 50;

/**
 * What the ECS agent says of this container; undefined outside of ECS, or if it gives no usable answer. The agent serves
 * 40 requests a second for a whole instance, so a busy answer is tried again; in network mode `bridge` so is one without
 * the mapped ports, which the agent may learn a moment after the container has started.
 */
export async function readTaskMetadata(sources: MetadataSources): Promise<ContainerMetadata | undefined> {
  if (!isSet(sources.uri) && !isSet(sources.file)) return undefined;
  let last: ContainerMetadata | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    // The file alone holds both the mapped ports and the address of the instance.
    for (const read of [readFile, readEndpoint]) {
      const metadata = await read(sources).catch(() => undefined);
      if (metadata === undefined) continue;
      last = metadata;
      const isBridge = (sources.networkMode ?? metadata.networkMode) === "bridge";
      if (!isBridge || metadata.ports.length > 0) return metadata;
    }
    // Random, so that the workers of one instance do not come back together.
    const pauseMs = attempt * FIRST_PAUSE_MS * (1 + Math.random());
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return last;
}

async function readEndpoint({ uri }: MetadataSources): Promise<ContainerMetadata | undefined> {
  if (!isSet(uri)) return undefined;
  const { status, text } = await askMetadata(uri, { limitMs: ATTEMPT_MS });
  return status === 200 ? parseContainerMetadata(text) : undefined;
}

/** Only for the ports and the address that `bridge` needs: everything else the endpoint knows sooner. */
async function readFile({ file, uri, networkMode }: MetadataSources): Promise<ContainerMetadata | undefined> {
  if (!isSet(file) || (isSet(uri) && networkMode !== "bridge")) return undefined;
  const fs = await import("node:fs/promises");
  return parseMetadataFile(await fs.readFile(file, "utf8"));
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}
