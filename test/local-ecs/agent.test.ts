/** What tasks and the programs beside them learn from the ECS agent: metadata files, introspection, a socket of its own. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type TestContext } from "node:test";
import { IDLE, isRunning, isStopped, nextLine, script, startEndpoint } from "./harness.js";

/** Prints its metadata file as it finds it first, and when it is READY. */
const READER = script(`
  import { readFileSync } from "node:fs";
  const path = process.env.ECS_CONTAINER_METADATA_FILE;
  const read = () => JSON.parse(readFileSync(path, "utf8"));
  const first = read();
  while (read().MetadataFileStatus !== "READY") await new Promise((resolve) => setTimeout(resolve, 5));
  console.log(JSON.stringify({ path, first, ready: read() }));`);

void test("the metadata file names the task at once, and says READY when it is complete", async (t) => {
  const instances = [{ privateIpv4Address: "10.0.0.7" }];
  const { ecs, register, runOne } = await startEndpoint(t, { instances, containerMetadataFiles: true });
  const definition = await register({ ...READER, portMappings: [{ containerPort: 8080 }] });
  const line = nextLine(ecs, (text) => text.startsWith("{"));
  const { taskArn, containerInstanceArn } = await runOne(definition);
  const { path, first, ready } = JSON.parse(await line) as {
    path: string;
    first: Record<string, unknown>;
    ready: Record<string, unknown>;
  };
  assert.equal(first["TaskARN"], taskArn);
  assert.deepEqual(
    [
      ready["Cluster"],
      ready["ContainerInstanceARN"],
      ready["ContainerName"],
      ready["HostPrivateIPv4Address"],
    ],
    ["default", containerInstanceArn, "main", "10.0.0.7"],
  );
  assert.deepEqual(ready["PortMappings"], [
    { ContainerPort: 8080, HostPort: 8080, BindIp: "0.0.0.0", Protocol: "tcp" },
  ]);
  assert.deepEqual(ready["Networks"], [{ NetworkMode: "host", IPv4Addresses: [""] }]);
  await ecs.waitForTask(taskArn, isStopped);
  assert.equal(existsSync(path), false);
  await ecs.close();
  assert.equal(existsSync(dirname(dirname(path))), false);
});

void test("the agent tells of its instance and of the tasks there, and of no others", async (t) => {
  const { ecs, register, runOne } = await startEndpoint(t, { instances: 2 });
  const definition = await register(IDLE);
  const { taskArn } = await runOne(definition);
  await ecs.waitForTask(taskArn, isRunning);
  const [first, second] = ecs.instances.map(({ agentEndpoint }) => agentEndpoint);
  const read = async (url: string): Promise<unknown> => (await fetch(url)).json();
  assert.deepEqual(await read(`${first}/v1/metadata`), {
    Cluster: "default",
    ContainerInstanceArn: ecs.instances[0]?.arn,
    Version: "Amazon ECS Agent - v1.105.1 (local)",
  });
  const { Tasks } = (await read(`${first}/v1/tasks`)) as { Tasks: { Arn: string; KnownStatus: string }[] };
  assert.deepEqual([Tasks.length, Tasks[0]?.Arn, Tasks[0]?.KnownStatus], [1, taskArn, "RUNNING"]);
  assert.deepEqual(await read(`${first}/v1/tasks?taskarn=${taskArn}`), Tasks[0]);
  assert.deepEqual(await read(`${second}/v1/tasks`), { Tasks: [] });
  assert.equal((await fetch(`${second}/v1/tasks?taskarn=${taskArn}`)).status, 404);
});

void test("at a socket of its own an agent serves its introspection and the metadata of tasks", async (t) => {
  const socketPath = join(temporaryFolder(t), "agent.sock");
  const agent = { socketPath, metadataOrigin: "http://169.254.170.2" };
  const { ecs, register, runOne } = await startEndpoint(t, { instances: [{ agent }] });
  const source = `console.log("at " + process.env.ECS_CONTAINER_METADATA_URI_V4); setInterval(() => {}, 1000);`;
  const line = nextLine(ecs, (text) => text.startsWith("at "));
  const { taskArn } = await runOne(await register(script(source)));
  const { origin, pathname } = new URL((await line).slice(3));
  assert.equal(origin, "http://169.254.170.2");
  const task = JSON.parse(await get(socketPath, `${pathname}/task`)) as { TaskARN: string };
  assert.equal(task.TaskARN, taskArn);
  const { Cluster } = JSON.parse(await get(socketPath, "/v1/metadata")) as { Cluster: string };
  assert.equal(Cluster, "default");
});

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (text += piece));
      response.on("end", () => resolve(text));
    });
    asking.on("error", reject).end();
  });
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-agent-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
