import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import type { LaunchError } from "#dist/errors.js";
import { Cluster, type PortRange } from "#dist/index.js";
import { tcpTransport } from "#dist/transport/tcp.js";
import type { Listener } from "#dist/transport/transport.js";
import { AWSLOGS, ECSEndpoint } from "./ecs-endpoint.js";
import { freePorts } from "../fixtures/free-ports.js";

const hasIPv6 = (networkInterfaces()["lo"] ?? []).some(({ address }) => address === "::1");

function square(value: number): number {
  return value * value;
}

const items = Array.from({ length: 30 }, (_, index) => index);

void test(
  "over IPv6 workers report in, are dialled and work",
  {
    skip: hasIPv6 ? false : "this machine has no ::1",
  },
  async () => {
    await using endpoint = await ECSEndpoint.start();
    await using cluster = new Cluster();
    const { joined } = await cluster.addProcs(
      endpoint.manager({ workers: 2, rendezvous: { host: "[::1]" } }),
    );
    for (const { host, reachedBy, report } of joined) {
      assert.deepEqual([host, reachedBy], ["::1", "dial"]);
      assert.deepEqual(report.hosts, ["::1"]);
    }
    assert.deepEqual(await cluster.pmap(square, items), items.map(square));
  },
);

void test("in reverse mode workers are processes without an open port", async () => {
  await using endpoint = await ECSEndpoint.start();
  await using cluster = new Cluster();
  const { joined } = await cluster.addProcs(endpoint.manager({ workers: 3, network: { mode: "reverse" } }));
  for (const { reachedBy, report } of joined) {
    assert.equal(reachedBy, "reverse");
    assert.equal(report.port, 0);
  }
  assert.deepEqual(await cluster.pmap(square, items), items.map(square));
  const big = new Uint8Array(5_000_000).fill(7);
  const length = await cluster.remoteCallFetch((bytes: Uint8Array) => bytes.length, 2, big);
  assert.equal(length, big.length);
});

void test("manager and workers keep to their ranges of ports", async () => {
  const [rendezvous, ports] = [await freePorts(2), await freePorts(3)];
  await using endpoint = await ECSEndpoint.start();
  await using cluster = new Cluster();
  const manager = endpoint.manager({ workers: 3, rendezvous: { port: rendezvous }, network: { ports } });
  const { joined } = await cluster.addProcs(manager);
  assert.deepEqual(
    joined.map(({ port }) => port - ports.from).toSorted((a, b) => a - b),
    [0, 1, 2],
  );
});

void test("a worker that finds no port of its range free says so, and the launch passes it on", async () => {
  const ports = await freePorts(2);
  await using endpoint = await ECSEndpoint.start({}, AWSLOGS);
  await using taken = new Taken(await listenOnAll(ports));
  assert.equal(taken.count, 2);
  await using cluster = new Cluster();
  await assert.rejects(
    async () => cluster.addProcs(endpoint.manager({ network: { ports } })),
    (error: LaunchError) => {
      const { exit } = error.failures[0]!;
      assert.equal(exit?.exitCode, 1);
      assert.match(
        exit.output?.join("\n") ?? "",
        new RegExp(
          `leaving \\(cannot-listen\\): every port of ${ports.from}-${ports.to} is taken on 127.0.0.1`,
        ),
      );
      return true;
    },
  );
});

void test("a rendezvous without a free port fails the launch before a task is started", async () => {
  const port = await freePorts(1);
  await using endpoint = await ECSEndpoint.start();
  await using taken = new Taken(await listenOnAll(port));
  assert.equal(taken.count, 1);
  await using cluster = new Cluster();
  await assert.rejects(
    async () => cluster.addProcs(endpoint.manager({ rendezvous: { port: port.from } })),
    new RegExp(`the port ${port.from} of 127.0.0.1 is taken by another program`),
  );
  assert.deepEqual(endpoint.local.tasks(), []);
});

void test("network mode bridge without a port mapping is refused before a task is started", async () => {
  await using endpoint = await ECSEndpoint.start();
  await endpoint.client.send(
    new RegisterTaskDefinitionCommand({
      family: "worker",
      containerDefinitions: [{ name: "worker", image: "node", cpu: 256, memory: 128 }],
    }),
  );
  await using cluster = new Cluster();
  await assert.rejects(
    async () => cluster.addProcs(endpoint.manager()),
    /worker:2 has network mode bridge, and its container "worker" no port mapping.*mode: "reverse"/,
  );
  assert.deepEqual(endpoint.local.tasks(), []);
  const { joined } = await cluster.addProcs(endpoint.manager({ network: { mode: "reverse" } }));
  assert.equal(joined[0]?.reachedBy, "reverse");
});

/** Ports that are held until the end of a test. */
class Taken implements AsyncDisposable {
  constructor(private readonly listeners: readonly Listener[]) {}

  get count(): number {
    return this.listeners.length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const listener of this.listeners) listener.close();
    return Promise.resolve();
  }
}

function listenOnAll({ from, to }: PortRange): Promise<Listener[]> {
  const ports = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return Promise.all(ports.map((port) => tcpTransport.listen({ host: "127.0.0.1", port, accept: () => {} })));
}
