/** Workers as tasks on Fargate, in real containers with addresses of their own. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { FargateResult } from "./fargate-program.js";
import { Fleet } from "./fleet.js";
import { whyNoFleet } from "./requirements.js";
import { square } from "./work.js";

void describe("four workers on Fargate", { skip: whyNoFleet() }, () => {
  let fleet: Fleet;
  let result: FargateResult;
  before(async () => {
    // As on Fargate nothing answers where instances have their metadata.
    fleet = await Fleet.start({ name: "fargate", blocksAwsvpc: true });
    result = (await fleet.run(new URL("fargate-program.js", import.meta.url))) as FargateResult;
  });
  after(() => fleet?.[Symbol.asyncDispose]());

  for (const way of ["byLaunchType", "byStrategy"] as const) {
    void test(`${way}: each is dialled at an address of its own, and has no instance`, () => {
      const { workers } = result[way];
      assert.equal(new Set(workers.map(({ host }) => host)).size, 4);
      for (const worker of workers) {
        assert.match(worker.host, /^10\.77\.0\.\d+$/);
        assert.ok(worker.ownAddresses.includes(worker.host));
        assert.ok(fleet.description.instances.every(({ address }) => address !== worker.host));
        assert.equal(worker.reachedBy, "dial");
        assert.deepEqual([worker.launchType, worker.executionEnvironment], ["FARGATE", "AWS_ECS_FARGATE"]);
        assert.equal(worker.containerInstanceArn, undefined);
      }
    });

    void test(`${way}: a map over them gives every result`, () => {
      const { squares } = result[way];
      assert.ok(squares.length > 20);
      assert.deepEqual(
        squares,
        squares.map((_, index) => square(index)),
      );
    });

    void test(`${way}: afterwards no task is left`, () => assert.deepEqual(result[way].alive, []));
  }

  void test("the metadata of an instance are out of reach", () => {
    assert.match(result.byLaunchType.instanceMetadata, /Error/);
  });

  void test("a strategy gives its base to the one provider and the rest to the other", () => {
    const names = result.byStrategy.workers.map(({ capacityProviderName = "none" }) => capacityProviderName);
    assert.equal(
      names.toSorted((a, b) => (a < b ? -1 : 1)).join(),
      "FARGATE,FARGATE_SPOT,FARGATE_SPOT,FARGATE_SPOT",
    );
    assert.ok(
      result.byLaunchType.workers.every(({ capacityProviderName }) => capacityProviderName === undefined),
    );
  });

  void test("one that Spot takes back says that it leaves, and another one comes", () => {
    const { leavingReason, exit, replacement } = result.byStrategy;
    assert.equal(leavingReason, "SIGTERM");
    assert.deepEqual([exit.announced, exit.cause], [true, "Spot interruption"]);
    assert.match(replacement ?? "", /^FARGATE/);
  });

  void test("no container is left", async () => assert.deepEqual(await fleet.containers(), []));
});
