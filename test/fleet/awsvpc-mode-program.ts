/** Runs on the manager's host: servers in network mode awsvpc, asked at the addresses that DescribeTasks shows. */
import { DescribeTasksCommand, RunTaskCommand, type Attachment } from "@aws-sdk/client-ecs";
import { FleetEndpoint } from "./fleet-endpoint.js";

export interface AwsvpcModeServer {
  readonly instanceAddress: string | undefined;
  readonly privateIpv4Address: string | undefined;
  readonly attachments: readonly Attachment[];
  readonly networkBindings: readonly unknown[];
  /** What it answered to a request that came from the manager's host. */
  readonly answer: {
    /** Its own task metadata, as it read them with its first breath. */
    readonly networks: unknown;
    readonly ownAddresses: readonly string[];
    /** By the metadata service of its instance. */
    readonly localIpv4: string;
    /** What the second container of the task has listening on the loopback address. */
    readonly sidecar: string;
    /** What the server of another task answered on its own port. */
    readonly neighbours: readonly string[];
  };
}

const SERVERS = 4;
const PORT = 8080;
const SIDECAR_PORT = 8081;
const SOURCE = `
  const text = async (url) => (await fetch(url)).text();
  const metadata = fetch(process.env.ECS_CONTAINER_METADATA_URI_V4).then((answer) => answer.json());
  const work = import("/app/build/test/fleet/work.js");
  const server = require("node:http").createServer(async ({ url }, response) => {
    if (url === "/hello") return response.end("hello");
    const neighbours = new URL(url, "http://none").searchParams.getAll("neighbour");
    response.end(JSON.stringify({
      networks: (await metadata).Networks,
      ownAddresses: (await work).ownAddresses(),
      localIpv4: await (await work).instanceMetadata("local-ipv4"),
      sidecar: await text("http://127.0.0.1:${SIDECAR_PORT}"),
      neighbours: await Promise.all(neighbours.map((address) => text("http://" + address + ":${PORT}/hello"))),
    }));
  });
  server.listen(${PORT}, () => console.log("listening"));
  process.on("SIGTERM", () => process.exit(0));`;
const SIDECAR = `require("node:http").createServer((_, response) => response.end("sidecar"))
  .listen(${SIDECAR_PORT}, () => console.log("listening"));
  process.on("SIGTERM", () => process.exit(0));`;

await using endpoint = await FleetEndpoint.start();
const { local, client } = endpoint;
await endpoint.register(
  { command: ["node", "-e", SOURCE], portMappings: [{ containerPort: PORT }] },
  "awsvpc",
  [
    {
      name: "sidecar",
      image: endpoint.fleet.image,
      memory: 64,
      command: ["node", "-e", SIDECAR],
      essential: false,
    },
  ],
);
const listening = endpoint.untilSaid("listening", 2 * SERVERS);
const { tasks = [] } = await client.send(
  new RunTaskCommand({
    taskDefinition: "worker",
    count: SERVERS,
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-0fleet"] } },
  }),
);
await listening;
const arns = tasks.flatMap(({ taskArn }) => taskArn ?? []);
for (const taskArn of arns) await local.waitForTask(taskArn, ({ lastStatus }) => lastStatus === "RUNNING");
const described = (await client.send(new DescribeTasksCommand({ tasks: arns }))).tasks ?? [];
const addresses = described.map(
  ({ containers }) => containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address,
);
const query = addresses.map((address) => `neighbour=${address}`).join("&");
const servers: AwsvpcModeServer[] = [];
for (const [index, { containerInstanceArn, containers, attachments = [] }] of described.entries()) {
  const answer = await fetch(`http://${addresses[index]}:${PORT}/?${query}`);
  servers.push({
    instanceAddress: endpoint.addressOf(containerInstanceArn),
    privateIpv4Address: addresses[index],
    attachments,
    networkBindings: containers?.[0]?.networkBindings ?? [],
    answer: (await answer.json()) as AwsvpcModeServer["answer"],
  });
}
process.send?.(servers);
process.disconnect?.();
