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
  /** Its container metadata file, once that was READY. */
  readonly file: Readonly<Record<string, unknown>>;
  /** The agent of its instance, asked at the gateway of the engine's bridge. */
  readonly agent: Readonly<Record<string, unknown>>;
  readonly containerInstanceArn: string | undefined;
  /** Whether the agent answers to the manager's host. */
  readonly agentAnswersOutside: boolean;
}

const SERVERS = 4;
const CONTAINER_PORT = 8080;
/** Answers with its container's metadata; says so when it can. */
const SOURCE = `
  const json = async (url) => (await fetch(url)).json();
  const file = () => JSON.parse(require("node:fs").readFileSync(process.env.ECS_CONTAINER_METADATA_FILE));
  const server = require("node:http").createServer(async (request, response) => {
    while (file().MetadataFileStatus !== "READY") await new Promise((resolve) => setTimeout(resolve, 10));
    const metadata = await json(process.env.ECS_CONTAINER_METADATA_URI_V4);
    const agent = await json("http://172.17.0.1:51678/v1/metadata");
    response.end(
      JSON.stringify({ answer: "hello", networks: metadata.Networks, ports: metadata.Ports, file: file(), agent }),
    );
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
  const said = (await answer.json()) as Pick<
    BridgeModeServer,
    "answer" | "networks" | "ports" | "file" | "agent"
  >;
  const outside = fetch(`http://${instanceAddress}:51678/v1/metadata`, { signal: AbortSignal.timeout(300) });
  const agentAnswersOutside = await outside.then(
    () => true,
    () => false,
  );
  servers.push({ instanceAddress, bindings, ...said, containerInstanceArn, agentAnswersOutside });
}
process.send?.(servers);
process.disconnect?.();
