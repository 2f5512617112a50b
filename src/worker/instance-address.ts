import { InstanceMetadata, instanceMetadataUrl } from "./instance-metadata.js";

/**
 * From behind a Docker bridge the service may not answer at all (hop limit 1), and whoever waits for this, waits to join:
 * the manager knows an address of its own to try.
 */
const LIMIT_MS = 500;

/**
 * The private IPv4 address of this EC2 instance, from its metadata service. Undefined if there is no such service or it
 * does not answer in half a second.
 */
export async function readInstanceAddress(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const url = instanceMetadataUrl(env);
  if (url === undefined) return undefined;
  try {
    const { status, text } = await new InstanceMetadata(url).get("local-ipv4", LIMIT_MS);
    return status === 200 ? text.trim() : undefined;
  } catch {
    return undefined;
  }
}
