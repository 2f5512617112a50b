import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import type { AwsCliResult } from "./aws-cli-program.js";
import { Fleet } from "./fleet.js";
import { whyNoFleet } from "./requirements.js";

const whyNot =
  whyNoFleet() ||
  (existsSync("/usr/bin/aws") ? false : "NOT TRIED: there is no /usr/bin/aws (apt-get install awscli)");

void describe("Rollcall's tasks on a fleet, in the hands of the AWS CLI", { skip: whyNot }, () => {
  let fleet: Fleet;
  let result: AwsCliResult;
  before(async () => {
    fleet = await Fleet.start({ name: "awscli" });
    result = (await fleet.run(new URL("aws-cli-program.js", import.meta.url))) as AwsCliResult;
  });
  after(() => fleet?.[Symbol.asyncDispose]());

  void test("are listed, and described as running", () => {
    assert.deepEqual(result.listedTasks.toSorted(), result.startedTasks.toSorted());
    for (const { lastStatus } of result.describedTasks) assert.equal(lastStatus, "RUNNING");
  });

  void test("show nothing in their overrides that lets a stranger in afterwards", () => {
    const { exitCode, workers } = result.replayed;
    // Told that its launch is over, it leaves without complaint.
    assert.equal(exitCode, 0);
    assert.deepEqual(workers, [2, 3]);
  });

  void test("have nothing of the overrides' secrets in their environment any more", () => {
    const overridden = result.describedTasks[0]?.overrides?.containerOverrides?.[0]?.environment ?? [];
    assert.ok(overridden.length > 0);
    for (const { name, value } of overridden) {
      if (/token|secret|key/i.test(name ?? "")) assert.notEqual(result.workerEnvironment[name ?? ""], value);
    }
    assert.ok(overridden.some(({ name }) => /token/i.test(name ?? "")));
  });

  void test("can be stopped, and the program hears who did it", () => {
    assert.match(result.stopped.message, /UserInitiated: "by hand"/);
  });

  void test("go on while their instances drain, which take no new ones", () => {
    assert.equal(result.squared, 144);
    assert.match(String(result.failuresWhileDraining[0]), /No Container Instances were found/);
  });

  void test("leave no container", async () => {
    assert.deepEqual(await fleet.containers(), []);
  });
});
