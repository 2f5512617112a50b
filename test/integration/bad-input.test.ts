import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { afterEach, test } from "node:test";
import {
  Cluster,
  ClusterManagerError,
  FunctionNotFoundError,
  HandshakeError,
  LaunchError,
  LocalManager,
  ProtocolError,
  SerializationError,
  type ClusterManager,
} from "#dist/index.js";
import { ECSManager } from "#dist/managers/ecs/index.js";
import { AWSLOGS, ECSEndpoint, WORKER_COMMAND } from "./ecs-endpoint.js";
import { accept, add, bytes, hiddenFunctions, lengthOf, makeFunction } from "./fixtures/work.js";
import { nothingIsLeft } from "./leftovers.js";
import { UnruledManager, WatchedLocalManager, withWrongSecret } from "./local-manager-variants.js";
import { brokenWay, headerOfHugeFrame, stranger } from "./strangers.js";
import { withAWSEnvironment } from "./surroundings.js";

afterEach(nothingIsLeft);

/** The error of a launch that must fail, and leave neither member nor task by the time it is told. */
async function errorOfLaunch(manager: ClusterManager, endpoint?: ECSEndpoint): Promise<Error> {
  await using cluster = new Cluster({ output: "ignore" });
  try {
    await cluster.addProcs(manager);
  } catch (error) {
    assert.deepEqual(cluster.workers(), []);
    assert.deepEqual(endpoint?.alive() ?? [], []);
    assert.ok(error instanceof Error);
    return error;
  }
  return assert.fail("the launch succeeded");
}

function isRefusal(error: Error): asserts error is ClusterManagerError {
  assert.ok(error instanceof ClusterManagerError, `${error.name}: ${error.message}`);
  assert.equal(error.code, "ERR_CLUSTER_MANAGER");
  assert.equal(error.manager, "ecs");
}

function isLaunchFailure(error: Error): asserts error is LaunchError {
  assert.ok(error instanceof LaunchError, `${error.name}: ${error.message}`);
  assert.equal(error.code, "ERR_LAUNCH_FAILED");
  assert.equal(error.joined, 0);
}

test("an unknown task definition is named, with what to check", async () => {
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager({ taskDefinition: "nobody:7" });
  const error = await errorOfLaunch(manager, endpoint);
  isRefusal(error);
  assert.match(
    error.message,
    /no task definition "nobody:7".*check taskDefinition and the region, or register it/,
  );
});

test("a container that the task definition has not is named, with those that it has", async () => {
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager({ containerName: "sidecar" });
  const error = await errorOfLaunch(manager, endpoint);
  isRefusal(error);
  assert.match(
    error.message,
    /worker:1 has no container "sidecar"; its containers are worker: set containerName/,
  );
});

test("an unknown ECS cluster is named, with what to check", async () => {
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager({ ecsCluster: "no-such-cluster" });
  const error = await errorOfLaunch(manager, endpoint);
  isRefusal(error);
  assert.equal(error.serviceCode, "ClusterNotFoundException");
  assert.match(error.message, /no ECS cluster "no-such-cluster".*check ecsCluster and the region/);
});

test("a min above max is refused at once, with both values", () => {
  const workers = { min: 5, max: 2 };
  assert.throws(() => new LocalManager({ workers }), { name: "RangeError", message: /min.*5.*max.*2/ });
  assert.throws(() => new ECSManager({ taskDefinition: "worker", workers }), {
    name: "RangeError",
    message: /min is 5.*max is 2.*swap them, or raise max/,
  });
});

for (const count of [0, -3, 2.5, Number.NaN]) {
  test(`${count} workers are refused at once, with the value`, () => {
    const refusal = { name: "RangeError", message: new RegExp(`workers.*whole number.*${count}`) };
    assert.throws(() => new LocalManager(count), refusal);
    assert.throws(() => new LocalManager({ workers: { min: count, max: 4 } }), refusal);
    assert.throws(() => new ECSManager({ taskDefinition: "worker", workers: count }), refusal);
    assert.throws(
      () => new ECSManager({ taskDefinition: "worker", workers: { min: count, max: 4 } }),
      refusal,
    );
  });
}

test("a command that makes the overrides too long is refused at once, with size, limit and part", () => {
  const command = ["node", "-e", "x".repeat(8_193)];
  assert.throws(() => new ECSManager({ taskDefinition: "worker", workers: 1, command }), {
    name: "RangeError",
    message:
      /come to \d{4,} characters and ECS takes 8192.*command with 8\d{3}.*Put long values into the image/,
  });
});

