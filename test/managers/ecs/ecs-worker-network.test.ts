import assert from "node:assert/strict";
import { test } from "node:test";
import type { PortMapping } from "@aws-sdk/client-ecs";
import { ClusterManagerError } from "#dist/errors.js";
import { networkSettings } from "#dist/managers/ecs/ecs-network-settings.js";
import type { ECSNetworkOptions } from "#dist/managers/ecs/index.js";
import { workerNetwork, type DefinedNetwork } from "#dist/managers/ecs/ecs-worker-network.js";

function network(
  mode: DefinedNetwork["mode"],
  options: ECSNetworkOptions = {},
  portMappings: PortMapping[] = [],
  workersPerTask: DefinedNetwork["workersPerTask"] = 1,
): Readonly<Record<string, string>> {
  const container = { name: "w", portMappings };
  const defined = { name: "f:2", mode, container, hasConfiguration: true, workersPerTask };
  return workerNetwork(defined, networkSettings(options));
}

function refused(message: RegExp, ...args: Parameters<typeof network>): void {
  assert.throws(
    () => network(...args),
    (error: unknown) => error instanceof ClusterManagerError && message.test(error.message),
  );
}

void test("the mode is that of the task definition, and bridge where it names none", () => {
  assert.deepEqual(network("host"), { ROLLCALL_NETWORK_MODE: "host" });
  assert.deepEqual(network("awsvpc"), { ROLLCALL_NETWORK_MODE: "awsvpc" });
  assert.equal(network(undefined, {}, [{ containerPort: 80 }])["ROLLCALL_NETWORK_MODE"], "bridge");
});

void test("addresses and ports of the options reach the worker", () => {
  const options = { advertiseHost: "[fd00::8]", bindHost: "::", ports: { from: 7000, to: 7099 } };
  assert.deepEqual(network("host", options), {
    ROLLCALL_NETWORK_MODE: "host",
    ROLLCALL_PORT: "7000-7099",
    ROLLCALL_ADVERTISE_HOST: "fd00::8",
    ROLLCALL_BIND_HOST: "::",
  });
});

void test("in bridge mode the worker listens on the mapped container port", () => {
  const portOf = (mappings: PortMapping[], options: ECSNetworkOptions = {}) =>
    network("bridge", options, mappings)["ROLLCALL_PORT"];
  const dynamic = { containerPort: 7000, hostPort: 0 };
  assert.equal(portOf([dynamic]), "7000");
  assert.equal(portOf([{ containerPort: 80, hostPort: 80 }]), "80");
  assert.equal(portOf([{ containerPort: 80, hostPort: 80 }, dynamic]), "7000");
  assert.equal(portOf([{ containerPort: 53, protocol: "udp" }, dynamic]), "7000");
  assert.equal(portOf([{ containerPort: 81 }, dynamic], { containerPort: 81 }), "81");
});

void test("in bridge mode without a port mapping the error says what to add, and what else would do", () => {
  refused(/"w" no port mapping.*"containerPort": 7000, "hostPort": 0.*mode: "reverse"/, "bridge");
  refused(/no port mapping/, undefined);
  refused(/no port mapping/, "bridge", {}, [{ containerPort: 53, protocol: "udp" }]);
});

void test("in bridge mode with several port mappings the error asks which one is the worker's", () => {
  const two = [{ containerPort: 7000 }, { containerPort: 7001 }];
  refused(/port mappings for 7000, 7001, .* set network\.containerPort/, "bridge", {}, two);
  refused(/is 7002, .* only for 7000, 7001/, "bridge", { containerPort: 7002 }, two);
});

void test("reverse mode goes with every network, and needs no port", () => {
  for (const mode of ["host", "bridge", "awsvpc", undefined] as const)
    assert.deepEqual(network(mode, { mode: "reverse" }), { ROLLCALL_NETWORK_MODE: "reverse" });
});

void test("options that contradict the task definition are refused", () => {
  refused(/network\.mode of ECSManager is host and .* f:2 has network mode awsvpc/, "awsvpc", {
    mode: "host",
  });
  refused(/network\.ports .* no meaning .* bridge ECS chooses/, "bridge", { ports: { from: 1, to: 2 } });
  refused(/network\.containerPort .* is for network mode bridge/, "host", { containerPort: 80 });
});

void test("a container without a network is no worker, in reverse mode neither", () => {
  refused(/network mode none/, "none");
  refused(/network mode none/, "none", { mode: "reverse" });
});

void test("awsvpc without subnets is refused before ECS is asked", () => {
  const defined = {
    name: "f:2",
    mode: "awsvpc",
    container: { name: "w" },
    hasConfiguration: false,
    workersPerTask: 1,
  } as const;
  assert.throws(() => workerNetwork(defined, networkSettings({})), /set networkConfiguration .*subnets/);
});

void test("several workers of a task cannot share the mapped port of bridge, and need none in reverse mode", () => {
  for (const workersPerTask of [4, "auto"] as const) {
    const message = new RegExp(`workersPerTask of ECSManager is ${workersPerTask} .*bridge.*mode: "reverse"`);
    refused(message, "bridge", {}, [{ containerPort: 7000 }], workersPerTask);
    assert.deepEqual(network("bridge", { mode: "reverse" }, [], workersPerTask), {
      ROLLCALL_NETWORK_MODE: "reverse",
    });
    assert.deepEqual(network("host", {}, [], workersPerTask), { ROLLCALL_NETWORK_MODE: "host" });
  }
});
