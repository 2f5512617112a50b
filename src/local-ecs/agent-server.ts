/** The agents of the container instances: below `/agents/` of the endpoint, and at Unix sockets of their own. */
import { rmSync } from "node:fs";
import { connect } from "node:net";
import { introspect } from "./agent-introspection.js";
import { HttpServer } from "./server.js";
import type { ContainerInstance, LocalState } from "./state.js";
import type { JsonObject } from "./validation.js";

const PATH = /^\/agents\/([^/]+)(\/.*)$/;

/** What the agent says whose instance the path names. */
export function introspectByPath(state: LocalState, url: URL): JsonObject | undefined {
  const [, id, below = ""] = PATH.exec(url.pathname) ?? [];
  const instance = instancesOf(state).find(({ ec2InstanceId }) => ec2InstanceId === id);
  return instance === undefined
    ? undefined
    : introspect(state, instance, new URL(`${below}${url.search}`, url.origin));
}

/** Listens at the sockets of those instances that have one. */
export async function listenAsAgents(
  state: LocalState,
  metadata: (url: URL) => Promise<JsonObject | undefined>,
): Promise<HttpServer[]> {
  const servers: HttpServer[] = [];
  for (const instance of instancesOf(state)) {
    if (instance.agent === undefined) continue;
    const { socketPath } = instance.agent;
    await removeStaleSocket(socketPath);
    const document = async (url: URL): Promise<JsonObject | undefined> =>
      introspect(state, instance, url) ?? (await metadata(url));
    try {
      servers.push(await HttpServer.listen({ path: socketPath }, { document }));
    } catch (error) {
      for (const server of servers) await server.close();
      throw error;
    }
  }
  return servers;
}

function instancesOf(state: LocalState): ContainerInstance[] {
  return [...state.clusters.values()].flatMap(({ instances }) => [...instances.values()]);
}

/** One that was left by an endpoint that was killed: it is there, and nobody listens. */
async function removeStaleSocket(path: string): Promise<void> {
  const code = await new Promise<string | undefined>((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  if (code === "ECONNREFUSED") rmSync(path, { force: true });
}