test("capacity for fewer workers than the minimum fails the launch and stops those that came", async () => {
  await using endpoint = await ECSEndpoint.start({ instances: [{ cpu: 512, memory: 4096 }] });
  await using manager = endpoint.manager({ workers: 3, timeouts: { capacityMs: 0 } });
  const error = await errorOfLaunch(manager, endpoint);
  assert.ok(error instanceof LaunchError);
  assert.equal(error.code, "ERR_LAUNCH_FAILED");
  assert.deepEqual(error.wanted, { min: 3, max: 3 });
  assert.deepEqual(
    error.failures.map(({ count, cause }) => ({ count, cause })),
    [{ count: 1, cause: "RESOURCE:CPU" }],
  );
  assert.match(error.message, /3 were wanted[^]*RESOURCE:CPU[^]*add instances, ask for fewer workers/);
});

test("capacity for the minimum but not for all gives the workers that came and tells of the rest", async () => {
  await using endpoint = await ECSEndpoint.start({ instances: [{ cpu: 512, memory: 4096 }] });
  await using manager = endpoint.manager({ workers: { min: 1, max: 3 }, timeouts: { capacityMs: 0 } });
  {
    await using cluster = new Cluster();
    const { joined, failures, wanted } = await cluster.addProcs(manager);
    assert.equal(joined.length, 2);
    assert.deepEqual(wanted, { min: 1, max: 3 });
    assert.deepEqual(
      failures.map(({ count, cause }) => ({ count, cause })),
      [{ count: 1, cause: "RESOURCE:CPU" }],
    );
    assert.match(failures[0]?.advice ?? "", /add instances, ask for fewer workers/);
    assert.deepEqual(await cluster.pmap(accept, [1, "two"]), ["number", "string"]);
  }
  assert.deepEqual(endpoint.alive(), []);
});

test("a task that exits at once fails the launch with its exit code and last output", async () => {
  await using endpoint = await ECSEndpoint.start({}, AWSLOGS);
  const program = "console.error('cannot open model.bin'); process.exitCode = 3";
  await using manager = endpoint.manager({ command: ["node", "-e", program] });
  const error = await errorOfLaunch(manager, endpoint);
  isLaunchFailure(error);
  assert.equal(error.failures[0]?.exit?.exitCode, 3);
  assert.deepEqual(error.failures[0].exit.output, ["cannot open model.bin"]);
  assert.match(error.message, /exit code 3[^]*cannot open model\.bin/);
});

test("an image that cannot be pulled fails the launch with its name and what to check", async () => {
  await using endpoint = await ECSEndpoint.start(
    { missingImages: ["registry.example/none:1"] },
    { image: "registry.example/none:1" },
  );
  await using manager = endpoint.manager();
  const error = await errorOfLaunch(manager, endpoint);
  isLaunchFailure(error);
  assert.match(error.message, /CannotPullContainerError.*registry\.example\/none:1[^]*check the image/);
});

test("a command that does not exist fails the launch with its name and what to check", async () => {
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager({ command: ["no-such-program"] });
  const error = await errorOfLaunch(manager, endpoint);
  isLaunchFailure(error);
  assert.match(error.message, /no-such-program[^]*check command/);
});

test("a worker that starts but never reports is given up after reportMs, and its task stopped", async () => {
  await using endpoint = await ECSEndpoint.start();
  await using manager = endpoint.manager({
    command: ["node", "-e", "setTimeout(() => {}, 60_000)"],
    timeouts: { reportMs: 300 },
  });
  const error = await errorOfLaunch(manager, endpoint);
  isLaunchFailure(error);
  assert.equal(error.failures[0]?.cause, "never reported");
  assert.match(error.message, /did not report in within 300 ms[^]*security group.*command/);
  assert.deepEqual(error.failures[0].ids, [endpoint.local.tasks()[0]?.taskArn]);
});

test("a worker with the wrong secret is refused, and the launch fails with what it said", async () => {
  await using cluster = new Cluster({ output: "ignore" });
  const refused: Error[] = [];
  cluster.on("refused", ({ error }) => refused.push(error));
  const launch = cluster.addProcs(new WatchedLocalManager({ workers: 1 }, withWrongSecret));
  await assert.rejects(Promise.resolve(launch), (error: Error) => {
    isLaunchFailure(error);
    assert.match(error.message, /code 1[^]*secret/);
    return true;
  });
  assert.ok(
    refused.some((error) => error instanceof HandshakeError && error.code === "ERR_HANDSHAKE_SECRET"),
  );
  assert.deepEqual(cluster.workers(), []);
});

