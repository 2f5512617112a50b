import assert from "node:assert/strict";
import { test } from "node:test";
import type { NetworkInterfaceInfo } from "node:os";
import { ClusterManagerError } from "#dist/errors.js";
import { awsvpcAddress, chooseAddress } from "#dist/managers/ecs/ecs-advertise.js";
import type { Surroundings } from "#dist/managers/ecs/ecs-advertise.js";

function v4(address: string, internal = false): NetworkInterfaceInfo {
  return { address, netmask: "255.255.255.0", family: "IPv4", mac: "", internal, cidr: null };
}

function v6(address: string): NetworkInterfaceInfo {
  return { address, netmask: "ffff::", family: "IPv6", mac: "", internal: false, cidr: null, scopeid: 0 };
}

const interfaces = {
  lo: [v4("127.0.0.1", true)],
  docker0: [v4("172.17.0.1")],
  "br-12": [v4("172.18.0.1")],
  "ecs-eth0": [v4("169.254.172.2")],
  eth0: [v4("169.254.1.1"), v4("10.0.3.4")],
};
const none = { host: undefined, bindHost: undefined, ports: { from: 0, to: 0 } };
const around: Surroundings = {
  environment: {},
  endpointHost: "ecs.eu-central-1.amazonaws.com",
  interfaces,
  taskAddress: undefined,
};

const choices: readonly [string, Partial<typeof none> | object, Partial<Surroundings>, string, string][] = [
  ["the first interface that others can reach", {}, {}, "10.0.3.4", "0.0.0.0"],
  ["the task's own address", {}, { taskAddress: "10.9.9.9" }, "10.9.9.9", "0.0.0.0"],
  [
    "loopback for an endpoint on it",
    {},
    { endpointHost: "127.0.0.1", taskAddress: "10.9.9.9" },
    "127.0.0.1",
    "127.0.0.1",
  ],
  ["loopback by name", {}, { endpointHost: "localhost" }, "127.0.0.1", "127.0.0.1"],
  [
    "the environment",
    {},
    { environment: { ROLLCALL_ADVERTISE_HOST: "vpn.example" } },
    "vpn.example",
    "0.0.0.0",
  ],
  [
    "an empty environment as none",
    {},
    { environment: { ROLLCALL_ADVERTISE_HOST: " " } },
    "10.0.3.4",
    "0.0.0.0",
  ],
  [
    "the option above all",
    { host: "10.1.1.1" },
    { environment: { ROLLCALL_ADVERTISE_HOST: "vpn.example" }, endpointHost: "127.0.0.1" },
    "10.1.1.1",
    "0.0.0.0",
  ],
  [
    "the option's local address",
    { host: "10.1.1.1", bindHost: "192.168.1.1" },
    {},
    "10.1.1.1",
    "192.168.1.1",
  ],
  ["IPv6", { host: "fd00::5" }, {}, "fd00::5", "::"],
  [
    "an IPv6 address on a machine that has no other",
    {},
    { interfaces: { lo: interfaces.lo, eth0: [v6("fe80::1"), v6("fd00::7")] } },
    "fd00::7",
    "::",
  ],
  [
    "an IPv4 address wherever there is one",
    {},
    { interfaces: { eth0: [v6("fd00::7")], eth1: [v4("10.0.3.4")] } },
    "10.0.3.4",
    "0.0.0.0",
  ],
];

for (const [title, options, differs, advertiseHost, bindHost] of choices) {
  void test(`the rendezvous takes ${title}`, () => {
    const chosen = chooseAddress({ ...none, ...options }, { ...around, ...differs });
    assert.deepEqual(chosen, { advertiseHost, bindHost, ports: none.ports });
  });
}

void test("a machine without an address says which option to set", () => {
  assert.throws(
    () => chooseAddress(none, { ...around, interfaces: { lo: interfaces.lo } }),
    (error: unknown) => error instanceof ClusterManagerError && /set rendezvous\.host/.test(error.message),
  );
});

void test("the metadata of a task is an address in awsvpc only, and never the link-local one", () => {
  const awsvpc = { NetworkMode: "awsvpc", IPv4Addresses: ["169.254.172.2", "10.0.0.9"] };
  assert.equal(awsvpcAddress({ Networks: [awsvpc] }), "10.0.0.9");
  const ipv6 = { NetworkMode: "awsvpc", IPv4Addresses: [], IPv6Addresses: ["fe80::1", "fd00::9"] };
  assert.equal(awsvpcAddress({ Networks: [ipv6] }), "fd00::9");
  assert.equal(awsvpcAddress({ Networks: [{ NetworkMode: "host", IPv4Addresses: [""] }] }), undefined);
  assert.equal(
    awsvpcAddress({ Networks: [{ NetworkMode: "bridge", IPv4Addresses: ["172.17.0.3"] }] }),
    undefined,
  );
  for (const odd of [undefined, null, "text", {}, { Networks: "none" }, { Networks: [null, {}] }]) {
    assert.equal(awsvpcAddress(odd), undefined);
  }
});
