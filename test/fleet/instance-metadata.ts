/**
 * The metadata service of an EC2 instance (EC2 User Guide, "Use the Instance Metadata Service"): with version 2 a token
 * first, then every GET with it. A program of its own in a namespace beside the instance's; its argument names the file
 * with what it serves, which is read for each request.
 */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

/** Documents by their path below `/latest/`. */
export type MetadataDocuments = Readonly<Record<string, string>>;

interface Served {
  /** Whether a request without a token, as in version 1, is refused. */
  readonly needsTokens: boolean;
  readonly documents: MetadataDocuments;
}

const MAX_TTL_SECONDS = 21_600;

export function readServed(file: string): Served {
  return JSON.parse(readFileSync(file, "utf8")) as Served;
}

/** At once, so that no request sees half of it. */
export function writeServed(file: string, served: Served): void {
  writeFileSync(`${file}.new`, JSON.stringify(served));
  renameSync(`${file}.new`, file);
}

/** When each token ends, on the clock of `performance`. */
const tokens = new Map<string, number>();

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function answer(request: IncomingMessage, { needsTokens, documents }: Served): Answer {
  if (request.method === "PUT")
    return request.url === "/latest/api/token" ? newToken(request) : { status: 403 };
  const token = request.headers["x-aws-ec2-metadata-token"];
  if (token === undefined ? needsTokens : (tokens.get(String(token)) ?? 0) < performance.now())
    return { status: 401 };
  const [, name = ""] = /^\/latest\/(.*)$/.exec(request.url ?? "") ?? [];
  const document = documents[name];
  return document === undefined ? { status: 404 } : { status: 200, body: document };
}

function newToken({ headers }: IncomingMessage): Answer {
  // A forwarded request may come from outside of the instance.
  if (headers["x-forwarded-for"] !== undefined) return { status: 403 };
  const seconds = Number(headers["x-aws-ec2-metadata-token-ttl-seconds"]);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_TTL_SECONDS) return { status: 400 };
  const token = randomBytes(32).toString("base64url");
  tokens.set(token, performance.now() + seconds * 1000);
  const ttl = { "x-aws-ec2-metadata-token-ttl-seconds": `${seconds}` };
  return { status: 200, body: token, headers: ttl };
}

export function serveMetadata(file: string, host: string): void {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { status, body = "", headers = {} } = answer(request, readServed(file));
    response.writeHead(status, {
      "content-type": "text/plain",
      "content-length": Buffer.byteLength(body),
      ...headers,
    });
    response.end(body);
  });
  server.listen(80, host, () => process.stderr.write(`listening on ${host}\n`));
}
