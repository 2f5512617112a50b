import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readInstanceAddress } from "#dist/worker/instance-address.js";
import { readTaskMetadata } from "#dist/worker/task-metadata.js";

interface Service {
  readonly url: string;
  /** `METHOD path`, in the order in which they came. */
  readonly requests: string[];
}

/** A service on loopback; a handler that does nothing leaves its request without an answer. */
async function serve(
  context: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse, nth: number) => void,
): Promise<Service> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response, requests.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

const TOKEN = "PUT /latest/api/token";
const ADDRESS = "GET /latest/meta-data/local-ipv4";

void test("the instance's address is asked with a token", async (context) => {
  const { url, requests } = await serve(context, (request, response) => {
    const isAsked = request.method === "PUT";
    const isAllowed = isAsked || request.headers["x-aws-ec2-metadata-token"] === "the token";
    response.statusCode = isAllowed ? 200 : 401;
    response.end(isAsked ? "the token" : "10.0.1.5");
  });
  assert.equal(await readInstanceAddress({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url }), "10.0.1.5");
  assert.deepEqual(requests, [TOKEN, ADDRESS]);
});

void test("where tokens are not known it is asked without one", async (context) => {
  const { url, requests } = await serve(context, (request, response) => {
    response.statusCode = request.method === "PUT" ? 404 : 200;
    response.end("10.0.1.5\n");
  });
  assert.equal(await readInstanceAddress({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url }), "10.0.1.5");
  assert.deepEqual(requests, [TOKEN, ADDRESS]);
});

void test("a service that refuses tokens is not asked without one", async (context) => {
  const { url, requests } = await serve(context, (_, response) => {
    response.statusCode = 403;
    response.end();
  });
  assert.equal(await readInstanceAddress({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url }), undefined);
  assert.deepEqual(requests, [TOKEN]);
});

void test("a service that never answers is not waited for long", async (context) => {
  const { url, requests } = await serve(context, () => {});
  assert.equal(await readInstanceAddress({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url }), undefined);
  assert.deepEqual(requests, [TOKEN]);
});

void test("it is not asked on Fargate, or where it is switched off", async (context) => {
  const { url, requests } = await serve(context, (_, response) => response.end("10.0.1.5"));
  const env = { AWS_EC2_METADATA_SERVICE_ENDPOINT: url };
  assert.equal(await readInstanceAddress({ ...env, AWS_EXECUTION_ENV: "AWS_ECS_FARGATE" }), undefined);
  assert.equal(await readInstanceAddress({ ...env, AWS_EC2_METADATA_DISABLED: "TRUE" }), undefined);
  assert.deepEqual(requests, []);
});

const TASK = "arn:aws:ecs:us-east-1:123456789012:task/default/0123";

function container(networkMode: string, ports: object[] = []): string {
  return JSON.stringify({
    Labels: { "com.amazonaws.ecs.task-arn": TASK },
    Networks: [{ NetworkMode: networkMode, IPv4Addresses: [] }],
    Ports: ports,
  });
}

const sources = { uri: undefined, file: undefined, networkMode: undefined };

void test("outside of ECS there are no task metadata", async () => {
  assert.equal(await readTaskMetadata(sources), undefined);
});

void test("task metadata take one request, and a busy agent is asked again", async (context) => {
  const { url, requests } = await serve(context, (_, response, nth) => {
    response.statusCode = nth === 1 ? 429 : 200;
    response.end(container("host"));
  });
  assert.equal((await readTaskMetadata({ ...sources, uri: `${url}/v4/1` }))?.taskArn, TASK);
  assert.deepEqual(requests, ["GET /v4/1", "GET /v4/1"]);
});

void test("in bridge mode they are asked for until the ports are mapped", async (context) => {
  const { url, requests } = await serve(context, (_, response, nth) =>
    response.end(container("bridge", [{ ContainerPort: 80, ...(nth < 3 ? {} : { HostPort: 32_768 }) }])),
  );
  const metadata = await readTaskMetadata({ ...sources, uri: url });
  assert.deepEqual(metadata?.ports, [{ containerPort: 80, hostPort: 32_768 }]);
  assert.equal(requests.length, 3);
});

void test("in bridge mode the metadata file, once it is complete, makes the endpoint needless", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-metadata-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "ecs-container-metadata.json");
  writeFileSync(file, JSON.stringify({ TaskARN: TASK, MetadataFileStatus: "INITIAL" }));
  const complete = {
    TaskARN: TASK,
    PortMappings: [{ ContainerPort: 80, HostPort: 49_153, Protocol: "tcp" }],
    HostPrivateIPv4Address: "10.0.1.5",
    MetadataFileStatus: "READY",
  };
  const { url, requests } = await serve(context, (_, response) => {
    writeFileSync(file, JSON.stringify(complete));
    response.end(container("bridge"));
  });
  const metadata = await readTaskMetadata({ uri: url, file, networkMode: "bridge" });
  assert.equal(metadata?.instanceAddress, "10.0.1.5");
  assert.deepEqual(metadata?.ports, [{ containerPort: 80, hostPort: 49_153 }]);
  assert.equal(requests.length, 1);
});
