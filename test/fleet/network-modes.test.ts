import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { AwsvpcModeServer } from "./awsvpc-mode-program.js";
import type { BridgeModeServer } from "./bridge-mode-program.js";
import { Fleet } from "./fleet.js";
import type { HostModeResult } from "./host-mode-program.js";
import { whyNoFleet } from "./requirements.js";
import { square } from "./work.js";

void describe("two container instances with engines of their own", { skip: whyNoFleet() }, () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await Fleet.start({ name: "modes" });
  });
  after(() => fleet?.[Symbol.asyncDispose]());

  void describe("with eight workers of one image in network mode host", () => {
    let result: HostModeResult;
    before(async () => {
      result = (await fleet.run(new URL("host-mode-program.js", import.meta.url))) as HostModeResult;
    });

    void test("all join, both instances have some and one has at least three", () => {
      const { workers } = result;
      assert.equal(workers.length, 8);
      const counts = fleet.description.instances.map(
        ({ address }) => workers.filter(({ instanceAddress }) => instanceAddress === address).length,
      );
      const sum = counts.reduce((total, count) => total + count);
      assert.equal(sum, 8);
      assert.ok(
        Math.min(...counts) >= 1 && Math.max(...counts) >= 3,
        `workers per instance: ${counts.join()}`,
      );
    });

    void test("each has the address of its instance and a port that no other one there has", () => {
      for (const { host, instanceAddress, ownAddresses } of result.workers) {
        assert.equal(host, instanceAddress);
        assert.ok(ownAddresses.includes(host));
      }
      // Two instances might give the same number; on one of them no two workers have the same.
      assert.equal(new Set(result.workers.map(({ host, port }) => `${host}:${port}`)).size, 8);
    });

    void test("each is the first process of a container of its own", () => {
      for (const { osPid } of result.workers) assert.equal(osPid, 1);
    });

    void test("each reads the metadata of its own instance", () => {
      for (const { localIpv4, instanceId, instanceAddress } of result.workers) {
        assert.equal(localIpv4, instanceAddress);
        const instance = fleet.description.instances.find(({ address }) => address === instanceAddress);
        assert.equal(instanceId, instance?.instanceId);
      }
    });

    void test("a map over them gives every result", () => {
      const expected = Array.from({ length: 200 }, (_, index) => square(index));
      assert.deepEqual(result.squares, expected);
    });

    void test("afterwards all tasks are STOPPED and no container is left", async () => {
      const expected = Array.from({ length: 8 }, () => "STOPPED");
      assert.deepEqual(result.taskStatuses, expected);
      assert.deepEqual(await fleet.containers(), []);
    });
  });

  void test("a closure runs in an image that has nothing of its program", async () => {
    assert.deepEqual(await fleet.run(new URL("generic-image-program.js", import.meta.url)), [7, 14, 21]);
  });

  void describe("with four servers of one container port in network mode bridge", () => {
    let servers: readonly BridgeModeServer[];
    before(async () => {
      const program = new URL("bridge-mode-program.js", import.meta.url);
      servers = (await fleet.run(program)) as readonly BridgeModeServer[];
    });

    void test("each answers at its instance's address and a host port of its own", () => {
      assert.equal(servers.length, 4);
      for (const { answer, bindings } of servers) {
        assert.equal(answer, "hello");
        assert.equal(bindings[0]?.containerPort, 8080);
      }
      const places = servers.map(
        ({ instanceAddress, bindings }) => `${instanceAddress}:${bindings[0]?.hostPort}`,
      );
      assert.equal(new Set(places).size, 4);
    });

    void test("each reads from its metadata an address that only its instance knows, and its host port", () => {
      for (const { bindings, networks, ports } of servers) {
        const [network] = networks as { NetworkMode: string; IPv4Addresses: string[] }[];
        assert.equal(network?.NetworkMode, "bridge");
        assert.match(network?.IPv4Addresses[0] ?? "", /^172\.17\.0\.\d+$/);
        const [port] = ports as { ContainerPort: number; HostPort: number }[];
        assert.equal(port?.ContainerPort, 8080);
        assert.equal(port?.HostPort, bindings[0]?.hostPort);
      }
    });

    void test("each finds the address of its instance and its host port in its metadata file", () => {
      for (const { file, instanceAddress, bindings } of servers) {
        assert.equal(file["HostPrivateIPv4Address"], instanceAddress);
        const [mapping] = file["PortMappings"] as { ContainerPort: number; HostPort: number }[];
        assert.equal(mapping?.ContainerPort, 8080);
        assert.equal(mapping?.HostPort, bindings[0]?.hostPort);
      }
    });

    void test("each reaches the agent of its instance, and nobody does from another host", () => {
      for (const { agent, containerInstanceArn, agentAnswersOutside } of servers) {
        assert.equal(agent["ContainerInstanceArn"], containerInstanceArn);
        assert.equal(agentAnswersOutside, false);
      }
    });

    void test("afterwards no container is left", async () => {
      assert.deepEqual(await fleet.containers(), []);
    });
  });

  void describe("with four servers of one port in network mode awsvpc", () => {
    let servers: readonly AwsvpcModeServer[];
    before(async () => {
      const program = new URL("awsvpc-mode-program.js", import.meta.url);
      servers = (await fleet.run(program)) as readonly AwsvpcModeServer[];
    });

    void test("each has an address of the fleet's network that is nobody else's, and answers there", () => {
      const addresses = servers.map(({ privateIpv4Address }) => privateIpv4Address);
      assert.equal(new Set(addresses).size, 4);
      for (const { privateIpv4Address, instanceAddress, answer, networkBindings } of servers) {
        assert.match(privateIpv4Address ?? "", /^10\.77\.0\.\d+$/);
        assert.notEqual(privateIpv4Address, instanceAddress);
        assert.ok(answer.ownAddresses.includes(privateIpv4Address ?? ""));
        assert.deepEqual(networkBindings, []);
      }
    });

    void test("each reaches the others, on its own instance and on the other one", () => {
      const instances = new Set(servers.map(({ instanceAddress }) => instanceAddress));
      assert.equal(instances.size, 2);
      for (const { answer } of servers)
        assert.deepEqual(answer.neighbours, ["hello", "hello", "hello", "hello"]);
    });

    void test("its address stands in the metadata from the first request on, and in its attachment", () => {
      for (const { privateIpv4Address, answer, attachments } of servers) {
        const [network] = answer.networks as Record<string, unknown>[];
        assert.equal(network?.["NetworkMode"], "awsvpc");
        assert.deepEqual(network["IPv4Addresses"], [privateIpv4Address]);
        assert.equal(network["IPv4SubnetCIDRBlock"], "10.77.0.0/24");
        assert.equal(attachments[0]?.type, "ElasticNetworkInterface");
        assert.equal(attachments[0].status, "ATTACHED");
        const details = new Map(attachments[0].details?.map(({ name, value }) => [name, value]));
        assert.equal(details.get("privateIPv4Address"), privateIpv4Address);
        assert.equal(details.get("subnetId"), "subnet-0fleet");
      }
    });

    void test("the containers of a task share the loopback interface, and reach the instance's metadata", () => {
      for (const { answer, instanceAddress } of servers) {
        assert.equal(answer.sidecar, "sidecar");
        assert.equal(answer.localIpv4, instanceAddress);
      }
    });

    void test("afterwards no container is left", async () => {
      assert.deepEqual(await fleet.containers(), []);
    });
  });
});
