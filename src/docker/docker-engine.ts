/** The connection to a Docker engine: the client library, loaded only where it is used, and what its errors say. */
import type Docker from "dockerode";

export type { default as Docker } from "dockerode";

/** How long an engine may take to answer that it is there. */
const ANSWER_MS = 5_000;

/**
 * Resolves once the engine has answered: the one behind this Unix socket or, without one, the one that `DOCKER_HOST`
 * names (with `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`, as for the `docker` command), else that of this machine.
 * Rejects with an `Error` that says which engine does not answer, or that the package `dockerode` is not installed;
 * `user` names what needs it.
 */
export async function connectToEngine(socketPath: string | undefined, user: string): Promise<Docker> {
  const { default: Engine } = await import("dockerode").catch((cause: unknown) => {
    throw new Error(`${user} needs the package "dockerode": npm install dockerode`, { cause });
  });
  const engine = new Engine(socketPath === undefined ? undefined : { socketPath });
  try {
    await engine.listContainers({ limit: 1, abortSignal: AbortSignal.timeout(ANSWER_MS) });
  } catch (cause) {
    throw new Error(`no Docker engine answers at ${engineName(engine)}: ${engineMessage(cause)}`, { cause });
  }
  return engine;
}

/** Where an engine is, as the client library sees it. */
export interface EngineAddress {
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number | string;
}

export function engineAddress(engine: Docker): EngineAddress {
  // The library's types leave it open.
  return engine.modem as EngineAddress;
}

function engineName(engine: Docker): string {
  const { socketPath, host, port } = engineAddress(engine);
  return socketPath ?? `${host}:${port}`;
}

/** What the engine itself said, or what became of the connection to it. */
export function engineMessage(error: unknown): string {
  const said = (error as { json?: { message?: unknown } } | undefined)?.json?.message;
  if (typeof said === "string") return `Error response from daemon: ${said}`;
  // Where the answer would have been a stream, the library has put it into its own sentence.
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^\(HTTP code \d+\) [a-z ]+ - /, "Error response from daemon: ").trim();
}

export function isNotFound(error: unknown): boolean {
  return (error as { statusCode?: unknown } | undefined)?.statusCode === 404;
}
