import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addressCandidates,
  wantsInstanceAddress,
  type AddressCandidates,
  type Whereabouts,
} from "#dist/worker/address-candidates.js";

const host: Whereabouts = {
  networkMode: "host",
  advertiseHost: undefined,
  ownAddresses: [],
  instanceAddress: undefined,
  mappedPorts: [],
  localHost: "10.0.1.5",
  port: 40_001,
};
const bridge: Whereabouts = {
  ...host,
  networkMode: "bridge",
  localHost: "172.17.0.2",
  port: 8080,
  mappedPorts: [
    { containerPort: 9090, hostPort: 32_768 },
    { containerPort: 8080, hostPort: 32_769 },
  ],
};

const cases: readonly [name: string, where: Whereabouts, expected: AddressCandidates][] = [
  ["host mode: the local end of the connection to the manager", host, at(40_001, "10.0.1.5")],
  ["outside of ECS: the same", { ...host, networkMode: undefined }, at(40_001, "10.0.1.5")],
  [
    "what was set comes before all others",
    { ...host, advertiseHost: "worker.example" },
    at(40_001, "worker.example", "10.0.1.5"),
  ],
  [
    "awsvpc mode: the task's own addresses, then the local end if it is another one",
    { ...host, networkMode: "awsvpc", ownAddresses: ["10.0.9.1", "fd00::9"], localHost: "10.0.9.1" },
    at(40_001, "10.0.9.1", "fd00::9"),
  ],
  [
    "a link-local end is of use to nobody",
    { ...host, networkMode: "awsvpc", ownAddresses: ["10.0.9.1"], localHost: "169.254.172.2" },
    at(40_001, "10.0.9.1"),
  ],
  [
    "host mode with a link-local end: the instance's address",
    { ...host, localHost: "fe80::1", instanceAddress: "10.0.1.5" },
    at(40_001, "10.0.1.5"),
  ],
  [
    "bridge mode: the instance's address with the mapped port",
    { ...bridge, instanceAddress: "10.0.1.5" },
    at(32_769, "10.0.1.5"),
  ],
  ["bridge mode without the instance's address: the manager knows one", bridge, at(32_769)],
  [
    "bridge mode with an address that was set: the mapped port counts there too",
    { ...bridge, advertiseHost: "10.9.9.9", instanceAddress: "10.0.1.5" },
    at(32_769, "10.9.9.9", "10.0.1.5"),
  ],
  ["bridge mode without a mapping of the port: it cannot be dialled", { ...bridge, port: 8081 }, at(0)],
];

function at(port: number, ...hosts: string[]): AddressCandidates {
  return { hosts, port };
}

for (const [name, where, expected] of cases)
  void test(name, () => assert.deepEqual(addressCandidates(where), expected));

void test("the instance's address is asked for only where nothing else is known", () => {
  assert.equal(wantsInstanceAddress(bridge), true);
  assert.equal(wantsInstanceAddress({ ...host, localHost: "169.254.0.9" }), true);
  assert.equal(wantsInstanceAddress(host), false);
  assert.equal(wantsInstanceAddress({ ...host, localHost: "127.0.0.1" }), false);
  assert.equal(wantsInstanceAddress({ ...bridge, instanceAddress: "10.0.1.5" }), false);
  assert.equal(wantsInstanceAddress({ ...bridge, advertiseHost: "10.0.1.5" }), false);
  assert.equal(wantsInstanceAddress({ ...bridge, port: 8081 }), false, "nothing leads to its port");
});
