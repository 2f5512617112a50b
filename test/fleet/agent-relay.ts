/**
 * The place of the ECS agent on an instance: what it is asked goes to the ECS endpoint's part for this instance, through a
 * Unix socket, so that it is there when the instance's link is cut. Its argument is the path of that socket.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { pipeline } from "node:stream";
import { AGENT_ADDRESS, INTROSPECTION_PORT } from "./network.js";

const path = process.argv[2] ?? "";

function relay(client: Socket): void {
  // It fails where there is no endpoint, and then there is no agent.
  pipeline(client, connect(path), client, () => undefined);
}

for (const [host, port] of [
  [AGENT_ADDRESS, 80],
  ["0.0.0.0", INTROSPECTION_PORT],
] as const)
  await once(createServer({ allowHalfOpen: true }, relay).listen(port, host), "listening");
process.stderr.write("listening on both\n");
