/** Starts a container on the first instance of the fleet that it is told of, and kills itself as soon as that runs. */
import { ECSClient, RegisterTaskDefinitionCommand, RunTaskCommand } from "@aws-sdk/client-ecs";
import { startLocalECS } from "#dist/local-ecs/index.js";
import type { FleetDescription } from "./fleet.js";

const { instances, image } = JSON.parse(process.argv[2] ?? "{}") as FleetDescription;
const ecs = await startLocalECS({
  instances: [{ docker: { socketPath: instances[0]?.dockerSocket ?? "" } }],
});
ecs.onOutput(({ line }) => {
  if (line === "running") process.kill(process.pid, "SIGKILL");
});
const client = new ECSClient(ecs.clientConfig);
const command = ["node", "-e", `console.log("running"); setInterval(() => {}, 1000);`];
await client.send(
  new RegisterTaskDefinitionCommand({
    family: "work",
    networkMode: "host",
    containerDefinitions: [{ name: "main", image, memory: 128, command }],
  }),
);
await client.send(new RunTaskCommand({ taskDefinition: "work" }));
