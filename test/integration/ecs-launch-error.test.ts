import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { Cluster, LaunchError, type LaunchFailure } from "#dist/index.js";
import { AWSLOGS, ECSEndpoint } from "./ecs-endpoint.js";
import { nothingIsLeft } from "./leftovers.js";

afterEach(nothingIsLeft);

/** A program that behaves differently in each task: the tasks count themselves by the folders they make. */
function inTurn(folder: string, fates: readonly string[]): readonly string[] {
  const program = `
    const { mkdirSync } = require("node:fs");
    const turn = () => {
      for (let n = 0; ; n++) {
        try { mkdirSync(${JSON.stringify(folder)} + "/" + n); return n; } catch {}
      }
    };
    const fates = [${fates.map((fate) => `() => { ${fate} }`).join(",")}];
    fates[turn()]();`;
  return ["node", "-e", program];
}

async function launchError(launch: PromiseLike<unknown>): Promise<LaunchError> {
  try {
    await launch;
  } catch (error) {
    assert.ok(error instanceof LaunchError, String(error));
    return error;
  }
  return assert.fail("the launch succeeded");
}

const counts = (failures: readonly LaunchFailure[]) =>
  Object.fromEntries(failures.map(({ cause, count }) => [cause, count]));

test("one error tells how many workers failed of which cause, each with advice, ids and last output", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "rollcall-turns-"));
  context.after(() => rm(folder, { recursive: true }));
  await using endpoint = await ECSEndpoint.start({ instances: [{ cpu: 256 * 6 }] }, AWSLOGS);
  const crash = "console.log('no model file'); process.exitCode = 3;";
  const kill = "process.kill(process.pid, 'SIGKILL');";
  const silence = "console.log('I do something else'); setTimeout(() => {}, 60_000);";
  await using manager = endpoint.manager({
    workers: { min: 1, max: 8 },
    command: inTurn(folder, [crash, crash, crash, kill, kill, silence]),
    timeouts: { capacityMs: 0, reportMs: 4000 },
  });
  await using cluster = new Cluster();
  const error = await launchError(cluster.addProcs(manager));
  assert.deepEqual(counts(error.failures), {
    "exit code 3": 3,
    killed: 2,
    "RESOURCE:CPU": 2,
    "never reported": 1,
  });
  const arns = new Set(endpoint.local.tasks().map(({ taskArn }) => taskArn));
  assert.equal(arns.size, 6);
  for (const { ids = [], cause, count } of error.failures) {
    assert.equal(ids.length, cause === "RESOURCE:CPU" ? 0 : count);
    assert.ok(ids.every((id) => arns.has(id)));
  }
  assert.match(error.message, /3 of 8: exit code 3: .*\n {4}the program ended by itself.*\n/);
  assert.match(error.message, /\| no model file/);
  assert.match(
    error.message,
    /2 of 8: killed: .*exit code 137\n {4}it was killed \(SIGKILL\): out of memory/,
  );
  assert.match(error.message, /2 of 8: RESOURCE:CPU: .*\n {4}no container instance has that much left/);
  assert.match(error.message, /1 of 8: never reported: .*\n.*security group[^]*\| I do something else/);
  assert.deepEqual(endpoint.alive(), []);
});

test("tasks that all stop before they report end the launch at once, with the cause and not with the deadline", async () => {
  await using endpoint = await ECSEndpoint.start(
    { missingImages: ["nowhere/none"] },
    { image: "nowhere/none" },
  );
  await using manager = endpoint.manager({ workers: 4, timeouts: { launchMs: 3_600_000 } });
  await using cluster = new Cluster();
  const error = await launchError(cluster.addProcs(manager));
  const [failure] = error.failures;
  assert.equal(failure?.cause, "image not found");
  assert.match(error.message, /CannotPullContainerError.*\n {4}check the image's name, tag/);
});

test("what hinders a launch is told while it waits, and is the cause when its time is up", async () => {
  await using endpoint = await ECSEndpoint.start();
  endpoint.local.faults.add({ kind: "throttle", operation: "RunTask", times: Infinity });
  await using manager = endpoint.manager({ workers: 2, timeouts: { launchMs: 1_500 } });
  await using cluster = new Cluster();
  const waits: LaunchFailure[] = [];
  cluster.on("waiting", ({ failure }) => waits.push(failure));
  const error = await launchError(cluster.addProcs(manager));
  assert.deepEqual(
    waits.map(({ count, cause }) => ({ count, cause })),
    [{ count: 2, cause: "ThrottlingException" }],
  );
  assert.deepEqual(counts(error.failures), { ThrottlingException: 2 });
  assert.match(
    error.message,
    /2 of 2: ThrottlingException: not a member when the time .* was up: .*Rate exceeded/,
  );
});

test("tasks that ECS holds back are told as waiting when the time is up, and stopped", async () => {
  await using endpoint = await ECSEndpoint.start();
  endpoint.local.faults.add({ kind: "never-start", times: 2 });
  await using manager = endpoint.manager({ workers: 2, timeouts: { launchMs: 700 } });
  await using cluster = new Cluster();
  const error = await launchError(cluster.addProcs(manager));
  assert.deepEqual(counts(error.failures), { "too late": 2 });
  assert.match(error.message, /2 of 2: too late: .*had a machine and was not running yet\n {4}a large image/);
  assert.deepEqual(endpoint.alive(), []);
});
