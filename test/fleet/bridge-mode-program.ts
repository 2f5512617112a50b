/** Runs on the manager's host: servers in network mode bridge, asked through the ports that their engines chose. */
import { DescribeTasksCommand, RunTaskCommand, type NetworkBinding } from "@aws-sdk/client-ecs";
import { FleetEndpoint } from "./fleet-endpoint.js";

export interface BridgeModeServer {
  readonly instanceAddress: string | undefined;
  readonly bindings: readonly NetworkBinding[];
  /** What it answered to a request that came from the manager's host. */
  readonly answer: string;
  /** Its own task metadata, as it read them. */
  readonly networks: unknown;
  readonly ports: unknown;
}

const SERVERS = 4;
const CONTAINER_PORT = 8080;
/** Answers with its container's metadata; says so when it can. */
const SOURCE = `
  const server = require("node:http").createServer(async (request, response) => {
    const metadata = await (await fetch(process.env.ECS_CONTAINER_METADATA_URI_V4)).json();
    response.end(JSON.stringify({ answer: "hello", networks: metadata.Networks, ports: metadata.Ports }));
  });
  server.listen(${CONTAINER_PORT}, () => console.log("listening"));
  process.on("SIGTERM", () => process.exit(0));`;

await using endpoint = await FleetEndpoint.start();
const { local, client } = endpoint;
await endpoint.register(
  {
    command: ["node", "-e", SOURCE],
    portMappings: [{ containerPort: CONTAINER_PORT, hostPort: 0, protocol: "tcp" }],
  },
  "bridge",
);
const listening = endpoint.untilSaid("listening", SERVERS);
const { tasks = [] } = await client.send(new RunTaskCommand({ taskDefinition: "worker", count: SERVERS }));
await listening;
const arns = tasks.flatMap(({ taskArn }) => taskArn ?? []);
for (const taskArn of arns) await local.waitForTask(taskArn, ({ lastStatus }) => lastStatus === "RUNNING");
const described = await client.send(new DescribeTasksCommand({ tasks: arns }));
const servers: BridgeModeServer[] = [];
for (const { containerInstanceArn, containers } of described.tasks ?? []) {
  const instanceAddress = endpoint.addressOf(containerInstanceArn);
  const bindings = containers?.[0]?.networkBindings ?? [];
  const answer = await fetch(`http://${instanceAddress}:${bindings[0]?.hostPort}`);
  const said = (await answer.json()) as Pick<BridgeModeServer, "answer" | "networks" | "ports">;
  servers.push({ instanceAddress, bindings, ...said });
}
process.send?.(servers);
process.disconnect?.();
