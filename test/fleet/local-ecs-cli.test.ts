/** `rollcall local-ecs --docker`: the endpoint in a box with an engine, as a command. */
import { ECSClient, RegisterTaskDefinitionCommand, RunTaskCommand } from "@aws-sdk/client-ecs";
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import { startCli } from "../cli/local-ecs-cli.js";
import { Fleet } from "./fleet.js";
import { whyNoFleet } from "./requirements.js";

void describe("rollcall local-ecs with a Docker engine", { skip: whyNoFleet() }, () => {
  void test("runs tasks as its containers, and removes them when it is ended", async (t) => {
    await using fleet = await Fleet.start({ name: "cli", instances: 1 });
    const { dockerSocket = "" } = fleet.description.instances[0] ?? {};
    const { child, endpoint, nextError } = await startCli(
      t,
      "--docker",
      dockerSocket,
      "--log-level",
      "output",
    );
    const line = nextError(/ main \| in a container$/);
    const credentials = { accessKeyId: "local", secretAccessKey: "local" };
    const client = new ECSClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
    const source = `process.on("SIGTERM", () => process.exit(0)); console.log("in a container");
      setInterval(() => {}, 1000);`;
    const { image } = fleet.description;
    await client.send(
      new RegisterTaskDefinitionCommand({
        family: "work",
        networkMode: "awsvpc",
        containerDefinitions: [{ name: "main", image, memory: 64, command: ["node", "-e", source] }],
      }),
    );
    const networkConfiguration = { awsvpcConfiguration: { subnets: ["subnet-0"] } };
    await client.send(new RunTaskCommand({ taskDefinition: "work", networkConfiguration }));
    client.destroy();
    await line;
    assert.equal((await fleet.containers()).length, 1);
    child.kill("SIGTERM");
    const [code] = (await once(child, "exit")) as [number | null];
    assert.equal(code, 143);
    assert.deepEqual(await fleet.containers(), []);
  });
});
