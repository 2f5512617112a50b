/** The same job over workers in each network mode, in real containers on two instances. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Fleet } from "./fleet.js";
import { whyNoFleet } from "./requirements.js";
import { square } from "./work.js";
import type { NetworkWorker, WorkerNetworksResult } from "./worker-networks-program.js";

void describe("eight workers of one image on two instances", { skip: whyNoFleet() }, () => {
  let fleet: Fleet;
  let result: WorkerNetworksResult;
  before(async () => {
    // With two hops a container in network mode bridge learns the address of its instance.
    fleet = await Fleet.start({ name: "workernets", hopLimit: 2 });
    result = (await fleet.run(
      new URL("worker-networks-program.js", import.meta.url),
    )) as WorkerNetworksResult;
  });
  after(() => fleet?.[Symbol.asyncDispose]());

  for (const mode of [
    "host",
    "bridge",
    "bridgeWithoutFiles",
    "awsvpc",
    "reverse",
    "closed",
    "range",
  ] as const) {
    void test(`${mode}: all join, on both instances, and a map over them gives every result`, () => {
      const { workers, squares } = result[mode];
      assert.equal(workers.length, 8);
      assert.deepEqual(
        new Set(workers.map(({ instanceAddress }) => instanceAddress)),
        new Set(fleet.description.instances.map(({ address }) => address)),
      );
      assert.deepEqual(
        squares,
        Array.from({ length: 200 }, (_, index) => square(index)),
      );
    });

    void test(`${mode}: each worker calls each other one, on its own instance and on the other one`, () => {
      const { workers } = result[mode];
      const pids = workers.map(({ pid }) => pid).toSorted((one, other) => one - other);
      for (const { pid, peers } of workers) {
        const others = pids.filter((other) => other !== pid);
        assert.deepEqual(
          peers.answers,
          others.map((other) => [other, pid]),
        );
      }
    });

    void test(`${mode}: afterwards all tasks are STOPPED`, () => assert.deepEqual(result[mode].alive, []));
  }

  for (const mode of ["host", "bridge", "bridgeWithoutFiles", "awsvpc", "closed", "range"] as const) {
    void test(`${mode}: no call between workers goes through the manager, as any two have a connection`, () => {
      const { workers } = result[mode];
      const pairs = workers.flatMap((one, index) =>
        workers.slice(index + 1).map((other) => [one, other] as const),
      );
      assert.equal(pairs.length, 28);
      const unconnected = pairs.filter(([one, other]) => !hasDialled(one, other) && !hasDialled(other, one));
      assert.deepEqual(
        unconnected.map((pair) => pair.map(({ pid, host, port }) => `${pid} at ${host}:${port}`)),
        [],
      );
    });
  }

  for (const mode of ["host", "bridge", "bridgeWithoutFiles", "awsvpc", "range"] as const) {
    void test(`${mode}: no two workers have the same address and port`, () => {
      const places = result[mode].workers.map(({ host, port }) => `${host}:${port}`);
      assert.equal(new Set(places).size, 8);
      for (const { reachedBy } of result[mode].workers) assert.equal(reachedBy, "dial");
    });
  }

  for (const mode of ["bridge", "bridgeWithoutFiles"] as const) {
    void test(`${mode}: each is reached at its instance's address and a port that its engine chose`, () => {
      for (const { host, port, reported, instanceAddress, ownAddresses } of result[mode].workers) {
        assert.equal(host, instanceAddress);
        assert.notEqual(port, 7000);
        assert.deepEqual(reported, { hosts: [instanceAddress], port });
        assert.ok(ownAddresses.every((address) => address.startsWith("172.17.0.")));
      }
    });
  }

  void test("awsvpc: each is reached at an address of its own that is not its instance's", () => {
    const { workers } = result.awsvpc;
    assert.equal(new Set(workers.map(({ host }) => host)).size, 8);
    for (const { host, reported, instanceAddress, ownAddresses } of workers) {
      assert.match(host, /^10\.77\.0\.\d+$/);
      assert.notEqual(host, instanceAddress);
      assert.ok(ownAddresses.includes(host));
      assert.ok(reported.hosts.every((address) => !address.startsWith("169.254.")));
    }
  });

  void test("reverse: each connects by itself, and has no port", () => {
    for (const { reachedBy, port, reported } of result.reverse.workers) {
      assert.equal(reachedBy, "reverse");
      assert.equal(port, 0);
      assert.deepEqual(reported, { hosts: [], port: 0 });
    }
  });

  void test("where an instance lets nothing in, workers that gave an address connect by themselves", () => {
    for (const { reachedBy, host, reported, instanceAddress } of result.closed.workers) {
      assert.equal(reachedBy, "reverse");
      assert.equal(host, instanceAddress);
      assert.deepEqual(reported.hosts, [instanceAddress]);
      assert.ok(reported.port > 0);
    }
  });

  void test("a range of ports is kept to, on each instance", () => {
    for (const { host, port, instanceAddress } of result.range.workers) {
      assert.equal(host, instanceAddress);
      assert.ok(port >= 7100 && port <= 7115, `${port}`);
    }
  });

  void test("no container is left", async () => assert.deepEqual(await fleet.containers(), []));
});

function hasDialled(worker: NetworkWorker, { reported }: NetworkWorker): boolean {
  return reported.hosts.some((host) => worker.peers.farEnds.includes(`${host}:${reported.port}`));
}