test("a task with the wrong secret is refused, and the launch fails with what it wrote to its log", async () => {
  await using endpoint = await ECSEndpoint.start({}, AWSLOGS);
  const tamper =
    "const [id] = process.env.ROLLCALL_TOKEN.split('.');" +
    "process.env.ROLLCALL_TOKEN = id + '.' + Buffer.alloc(32, 7).toString('base64url');" +
    `import(${JSON.stringify(WORKER_COMMAND[1])})`;
  await using manager = endpoint.manager({ command: ["node", "-e", tamper] });
  const error = await errorOfLaunch(manager, endpoint);
  isLaunchFailure(error);
  assert.match(error.message, /exit code 1[^]*secret/);
});

test("a launch that fails ends also when the platform refuses to stop what has joined", async () => {
  const cluster = new Cluster({ output: "ignore" });
  const failures: string[] = [];
  cluster.on("failed", ({ failure }) => failures.push(failure.message));
  const joined = new Promise<void>((resolve) => {
    cluster.on("joined", () => resolve());
  });
  let started = 0;
  const manager = new UnruledManager(joined, (request) => ({
    ...request,
    // Only the first one knows the secret.
    workerEnvironment: (uses) =>
      (++started === 1 ? request : withWrongSecret(request)).workerEnvironment(uses),
  }));
  await assert.rejects(Promise.resolve(cluster.addProcs(manager)), LaunchError);
  assert.deepEqual(cluster.workers(), []);
  assert.ok(failures.some((message) => message.includes("the platform is out of order")));
  await cluster.close();
});

test("garbage, a huge frame and silence on the rendezvous port do not disturb a launch", async () => {
  const strangers: Promise<void>[] = [];
  const visit = async (address: string): Promise<void> => {
    const [silent, rude, huge] = await Promise.all([stranger(address), stranger(address), stranger(address)]);
    rude.socket.write("GET / HTTP/1.1\r\nHost: rollcall\r\n\r\n");
    huge.socket.write(headerOfHugeFrame());
    // Those that spoke are thrown out at once; who is silent may stay for a while.
    await Promise.all([rude.closed, huge.closed]);
    strangers.push(silent.closed);
  };
  {
    await using cluster = new Cluster();
    const refused: Error[] = [];
    cluster.on("refused", ({ error }) => refused.push(error));
    const manager = new WatchedLocalManager({ workers: 2 }, async (request) => {
      await visit(request.workerEnvironment(1)["ROLLCALL_RENDEZVOUS"] ?? "");
      return request;
    });
    const { joined } = await cluster.addProcs(manager);
    assert.equal(joined.length, 2);
    assert.equal(refused.length, 2);
    for (const error of refused) assert.ok(error instanceof ProtocolError || error instanceof HandshakeError);
    assert.ok(
      refused.some((error) => error instanceof ProtocolError && error.code === "ERR_FRAME_TOO_LARGE"),
    );
  }
  // The silent one is let go of with the cluster.
  await Promise.all(strangers);
});

test("a worker whose first connections to the rendezvous break tries again", async () => {
  let way: Awaited<ReturnType<typeof brokenWay>> | undefined;
  {
    await using cluster = new Cluster();
    const manager = new WatchedLocalManager({ workers: 1 }, async (request) => {
      way = await brokenWay(request.workerEnvironment(1)["ROLLCALL_RENDEZVOUS"] ?? "", 2);
      const { address } = way;
      const workerEnvironment: typeof request.workerEnvironment = (uses) => ({
        ...request.workerEnvironment(uses),
        ROLLCALL_RENDEZVOUS: address,
      });
      return { ...request, workerEnvironment };
    });
    await cluster.addProcs(manager);
    assert.equal(await cluster.remoteCallFetch(add, 2, 1, 1), 2);
  }
  await way?.close();
});

test("silent strangers take no place from workers, however many they are", async () => {
  const strangers: Promise<void>[] = [];
  {
    await using cluster = new Cluster();
    const manager = new WatchedLocalManager({ workers: 1 }, async (request) => {
      const address = request.workerEnvironment(1)["ROLLCALL_RENDEZVOUS"] ?? "";
      for (let count = 0; count < 1_100; count++) strangers.push((await stranger(address)).closed);
      return request;
    });
    const { joined } = await cluster.addProcs(manager);
    assert.equal(joined.length, 1);
    assert.equal(await cluster.remoteCallFetch(add, 2, 1, 1), 2);
  }
  await Promise.all(strangers);
});

