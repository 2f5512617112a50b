import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { ApiAnswer, ApiRequest } from "./api.js";
import type { JsonObject } from "./validation.js";

/** Far above the largest request there is (a task definition of 64 KiB). */
const MAX_BODY_BYTES = 1_048_576;

export interface ServerHandlers {
  /** Answers one API request. Without it there is no API here. */
  readonly api?: (request: ApiRequest) => ApiAnswer;
  /** Called after the answer was handed to the socket, or cut. */
  readonly afterAnswer?: (answer: ApiAnswer) => void;
  /** The document of a GET, or undefined where there is none. */
  readonly document: (url: URL) => Promise<JsonObject | undefined>;
}

/** A port of a host, or a Unix socket. */
export type ListenAt = { readonly host: string; readonly port: number } | { readonly path: string };

/** The API at `POST /` and documents to GET, on one port. */
export class HttpServer {
  private constructor(
    private readonly server: Server,
    /** 0 for a Unix socket. */
    readonly port: number,
  ) {}

  /** Rejects with the error of the socket if it cannot listen there. */
  static async listen(at: ListenAt, handlers: ServerHandlers): Promise<HttpServer> {
    const server = createServer((request, response) => {
      void handle(request, response, handlers);
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(at, () => {
        server.removeListener("error", reject);
        resolve();
      });
    });
    const address = server.address();
    return new HttpServer(server, typeof address === "object" ? (address?.port ?? 0) : 0);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: ServerHandlers,
): Promise<void> {
  if (request.method === "GET") {
    const document = await handlers.document(new URL(request.url ?? "/", "http://localhost"));
    if (document === undefined) send(response, 404, "text/plain", "404 page not found\n");
    else send(response, 200, "application/json", JSON.stringify(document));
    return;
  }
  const body = request.method === "POST" && handlers.api !== undefined ? await readBody(request) : undefined;
  if (body === undefined || handlers.api === undefined) {
    send(response, 400, "text/plain", "The request is not one of AWS JSON 1.1, or is too large.\n");
    request.destroy();
    return;
  }
  const answered = handlers.api({
    target: headerOf(request, "x-amz-target"),
    authorization: headerOf(request, "authorization"),
    body,
  });
  if (answered.isCut) request.socket.destroy();
  else {
    response.setHeader("x-amzn-requestid", randomUUID());
    send(response, answered.status, "application/x-amz-json-1.1", JSON.stringify(answered.body));
  }
  handlers.afterAnswer?.(answered);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** The whole body, or undefined if it is too large or broke off. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
