import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { test } from "node:test";
import { ECSClient, type RunTaskCommandInput } from "@aws-sdk/client-ecs";
import { ClusterManagerError } from "#dist/errors.js";
import type { ECSManagerOptions } from "#dist/managers/ecs/index.js";
import { ECSServiceClient } from "#dist/managers/ecs/ecs-client.js";
import { withLeftOut } from "#dist/managers/ecs/ecs-request-body.js";
import { runTaskInput, taskOverride } from "#dist/managers/ecs/ecs-request.js";
import { ecsSettings } from "#dist/managers/ecs/ecs-settings.js";

interface Arrived {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Keeps the requests that arrive and answers each as RunTask does for no task; ends, with its client, with the test. */
class Listener implements AsyncDisposable {
  readonly arrived: Arrived[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      this.arrived.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.setHeader("content-type", "application/x-amz-json-1.1");
      response.end('{"tasks":[],"failures":[]}');
    });
  });
  #client: ECSClient | undefined;

  static async start(): Promise<Listener> {
    const listener = new Listener();
    listener.#server.listen(0, "127.0.0.1");
    await once(listener.#server, "listening");
    return listener;
  }

  get client(): ECSClient {
    const address = this.#server.address();
    assert.ok(typeof address === "object" && address !== null);
    return (this.#client ??= new ECSClient({
      endpoint: `http://127.0.0.1:${address.port}`,
      region: "eu-central-1",
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
      maxAttempts: 1,
    }));
  }

  /** Makes the RunTask call of an `ECSManager` with these options. */
  async run(options: Partial<ECSManagerOptions>): Promise<RunTaskCommandInput> {
    const settings = ecsSettings({ taskDefinition: "worker", workers: 1, client: this.client, ...options });
    const input = runTaskInput(settings, {
      taskDefinitionArn: "arn:worker:1",
      launchId: "l1",
      batch: 0,
      attempt: 0,
      count: 1,
      override: taskOverride(settings, "w", {}),
      placementConstraints: settings.runTask.placementConstraints ?? [],
    });
    await new ECSServiceClient(settings).runTask(input, new AbortController().signal);
    return input;
  }

  /** The one request that has arrived. */
  get only(): Arrived {
    const [first, ...others] = this.arrived;
    assert.ok(first !== undefined && others.length === 0);
    return first;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

const json = ({ body }: Arrived): unknown => JSON.parse(body.toString());

/** What is set of the input, as JSON. */
const written = (input: RunTaskCommandInput): unknown => JSON.parse(JSON.stringify(input));

void test("members of runTask that the SDK does not know reach ECS, beside those that it knows", async () => {
  await using listener = await Listener.start();
  const novel = { text: "größer", deep: [{ flag: true, nothing: null }, 1.5] };
  const input = await listener.run({
    runTask: { novel, referenceId: "job-7", leftOut: undefined },
    tags: { team: "blue" },
    enableExecuteCommand: true,
  });
  assert.deepEqual(json(listener.only), written(input));
  assert.deepEqual((json(listener.only) as { novel: unknown }).novel, novel);
});

void test("a request with such members has the length and the signature of what is sent", async () => {
  await using listener = await Listener.start();
  await listener.run({ runTask: { novel: "größer" } });
  const { headers, body } = listener.only;
  assert.ok(body.includes('"novel":"größer"'));
  assert.equal(headers["content-length"], `${body.length}`);
  assert.equal(headers["x-amz-content-sha256"], createHash("sha256").update(body).digest("hex"));
  assert.match(
    headers.authorization ?? "",
    /^AWS4-HMAC-SHA256 .*SignedHeaders=[^,]*content-length;[^,]*x-amz-content-sha256;.*Signature=[0-9a-f]{64}$/,
  );
});

void test("members that the SDK does not know reach ECS from within options that are passed on as they are", async () => {
  await using listener = await Listener.start();
  const novel = { novel: "new" };
  const input = await listener.run({
    placementConstraints: [{ type: "distinctInstance" }, { type: "memberOf", expression: "x", ...novel }],
    placementStrategy: [{ type: "random", ...novel }],
    volumeConfigurations: [
      { name: "scratch", managedEBSVolume: { roleArn: "arn:role", sizeInGiB: 50, ...novel } },
    ],
    overrides: {
      container: { resourceRequirements: [{ type: "GPU", value: "1", ...novel }] },
      otherContainers: { proxy: { environmentFiles: [{ type: "s3", value: "arn:file", ...novel }] } },
    },
  });
  assert.deepEqual(json(listener.only), written(input));
  assert.equal(listener.only.body.toString().split('"novel":"new"').length - 1, 5);
});

void test("a request of which the SDK knows all is sent as the SDK wrote it", async () => {
  await using listener = await Listener.start();
  let asWritten: unknown;
  listener.client.middlewareStack.add(
    (next) => (sent) => {
      asWritten = (sent.request as { body: unknown }).body;
      return next(sent);
    },
    { step: "serialize", priority: "low" },
  );
  let asSent: unknown;
  listener.client.middlewareStack.add(
    (next) => (sent) => {
      asSent = (sent.request as { body: unknown }).body;
      return next(sent);
    },
    { step: "finalizeRequest", priority: "low" },
  );
  await listener.run({ runTask: { referenceId: "job-7" }, tags: { team: "blue" } });
  assert.equal(asSent, asWritten);
});

/** A client whose requests have such a body, as one that writes another format than JSON would make them. */
function writeInstead(client: ECSClient, body: unknown): void {
  client.middlewareStack.add(
    (next) => (sent) => {
      const request = sent.request as { body: unknown; headers: Record<string, string> };
      request.body = body;
      request.headers["content-type"] = "application/cbor";
      return next(sent);
    },
    { step: "serialize", priority: "low" },
  );
}

for (const [form, body] of [
  ["CBOR", Uint8Array.of(0xbf, 0xff)],
  ["a JSON list", "[]"],
  ["no body", undefined],
] as const) {
  void test(`members of runTask that cannot be added to a request with ${form} are named, and nothing is sent`, async () => {
    await using listener = await Listener.start();
    writeInstead(listener.client, body);
    await assert.rejects(listener.run({ runTask: { novel: 1, other: 2 } }), (error) => {
      assert.ok(error instanceof ClusterManagerError);
      assert.match(error.message, /runTask: novel, other .*application\/cbor.*leave them out/);
      return true;
    });
    assert.deepEqual(listener.arrived, []);
  });
}

void test("a request in another form than JSON goes as it is if runTask is not set", async () => {
  await using listener = await Listener.start();
  const body = Uint8Array.of(0xbf, 0xff);
  writeInstead(listener.client, body);
  await listener.run({});
  assert.deepEqual(listener.only.body, Buffer.from(body));
});

const leftOutCases: readonly [what: string, sent: unknown, given: unknown, result: unknown][] = [
  ["what was written otherwise stays as it was written", { a: 1 }, { a: "1" }, { a: 1 }],
  ["what was added stays", { a: 1, token: "t" }, { a: 1 }, { a: 1, token: "t" }],
  ["what is not set is not added", {}, { a: undefined, b: null }, {}],
  ["a member within a list is added", { a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }] }, { a: [{ b: 1, c: 2 }] }],
  [
    "gaps in a list are left out before its members are compared",
    { a: [{ b: 1 }] },
    { a: [null, { b: 1, c: 2 }] },
    { a: [{ b: 1, c: 2 }] },
  ],
  ["a list of another length stays", { a: [{}, {}] }, { a: [{ c: 2 }] }, { a: [{}, {}] }],
];
for (const [what, sent, given, result] of leftOutCases) {
  void test(`completing a request: ${what}`, () => {
    assert.deepEqual(withLeftOut(sent, given), result);
  });
}
