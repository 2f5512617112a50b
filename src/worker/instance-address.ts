import { askMetadata } from "./metadata-request.js";

const INSTANCE_METADATA = "http://169.254.169.254";
/**
 * From behind a Docker bridge the service may not answer at all (hop limit 1), and whoever waits for this, waits to join:
 * the manager knows an address of its own to try.
 */
const LIMIT_MS = 500;
const TOKEN_SECONDS = "60";

/**
 * The private IPv4 address of this EC2 instance, from its metadata service (EC2 user guide, "Use the Instance Metadata
 * Service"): version 2, and version 1 only where the service does not know tokens. Undefined if there is no such service
 * or it does not answer in half a second.
 */
export async function readInstanceAddress(
  env: Readonly<Record<string, string | undefined>>,
  base: string = INSTANCE_METADATA,
): Promise<string | undefined> {
  const isDisabled = env["AWS_EC2_METADATA_DISABLED"]?.toLowerCase() === "true";
  if (isDisabled || env["AWS_EXECUTION_ENV"] === "AWS_ECS_FARGATE") return undefined;
  const until = performance.now() + LIMIT_MS;
  const limitMs = (): number => Math.max(1, Math.ceil(until - performance.now()));
  try {
    const token = await askMetadata(`${base}/latest/api/token`, {
      method: "PUT",
      headers: { "X-aws-ec2-metadata-token-ttl-seconds": TOKEN_SECONDS },
      limitMs: limitMs(),
    });
    const hasTokens = token.status === 200;
    if (!hasTokens && token.status !== 404 && token.status !== 405) return undefined;
    const { status, text } = await askMetadata(`${base}/latest/meta-data/local-ipv4`, {
      headers: hasTokens ? { "X-aws-ec2-metadata-token": token.text } : {},
      limitMs: limitMs(),
    });
    return status === 200 ? text.trim() : undefined;
  } catch {
    return undefined;
  }
}
