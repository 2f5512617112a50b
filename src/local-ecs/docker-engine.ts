/** The connection to a Docker engine: the client library, loaded only where it is used, and what its errors say. */
import type Docker from "dockerode";

export type { default as Docker } from "dockerode";

/** How long an engine may take to answer that it is there. */
const ANSWER_MS = 5_000;

/**
 * Resolves once the engine behind the Unix socket has answered. Rejects with an `Error` that names the socket if it does
 * not, and with one that names the package if `dockerode` is not installed.
 */
export async function connectToEngine(socketPath: string): Promise<Docker> {
  const { default: Engine } = await import("dockerode").catch((error: unknown) => {
    throw new Error(
      'container instances with an engine need the package "dockerode": npm install dockerode',
      {
        cause: error,
      },
    );
  });
  const engine = new Engine({ socketPath });
  try {
    await engine.listContainers({ limit: 1, abortSignal: AbortSignal.timeout(ANSWER_MS) });
  } catch (error) {
    throw new Error(`no Docker engine answers at ${socketPath}: ${engineMessage(error)}`, { cause: error });
  }
  return engine;
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
