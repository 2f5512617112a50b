/** The ECS endpoint of a fleet that is used by hand: says how, and what becomes of tasks, until SIGTERM. */
import { FleetEndpoint } from "./fleet-endpoint.js";
import { parseTrouble, TROUBLE_HELP } from "./trouble-commands.js";

const [, , , namespace = ""] = process.argv;
const ended = new Promise<void>((resolve) => process.once("SIGTERM", () => resolve()));
await using endpoint = await FleetEndpoint.start();
await endpoint.register();
const { fleet, local } = endpoint;

console.log(`
ECS endpoint ${local.endpoint}, on the manager's host ${fleet.managerAddress}; task definition "worker" in network mode
host, with the image ${fleet.image}, made of this checkout. The container instances:
`);
for (const { instanceId, address, availabilityZone, dockerSocket } of fleet.instances)
  console.log(`  ${instanceId}  ${address}  ${availabilityZone}  DOCKER_HOST=unix://${dockerSocket}`);
console.log(`
A shell on the manager's host, and the instances as ECS shows them:

  nsenter --net=/var/run/netns/${namespace} bash
  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=${local.region}
  aws --region ${local.region} --endpoint-url ${local.endpoint} ecs list-container-instances

A program that runs there has its workers on the instances with

  new ECSManager({ endpoint: "${local.endpoint}", taskDefinition: "worker", command: "image", workers: 8 })

Things to type here:

${TROUBLE_HELP}

Ctrl-C ends it and removes everything.
`);
process.on("message", (line) => {
  makeTrouble(String(line)).catch((error: unknown) => console.log((error as Error).message));
});

async function makeTrouble(line: string): Promise<void> {
  if (line.trim() === "") return;
  const command = parseTrouble(line);
  switch (command.kind) {
    case "cut":
      return endpoint.trouble.cut(...command.between);
    case "lose":
      return endpoint.trouble.losePackets(command.fraction);
    case "rate":
      return endpoint.trouble.limitRate(command.bitsPerSecond);
    case "heal":
      return endpoint.trouble.heal();
    case "kill":
      return endpoint.killInstance(command.instance);
    case "spot":
      return endpoint.interruptSpot(command.instance);
  }
}
local.onOutput(({ taskArn, line }) => console.log(`${taskArn.slice(-6)} | ${line}`));
const shown = new Map<string, string>();
local.onTaskChange(({ taskArn, lastStatus, stoppedReason = "" }) => {
  if (shown.get(taskArn) === lastStatus) return;
  shown.set(taskArn, lastStatus);
  console.log(`${taskArn.slice(-6)} ${lastStatus} ${lastStatus === "STOPPED" ? stoppedReason : ""}`);
});
await ended;
// Otherwise what may still be typed keeps this process.
if (process.connected) process.disconnect();
