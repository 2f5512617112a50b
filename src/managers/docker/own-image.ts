import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { isNotFound, type Docker } from "../../docker/docker-engine.js";

/** Docker mounts files of its own into every container, from a folder that the container's id names. */
const MOUNTED_FILE = /\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf)/;

/** The id of the container that this process runs in, by its mounts or, failing these, its host name. Pure. */
export function ownContainerId(mountInfo: string, hostName: string): string | undefined {
  return MOUNTED_FILE.exec(mountInfo)?.[1] ?? (/^[0-9a-f]{12}$/.test(hostName) ? hostName : undefined);
}

/** The image of the container that this process runs in; undefined if it runs in none of this engine's. */
export async function ownImage(engine: Docker): Promise<string | undefined> {
  const id = ownContainerId(mountInfo(), hostname());
  if (id === undefined) return undefined;
  try {
    return (await engine.getContainer(id).inspect()).Image;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function mountInfo(): string {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    // Not Linux; then it is no container of Linux either.
    return "";
  }
}
