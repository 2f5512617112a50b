/**
 * Runs on the manager's host, next to the manager: that one's host vanishes without a word while workers write output, so that
 * something is on its way at every moment.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { FleetEndpoint } from "./fleet-endpoint.js";
import type { VanishingManager } from "./vanishing-manager.js";

export interface VanishedManagerResult {
  readonly joined: VanishingManager["joined"];
  readonly instanceAddresses: readonly (string | undefined)[];
  readonly tasks: readonly { readonly exitCode: number | undefined; readonly reason: string }[];
}

const CONTAINER_PORT = 7000;

await using endpoint = await FleetEndpoint.start({ containerMetadataFiles: false });
const { local, trouble } = endpoint;
await endpoint.register({ portMappings: [{ containerPort: CONTAINER_PORT, hostPort: 0 }] }, "bridge");
const reasons = new Map<string, string>();
local.onOutput(({ taskArn, line }) => {
  if (line.includes("leaving")) reasons.set(taskArn, line);
});

const program = new URL("vanishing-manager.js", import.meta.url);
const manager = fork(program, [], {
  env: { ...process.env, ECS_CLIENT: JSON.stringify(local.clientConfig) },
  execArgv: ["--no-warnings"],
});
const [{ joined }] = (await once(manager, "message")) as [VanishingManager];
for (const number of endpoint.fleet.instances.keys()) trouble.cut("manager", number + 1);
manager.kill("SIGSTOP");
const tasks: VanishedManagerResult["tasks"][number][] = [];
const instanceAddresses: (string | undefined)[] = [];
for (const { taskArn, containerInstanceArn } of local.tasks()) {
  const ended = await local.waitForTask(taskArn, ({ lastStatus }) => lastStatus === "STOPPED");
  tasks.push({ exitCode: ended.containers[0]?.exitCode, reason: reasons.get(taskArn) ?? "" });
  instanceAddresses.push(endpoint.addressOf(containerInstanceArn));
}
manager.kill("SIGKILL");
trouble.heal();
process.send?.({ joined, instanceAddresses, tasks } satisfies VanishedManagerResult);
process.disconnect?.();
