import { RunTaskCommand } from "@aws-sdk/client-ecs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { age, taskTable } from "#dist/cli/task-table.js";
import { Launching, Platform, SLEEPER } from "../managers/ecs/launching.js";
import { endpointVariables, rollcall } from "./run-cli.js";

const ONE = "one000000001";
const TWO = "two000000002";

interface Running extends AsyncDisposable {
  readonly platform: Platform;
  /** Tasks by launch, and those of others. */
  readonly arns: Readonly<Record<"one" | "two" | "foreign", readonly string[]>>;
  cli(...args: string[]): ReturnType<typeof rollcall>;
}

/** Two launches of Rollcall, and tasks of others: one that even looks alike by `startedBy`. */
async function running(): Promise<Running> {
  const platform = await Platform.start();
  await platform.register({ command: SLEEPER });
  const launchings: Launching[] = [];
  const launch = async (launchId: string, workers: number): Promise<readonly string[]> => {
    const launching = new Launching(platform.manager({ workers }), { launchId });
    launchings.push(launching);
    return (await launching.take("started", workers)).map(({ worker }) => worker.id);
  };
  const one = await launch(ONE, 2);
  const two = await launch(TWO, 1);
  const foreign: string[] = [];
  for (const startedBy of ["somebody", `rollcall/${ONE}`]) {
    const { tasks } = await platform.client.send(new RunTaskCommand({ taskDefinition: "worker", startedBy }));
    foreign.push(tasks?.[0]?.taskArn ?? "");
  }
  for (const launching of launchings) await launching.end();
  return {
    platform,
    arns: { one, two, foreign },
    cli: (...args) => rollcall(args, endpointVariables(platform.local)),
    [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose](),
  };
}

void test("rollcall ps lists the tasks of launches, and no others", async () => {
  await using setting = await running();
  const { code, stdout } = await setting.cli("ps", "--json");
  assert.equal(code, 0);
  const listed = JSON.parse(stdout) as { taskArn: string; launchId: string; lastStatus: string }[];
  const { one, two } = setting.arns;
  assert.deepEqual(listed.map(({ taskArn }) => taskArn).toSorted(), [...one, ...two].toSorted());
  assert.ok(listed.every(({ taskArn, launchId }) => (launchId === ONE) === one.includes(taskArn)));
  const shown = await setting.cli("ps");
  assert.match(shown.stdout, /^LAUNCH +TASK +STATUS +AGE/);
  assert.equal(shown.stdout.trimEnd().split("\n").length, 4);
});

void test("rollcall stop --launch stops those tasks and nothing else", async () => {
  await using setting = await running();
  const { one, two, foreign } = setting.arns;
  const { code, stdout } = await setting.cli("stop", "--launch", ONE, "--yes");
  assert.deepEqual([code, stdout], [0, "2 of 2 tasks are STOPPED\n"]);
  assert.deepEqual(setting.platform.notStopped().toSorted(), [...two, ...foreign].toSorted());
  const stopped = await setting.cli("ps", "--all", "--json");
  const all = JSON.parse(stopped.stdout) as { taskArn: string; lastStatus: string; stoppedReason?: string }[];
  assert.deepEqual(
    all
      .filter(({ lastStatus }) => lastStatus === "STOPPED")
      .map(({ taskArn }) => taskArn)
      .toSorted(),
    one.toSorted(),
  );
  assert.ok(all.some(({ stoppedReason }) => stoppedReason === "Rollcall: rollcall stop"));
});

void test("rollcall stop --all leaves the tasks of others alone", async () => {
  await using setting = await running();
  const { one, two, foreign } = setting.arns;
  const { code, stdout } = await setting.cli("stop", "--all", "--yes", "--json");
  assert.equal(code, 0);
  const { stopped, notStopped } = JSON.parse(stdout) as Record<"stopped" | "notStopped", string[]>;
  assert.deepEqual([stopped?.toSorted(), notStopped], [[...one, ...two].toSorted(), []]);
  assert.deepEqual(setting.platform.notStopped().toSorted(), foreign.toSorted());
});

void test("rollcall stop asks, and stops nothing where nobody can answer", async () => {
  await using setting = await running();
  const before = setting.platform.notStopped();
  const { code, stdout, stderr } = await setting.cli("stop", "--all");
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /LAUNCH +TASK[^]*nobody can be asked whether to stop these 3 tasks: add --yes/);
  assert.deepEqual(setting.platform.notStopped(), before);
});

void test("tasks that do not stop in time are named, and the command fails", async () => {
  await using platform = await Platform.start();
  await platform.register({ stopTimeout: 20 });
  const deaf = [
    "node",
    "-e",
    "process.on('SIGTERM', () => {}); setTimeout(() => {}, 60000); console.log('up')",
  ];
  const launching = new Launching(platform.manager({ command: deaf }));
  const isUp = platform.lines(1);
  const [started] = await launching.take("started", 1);
  await isUp;
  await launching.end();
  const { code, stderr } = await rollcall(
    ["stop", "--all", "--yes", "--timeout", "1"],
    endpointVariables(platform.local),
  );
  assert.equal(code, 1);
  assert.ok(stderr.includes(`not STOPPED within 1 s, though told to stop: ${started?.worker.id}`), stderr);
});

void test("without tasks of Rollcall both commands say so and succeed", async () => {
  await using platform = await Platform.start();
  for (const args of [["ps"], ["stop", "--all"]]) {
    const { code, stdout, stderr } = await rollcall(args, endpointVariables(platform.local));
    assert.deepEqual([code, stdout], [0, ""]);
    assert.match(stderr, /no (such )?task of Rollcall/);
  }
});

for (const [args, expected] of [
  [["stop"], /say which tasks: either --launch ID .*, or --all/],
  [["stop", "--all", "--launch", "x"], /say which tasks/],
  [["stop", "--all", "--timeout", "soon"], /"soon" is not a whole number, 1 or above/],
  [["ps", "--endpoint-url", "nowhere"], /--endpoint-url must be an http or https URL/],
  [["ps"], /no AWS region is set; set AWS_REGION/],
  [["ps", "--region", "us-east-1"], /there are no usable AWS credentials/],
] as const) {
  void test(`rollcall ${args.join(" ")} says what is wrong and ends with 1`, async () => {
    const { code, stdout, stderr } = await rollcall(args);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /^ +at /m);
  });
}

void test("an unknown ECS cluster is named", async () => {
  await using platform = await Platform.start();
  const { code, stderr } = await rollcall(["ps", "--cluster", "nowhere"], endpointVariables(platform.local));
  assert.equal(code, 1);
  assert.match(stderr, /there is no ECS cluster "nowhere"/);
});

void test("ages and missing facts are short", () => {
  assert.deepEqual([0, 59_999, 60_000, 3_600_000, 86_400_000].map(age), ["0s", "59s", "1m", "1h", "1d"]);
  const [, row] = taskTable([{ taskArn: "a/b", launchId: "l", lastStatus: "PENDING" }], 0).split("\n");
  assert.deepEqual(row?.split(/ +/), ["l", "b", "PENDING", "-", "-", "-", "-"]);
});
