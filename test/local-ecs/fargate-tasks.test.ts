/** Tasks that run on Fargate, as processes. */
import {
  DescribeTasksCommand,
  PutClusterCapacityProvidersCommand,
  type RegisterTaskDefinitionCommandInput,
  type RunTaskCommandInput,
} from "@aws-sdk/client-ecs";
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { LocalECSOptions } from "#dist/local-ecs/index.js";
import { IDLE, isRunning, isStopped, nextLine, script, startEndpoint, type TestEndpoint } from "./harness.js";

const skip = process.platform === "linux" ? false : "only Linux has loopback addresses enough";

const FARGATE: Partial<RegisterTaskDefinitionCommandInput> = {
  networkMode: "awsvpc",
  requiresCompatibilities: ["FARGATE"],
  cpu: "512",
  memory: "1024",
};
const SUBNETS = { networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"] } } };
const ON_FARGATE: Partial<RunTaskCommandInput> = { ...SUBNETS, launchType: "FARGATE" };
const ON_SPOT: Partial<RunTaskCommandInput> = {
  ...SUBNETS,
  capacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }],
};

/** An endpoint without instances, of which the cluster has the capacity providers of Fargate. */
async function start(t: TestContext, options: LocalECSOptions = {}): Promise<TestEndpoint> {
  const endpoint = await startEndpoint(t, { instances: 0, ...options });
  await endpoint.client.send(
    new PutClusterCapacityProvidersCommand({
      cluster: "default",
      capacityProviders: ["FARGATE", "FARGATE_SPOT"],
      defaultCapacityProviderStrategy: [],
    }),
  );
  return endpoint;
}

/** Serves what it finds of itself, at the address that its metadata give it. */
const SERVER = script(`
  const read = async (path) => (await fetch(process.env.ECS_CONTAINER_METADATA_URI_V4 + path)).json();
  const found = { env: process.env, container: await read(""), task: await read("/taskWithTags") };
  const [host] = found.container.Networks[0].IPv4Addresses;
  const { createServer } = await import("node:http");
  const server = createServer((request, response) => response.end(JSON.stringify(found)));
  server.listen({ host, port: 0 }, () => console.log("port " + server.address().port));`);

void test(
  "a task is reached at an address of its own, and its metadata are those of Fargate",
  { skip },
  async (t) => {
    const { ecs, client, register, runOne } = await start(t, { containerMetadataFiles: true });
    const definition = await register(SERVER, FARGATE);
    const listening = nextLine(ecs, (line) => line.startsWith("port "));
    const { taskArn } = await runOne(definition, ON_FARGATE);
    const port = (await listening).slice("port ".length);
    await ecs.waitForTask(taskArn, isRunning);
    const { tasks } = await client.send(new DescribeTasksCommand({ tasks: [taskArn] }));
    const [described] = tasks ?? [];
    const address = described?.containers?.[0]?.networkInterfaces?.[0]?.privateIpv4Address ?? "";
    assert.match(address, /^127\.(?!0\.)/);
    const details = new Map(described?.attachments?.[0]?.details?.map(({ name, value }) => [name, value]));
    assert.equal(details.get("privateIPv4Address"), address);
    assert.equal(described?.containerInstanceArn, undefined);
    assert.deepEqual([described?.launchType, described?.connectivity], ["FARGATE", "CONNECTED"]);

    const answer = await fetch(`http://${address}:${port}`);
    const { env, container, task } = (await answer.json()) as Record<
      "env" | "container" | "task",
      Record<string, unknown>
    >;
    assert.equal(env["AWS_EXECUTION_ENV"], "AWS_ECS_FARGATE");
    assert.equal(env["ECS_CONTAINER_METADATA_FILE"], undefined);
    const cluster = "arn:aws:ecs:us-east-1:000000000000:cluster/default";
    assert.equal((container["Labels"] as Record<string, string>)["com.amazonaws.ecs.cluster"], cluster);
    assert.deepEqual([task["Cluster"], task["LaunchType"]], [cluster, "FARGATE"]);
    assert.deepEqual(task["EphemeralStorageMetrics"], { Utilized: 0, Reserved: 20 * 1024 });
    assert.ok(task["ClockDrift"] !== undefined && !("ContainerInstanceTags" in task));
  },
);

void test("two tasks can listen on the same port of their own addresses", { skip }, async (t) => {
  const { ecs, register, runOne } = await start(t);
  const definition = await register(
    script(`
      const answer = await fetch(process.env.ECS_CONTAINER_METADATA_URI_V4);
      const [host] = (await answer.json()).Networks[0].IPv4Addresses;
      const server = (await import("node:net")).createServer();
      server.listen({ host, port: Number(process.env.PORT) }, () => {
        console.log("listens at " + host + " " + server.address().port);
      });`),
    FARGATE,
  );
  const listenAt = async (port: string): Promise<string[]> => {
    const said = nextLine(ecs, (line) => line.startsWith("listens at "));
    const environment = [{ name: "PORT", value: port }];
    const overrides = { containerOverrides: [{ name: "main", environment }] };
    await runOne(definition, { ...ON_FARGATE, overrides });
    return (await said).split(" ").slice(2);
  };
  const [firstAddress, port = ""] = await listenAt("0");
  const [secondAddress, samePort] = await listenAt(port);
  assert.notEqual(secondAddress, firstAddress);
  assert.equal(samePort, port);
});

void test(
  "Spot takes a task back: it gets its stop signal, and may end what it does",
  { skip },
  async (t) => {
    const { ecs, client, register, runOne } = await start(t);
    const definition = await register(
      script(`process.on("SIGTERM", () => { console.log("finishing"); process.exit(7); });
      setInterval(() => {}, 1000); console.log("ready");`),
      FARGATE,
    );
    const ready = nextLine(ecs, (line) => line === "ready");
    const { taskArn, capacityProviderName, launchType } = await runOne(definition, ON_SPOT);
    assert.deepEqual([capacityProviderName, launchType], ["FARGATE_SPOT", "FARGATE"]);
    await ready;
    const finishing = nextLine(ecs, (line) => line === "finishing");
    ecs.interruptSpot(taskArn);
    await finishing;
    await ecs.waitForTask(taskArn, isStopped);
    const { tasks } = await client.send(new DescribeTasksCommand({ tasks: [taskArn] }));
    const { stopCode, stoppedReason, containers } = tasks?.[0] ?? {};
    assert.deepEqual(
      [stopCode, stoppedReason, containers?.[0]?.exitCode],
      ["SpotInterruption", "Your Spot Task was interrupted.", 7],
    );
  },
);

void test("Spot takes back what it has given only", { skip }, async (t) => {
  const { ecs, register, runOne } = await start(t);
  const { taskArn } = await runOne(await register(IDLE, FARGATE), ON_FARGATE);
  assert.throws(() => ecs.interruptSpot(taskArn), /RangeError: .* has no capacity provider FARGATE_SPOT/);
  assert.throws(() => ecs.interruptSpot("none"), /RangeError: there is no task none/);
});
