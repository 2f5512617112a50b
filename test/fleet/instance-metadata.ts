/**
 * The metadata service of an EC2 instance (EC2 User Guide, "Use the Instance Metadata Service"), version 2: a token first,
 * then every GET with it. A program of its own in the instance's namespace; its argument is `InstanceMetadata` as JSON.
 */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

export interface InstanceMetadata {
  readonly address: string;
  readonly instanceId: string;
  readonly availabilityZone: string;
}

const HOST = "169.254.169.254";
const MAX_TTL_SECONDS = 21_600;

const metadata = JSON.parse(process.argv[2] ?? "{}") as InstanceMetadata;
const documents: Readonly<Record<string, string>> = {
  "local-ipv4": metadata.address,
  "instance-id": metadata.instanceId,
  "instance-type": "local",
  "placement/availability-zone": metadata.availabilityZone,
  "placement/region": metadata.availabilityZone.slice(0, -1),
};
/** When each token ends, on the clock of `performance`. */
const tokens = new Map<string, number>();

function answer(request: IncomingMessage): readonly [status: number, body: string] {
  if (request.method === "PUT") return request.url === "/latest/api/token" ? newToken(request) : [403, ""];
  const ends = tokens.get(String(request.headers["x-aws-ec2-metadata-token"] ?? ""));
  if (ends === undefined || ends < performance.now()) return [401, ""];
  const [, name = ""] = /^\/latest\/meta-data\/(.*)$/.exec(request.url ?? "") ?? [];
  const document = documents[name];
  return document === undefined ? [404, ""] : [200, document];
}

function newToken({ headers }: IncomingMessage): readonly [status: number, body: string] {
  // A forwarded request may come from outside of the instance.
  if (headers["x-forwarded-for"] !== undefined) return [403, ""];
  const seconds = Number(headers["x-aws-ec2-metadata-token-ttl-seconds"]);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_TTL_SECONDS) return [400, ""];
  const token = randomBytes(32).toString("base64url");
  tokens.set(token, performance.now() + seconds * 1000);
  return [200, token];
}

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  const [status, body] = answer(request);
  response.writeHead(status, { "content-type": "text/plain", "content-length": Buffer.byteLength(body) });
  response.end(body);
});
server.listen(80, HOST, () => process.stderr.write(`listening on ${HOST}\n`));
