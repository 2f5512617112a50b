import { askMetadata, type MetadataAnswer } from "./metadata-request.js";

const ADDRESS = "http://169.254.169.254";
/** The longest life that the service gives a token. */
const TOKEN_SECONDS = "21600";

/**
 * Where this EC2 instance's metadata service is; undefined where there is none, or it must not be asked: on Fargate, or
 * with `AWS_EC2_METADATA_DISABLED`. `AWS_EC2_METADATA_SERVICE_ENDPOINT` moves it, as for the AWS SDKs (AWS SDKs and Tools
 * Reference Guide, "IMDS credential provider").
 */
export function instanceMetadataUrl(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env["AWS_EC2_METADATA_DISABLED"]?.toLowerCase() === "true") return undefined;
  if (env["AWS_EXECUTION_ENV"] === "AWS_ECS_FARGATE") return undefined;
  const given = env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "";
  return URL.canParse(given) ? given.replace(/\/+$/, "") : ADDRESS;
}

/**
 * Asks the metadata service of an EC2 instance (EC2 user guide, "Use the Instance Metadata Service"): version 2, with a
 * token that it keeps, and version 1 only where the service does not know tokens.
 */
export class InstanceMetadata {
  readonly #url: string;
  /** Undefined before the first request. */
  #headers: Readonly<Record<string, string>> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /** A document by its path below `meta-data/`. Rejects if there is no answer in time, or no token is given. */
  async get(name: string, limitMs: number): Promise<MetadataAnswer> {
    const until = performance.now() + limitMs;
    const leftMs = (): number => Math.max(1, Math.ceil(until - performance.now()));
    const wasKnown = this.#headers !== undefined;
    for (let isRepeated = false; ; isRepeated = true) {
      this.#headers ??= await this.#token(leftMs());
      const url = `${this.#url}/latest/meta-data/${name}`;
      const answer = await askMetadata(url, { headers: this.#headers, limitMs: leftMs() });
      if (answer.status !== 401 || isRepeated || !wasKnown) return answer;
      // The token has come to its end.
      this.#headers = undefined;
    }
  }

  async #token(limitMs: number): Promise<Readonly<Record<string, string>>> {
    const { status, text } = await askMetadata(`${this.#url}/latest/api/token`, {
      method: "PUT",
      headers: { "X-aws-ec2-metadata-token-ttl-seconds": TOKEN_SECONDS },
      limitMs,
    });
    if (status === 200) return { "X-aws-ec2-metadata-token": text };
    if (status === 404 || status === 405) return {};
    throw new Error(`the instance metadata service gave no token (HTTP ${status})`);
  }
}
