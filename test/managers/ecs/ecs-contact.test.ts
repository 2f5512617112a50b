import assert from "node:assert/strict";
import { once } from "node:events";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { startLocalECS } from "#dist/local-ecs/index.js";

const run = promisify(execFile);
const dist = fileURLToPath(new URL("../../../../dist/", import.meta.url));

/** No shared configuration and no metadata service: what the SDK finds is what a test gives it. */
const bare = {
  PATH: process.env["PATH"] ?? "",
  HOME: "/nonexistent",
  AWS_CONFIG_FILE: "/nonexistent",
  AWS_SHARED_CREDENTIALS_FILE: "/nonexistent",
  AWS_EC2_METADATA_DISABLED: "true",
  NODE_NO_WARNINGS: "1",
};
const keys = { AWS_ACCESS_KEY_ID: "AKIAEXAMPLEEXAMPLE", AWS_SECRET_ACCESS_KEY: "very-secret-key" };

/** What a program with such an environment is told when it launches. */
async function messageOf(
  options: object,
  environment: Readonly<Record<string, string>>,
  from = dist,
): Promise<string> {
  const program = `
    const { ECSManager } = await import(${JSON.stringify(pathToFileURL(join(from, "managers/ecs/index.js")).href)});
    const manager = new ECSManager(${JSON.stringify({ taskDefinition: "worker", workers: 1, ...options })});
    await manager.rendezvousAddress(new AbortController().signal).then(
      (address) => console.log("address", JSON.stringify(address)),
      (error) => console.log(error.name, error.message),
    );
    await manager.close();`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...bare, ...environment },
    timeout: 30_000,
  });
  return stdout.trim();
}

/** Accepts requests and never answers. */
async function silentServer(): Promise<{ readonly port: number } & AsyncDisposable> {
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

void test("no credentials: the error names the ways to give them", async () => {
  const message = await messageOf({ endpoint: "http://127.0.0.1:9", region: "eu-central-1" }, {});
  assert.match(message, /^ClusterManagerError .*no usable AWS credentials.*AWS_PROFILE/);
});

void test("no region: the error names the ways to give one", async () => {
  const message = await messageOf({}, keys);
  assert.match(message, /^ClusterManagerError .*no AWS region is set; set AWS_REGION/);
});

void test("an endpoint that refuses connections is named, and no secret is", async () => {
  const message = await messageOf({ endpoint: "http://127.0.0.1:9", region: "eu-central-1" }, keys);
  assert.match(message, /^ClusterManagerError .*http:\/\/127\.0\.0\.1:9 cannot be reached .*ECONNREFUSED/);
  assert.doesNotMatch(message, /very-secret-key|AKIA/);
});

void test("an endpoint whose name does not resolve is named", async () => {
  const message = await messageOf({ endpoint: "http://ecs.invalid", region: "eu-central-1" }, keys);
  assert.match(message, /^ClusterManagerError .*http:\/\/ecs\.invalid cannot be reached/);
});

void test("an endpoint that accepts and says nothing is given up within its limit", async () => {
  await using server = await silentServer();
  const message = await messageOf(
    { endpoint: `http://127.0.0.1:${server.port}`, region: "eu-central-1" },
    keys,
  );
  assert.match(message, /^ClusterManagerError .*does not answer .*no answer within/);
});

void test("a metadata service that says nothing does not hold a launch up", async () => {
  await using server = await silentServer();
  const message = await messageOf(
    { region: "eu-central-1", endpoint: "http://127.0.0.1:9" },
    {
      AWS_EC2_METADATA_DISABLED: "false",
      AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${server.port}`,
    },
  );
  assert.match(message, /^ClusterManagerError .*(no usable AWS credentials|does not answer)/);
});

void test("an endpoint from the environment of the SDK is used, and known to be on loopback", async () => {
  await using local = await startLocalECS();
  const message = await messageOf(
    {},
    { ...keys, AWS_ENDPOINT_URL_ECS: local.endpoint, AWS_REGION: "us-east-1" },
  );
  assert.match(message, /^ClusterManagerError .*there is no task definition "worker"/);
});

void test("without the SDK's package the error holds the command that installs it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-"));
  try {
    await cp(dist, folder, { recursive: true });
    await writeFile(join(folder, "package.json"), `{ "type": "module" }`);
    const message = await messageOf({ region: "eu-central-1" }, keys, folder);
    assert.match(message, /^ClusterManagerError .*npm install @aws-sdk\/client-ecs$/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