test("a function that can travel neither by name nor by value is named before anything is sent, with what to do", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(1));
  const { bound, closure } = hiddenFunctions();
  const refusal = (message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof FunctionNotFoundError);
    assert.equal(error.code, "ERR_FUNCTION_NOT_FOUND");
    assert.match(error.message, message);
    assert.match(error.message, /use a function that calls it/);
    return true;
  };
  const asItself = /^function bound notExported is a bound, native or proxied function/;
  const asCaptured = /^captured variable "bound" of function closure \(.*work\.js:\d+\) is a bound/;
  await assert.rejects(cluster.remoteCallFetch(bound, 2, 1), refusal(asItself));
  await assert.rejects(cluster.remoteCall(bound, 2, 1), refusal(asItself));
  await assert.rejects(cluster.remoteDo(closure, 2, 1), refusal(asCaptured));
  await assert.rejects(cluster.pmap(closure, [1, 2]), refusal(asCaptured));
  assert.equal(await cluster.remoteCallFetch(add, 2, 1, 1), 2);
});

test("an argument or a result that cannot be encoded is named by its place, and only its call fails", async () => {
  await using cluster = new Cluster();
  await cluster.addProcs(new LocalManager(1));
  const cannotTravel = (path: RegExp) => (error: unknown) => {
    assert.ok(error instanceof SerializationError);
    assert.equal(error.code, "ERR_SERIALIZE");
    assert.match(error.message, path);
    return true;
  };
  const good = cluster.remoteCallFetch(accept, 2, "fine");
  const value = { options: { onDone: (): void => {} } };
  const place = cannotTravel(/args\[0\]\.options\.onDone.*function/);
  await assert.rejects(cluster.remoteCallFetch(accept, 2, value), place);
  await assert.rejects(cluster.remoteCall(accept, 2, value), place);
  await assert.rejects(cluster.remoteDo(accept, 2, value), place);
  await assert.rejects(cluster.pmap(accept, [1, value]), place);
  await assert.rejects(
    cluster.remoteCallFetch(makeFunction, 2),
    cannotTravel(/on worker 2: result is a function/),
  );
  assert.equal(await good, "string");
  assert.equal(await cluster.remoteCallFetch(accept, 2, "fine"), "string");
});

test("a message above maxMessageBytes is refused with its size and the limit, and only its call fails", async () => {
  await using cluster = new Cluster({ maxMessageBytes: 100_000 });
  await cluster.addProcs(new LocalManager(1));
  const tooLarge = (error: unknown): boolean => {
    assert.ok(error instanceof SerializationError);
    assert.equal(error.code, "ERR_MESSAGE_TOO_LARGE");
    assert.match(error.message, /200\d{3} bytes.*limit is 100000.*maxMessageBytes/);
    return true;
  };
  await assert.rejects(cluster.remoteCallFetch(lengthOf, 2, new Uint8Array(200_000)), tooLarge);
  await assert.rejects(cluster.remoteCallFetch(bytes, 2, 200_000), tooLarge);
  await assert.rejects(cluster.pmap(lengthOf, [new Uint8Array(200_000)]), tooLarge);
  assert.equal(await cluster.remoteCallFetch(lengthOf, 2, new Uint8Array(90_000)), 90_000);
});

test("without credentials the error says so, and where they can come from", async () => {
  await using endpoint = await ECSEndpoint.start();
  await withAWSEnvironment({ AWS_REGION: "us-east-1" }, async () => {
    await using manager = new ECSManager({
      endpoint: endpoint.local.endpoint,
      taskDefinition: "worker",
      workers: 1,
    });
    const error = await errorOfLaunch(manager, endpoint);
    isRefusal(error);
    assert.match(error.message, /no usable AWS credentials.*AWS_PROFILE.*AWS_ACCESS_KEY_ID/);
  });
});

test("without a region the error says so, and how to set it", async () => {
  const credentials = { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
  await withAWSEnvironment(credentials, async () => {
    await using manager = new ECSManager({ taskDefinition: "worker", workers: 1 });
    const error = await errorOfLaunch(manager);
    isRefusal(error);
    assert.match(error.message, /no AWS region is set.*AWS_REGION.*option region/);
  });
});

test("an endpoint that cannot be reached is named, with what to check", async () => {
  const endpoint = `http://127.0.0.1:${await closedPort()}`;
  const settings = { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local", AWS_REGION: "us-east-1" };
  await withAWSEnvironment(settings, async () => {
    await using manager = new ECSManager({ endpoint, taskDefinition: "worker", workers: 1 });
    const error = await errorOfLaunch(manager);
    isRefusal(error);
    assert.equal(error.serviceCode, "ECONNREFUSED");
    assert.ok(error.message.includes(endpoint));
    assert.match(error.message, /cannot be reached.*check region and endpoint/);
  });
});

/** A port that was free a moment ago, and has nobody listening. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
