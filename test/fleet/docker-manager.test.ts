import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { DockerManagerResult } from "./docker-manager-program.js";
import { Fleet } from "./fleet.js";
import type { KilledDockerManagerResult } from "./killed-docker-manager-program.js";
import { runProgram } from "./host-process.js";
import { whyNoFleet } from "./requirements.js";
import { square } from "./work.js";

const NAME = "docker";

void describe("workers as containers of a Docker engine, without ECS", { skip: whyNoFleet() }, () => {
  let fleet: Fleet;
  let result: DockerManagerResult;
  const runOnInstance = (program: string): Promise<unknown> => {
    const { namespace } = fleet.description.instances[0]!;
    return runProgram(namespace, new URL(program, import.meta.url), fleet.description);
  };
  before(async () => {
    fleet = await Fleet.start({ name: NAME, instances: 1 });
    result = (await runOnInstance("docker-manager-program.js")) as DockerManagerResult;
  });
  after(() => fleet?.[Symbol.asyncDispose]());

  void test("by default they use the network of the engine's machine, each with a port of its own", () => {
    const { address } = fleet.description.instances[0]!;
    for (const addresses of result.host.addresses) assert.ok(addresses.includes(address));
    assert.equal(new Set(result.host.ports).size, 4);
  });

  void test("on the engine's bridge each has an address of its own and is the first process", () => {
    const addresses = result.bridge.addresses.flat();
    assert.equal(new Set(addresses).size, 2);
    assert.ok(!addresses.includes(fleet.description.instances[0]!.address));
    assert.deepEqual(result.bridge.osPids, [1, 1]);
  });

  void test("a map gives the same results in both", () => {
    const expected = Array.from({ length: 100 }, (_, index) => square(index));
    assert.deepEqual(result.squares, [expected, expected]);
  });

  void test("lines that a worker writes reach the manager", () => {
    assert.ok(result.lines.includes("a line from a container"));
  });

  void test("that a worker had too little memory is said, with the option to raise", () => {
    assert.equal(result.outOfMemory.kind, "stopped");
    assert.match(
      result.outOfMemory.message,
      /used more memory than it may; raise memoryMiB of DockerManager/,
    );
  });

  void test("a container that somebody kills is told by its signal", () => {
    assert.deepEqual(result.killed, { kind: "signalled", message: "its container was ended by SIGKILL" });
  });

  void test("an image that the engine neither has nor can pull is named", () => {
    assert.match(
      result.noImage,
      /no image no-such-image:1 and cannot pull it: .*build it there, or check its name/,
    );
  });

  void test("no container is left", async () => {
    assert.deepEqual(result.left, []);
    assert.deepEqual(await fleet.containers(), []);
  });

  void test("workers of a manager that was killed end by themselves, and the next manager removes what is left of them", async () => {
    const { exitCodes, statesBefore, leftAfter, answer } = (await runOnInstance(
      "killed-docker-manager-program.js",
    )) as KilledDockerManagerResult;
    assert.deepEqual(exitCodes, [1, 1]);
    // Also the one that could notice nothing; those of a manager that lives are left alone.
    assert.deepEqual(statesBefore.toSorted(), ["exited", "exited", "paused"]);
    assert.equal(leftAfter, 0);
    assert.equal(answer, 9);
    assert.deepEqual(await fleet.containers(), []);
  });
});
