import assert from "node:assert/strict";
import { test } from "node:test";
import { ClusterManagerError } from "#dist/errors.js";
import { Launching, Platform, SLEEPER } from "./launching.js";

const never = new AbortController().signal;

void test("a launch tells of every task as ECS accepts, places and starts it", async () => {
  await using platform = await Platform.start();
  await platform.register();
  const manager = platform.manager({ workers: 3 });
  const launching = new Launching(manager);
  const started = await launching.take("started", 3);
  assert.equal((await launching.take("launched", 3)).length, 3);
  assert.equal((await launching.take("placed", 3)).length, 3);
  const details = started[0]?.worker.details;
  assert.equal(details?.lastStatus, "RUNNING");
  assert.equal(details.containerInstanceArn, platform.local.instances[0]?.arn);
  assert.deepEqual(launching.uses, [3]);
  await launching.end();
  await manager.kill(
    started.map((outcome) => outcome.worker.id),
    0,
    never,
  );
  assert.deepEqual(platform.running(), []);
});

void test("more than ten workers are asked for in calls of ten, each with an environment of its own", async () => {
  await using platform = await Platform.start({ instances: [{ cpu: 4096, memory: 4096 }] });
  await platform.register();
  const manager = platform.manager({ workers: 13, command: ["node", "-e", ""] });
  const launching = new Launching(manager);
  const launched = await launching.take("launched", 13);
  assert.equal(new Set(launched.map((outcome) => outcome.worker.id)).size, 13);
  assert.deepEqual(launching.uses, [10, 3]);
  await launching.take("exited", 13);
  await launching.end();
});

void test("tasks carry the launch in startedBy, and the worker's variables", async () => {
  await using platform = await Platform.start();
  await platform.register();
  const lines: string[] = [];
  platform.local.onOutput((output) => lines.push(output.line));
  const program = "console.log(process.env.ROLLCALL_JOIN, process.env.ROLLCALL_LAUNCH_ID, process.env.MINE)";
  const manager = platform.manager({
    command: ["node", "-e", program],
    overrides: { container: { environment: { MINE: "yes" } } },
  });
  const launching = new Launching(manager, { launchId: "abcdef012345" });
  await launching.take("exited", 1);
  await launching.end();
  assert.deepEqual(lines, ["secret-join-token abcdef012345 yes"]);
  assert.equal(platform.local.tasks()[0]?.startedBy, "rollcall/abcdef012345");
});

void test("a report is recognised by its task ARN, and described with what ECS knows", async () => {
  await using platform = await Platform.start();
  await platform.register();
  const manager = platform.manager();
  const launching = new Launching(manager);
  const [launched] = await launching.take("started", 1);
  const id = launched?.worker.id ?? "";
  const report = {
    osPid: 1,
    hosts: ["127.0.0.1"],
    port: 1,
    nodeVersion: "v20.0.0",
    rollcallVersion: "0.1.0",
    cores: 1,
    memory: 1,
    hostname: "h",
  };
  assert.equal(manager.identify({ ...report, taskArn: id }), id);
  assert.equal(manager.identify({ ...report, taskArn: `${id}x` }), undefined);
  assert.equal(manager.identify(report), undefined);
  assert.equal(manager.describe(id)?.details.lastStatus, "RUNNING");
  assert.equal(manager.describe("other"), undefined);
  await launching.end();
  await manager.kill([id], 0, never);
});

void test("a task that exits at once ends its wait with exit code and last output", async () => {
  await using platform = await Platform.start();
  await platform.register({
    logConfiguration: {
      logDriver: "awslogs",
      options: { "awslogs-group": "/workers", "awslogs-stream-prefix": "rollcall" },
    },
  });
  await using manager = platform.manager({
    command: ["node", "-e", "console.log('no model file'); process.exitCode = 3"],
  });
  const launching = new Launching(manager);
  const [exited] = await launching.take("exited", 1);
  assert.equal(exited?.reason.kind, "exited");
  assert.equal(exited.reason.exitCode, 3);
  assert.deepEqual(exited.reason.output, ["no model file"]);
  assert.match(exited.reason.message, /EssentialContainerExited.*exit code 3/);
  await launching.end();
});

void test("a command that does not exist and an image that cannot be pulled say what to check", async () => {
  await using platform = await Platform.start({ missingImages: ["nowhere/none"] });
  await platform.register();
  const broken = new Launching(platform.manager({ command: ["no-such-program"] }));
  const [noCommand] = await broken.take("exited", 1);
  await broken.end();
  assert.equal(noCommand?.reason.kind, "stopped");
  assert.match(noCommand.reason.message, /no-such-program/);
  assert.match(noCommand.reason.advice ?? "", /check command, entry point/);
  await platform.register({ image: "nowhere/none" });
  const missing = new Launching(platform.manager());
  const [noImage] = await missing.take("exited", 1);
  await missing.end();
  assert.equal(noImage?.reason.cause, "image not found");
  assert.match(noImage.reason.message, /CannotPullContainerError/);
});

void test("a worker killed by a signal is told apart from one that exited", async () => {
  await using platform = await Platform.start();
  await platform.register();
  const manager = platform.manager({ command: ["node", "-e", "process.kill(process.pid, 'SIGKILL')"] });
  const launching = new Launching(manager);
  const [exited] = await launching.take("exited", 1);
  await launching.end();
  assert.equal(exited?.reason.kind, "signalled");
  assert.equal(exited.reason.signal, "SIGKILL");
});

void test("kill lets a worker end by itself within its grace", async () => {
  await using platform = await Platform.start();
  await platform.register();
  const manager = platform.manager({ command: ["node", "-e", "setTimeout(() => {}, 300)"] });
  const launching = new Launching(manager);
  const [started] = await launching.take("started", 1);
  await launching.end();
  await manager.kill([started?.worker.id ?? ""], 30_000, never);
  assert.equal(platform.local.tasks()[0]?.stopCode, "EssentialContainerExited");
});

void test("kill stops what is still there and names Rollcall as the reason", async () => {
  await using platform = await Platform.start();
  await platform.register();
  const manager = platform.manager({ workers: 2 });
  const launching = new Launching(manager);
  const started = await launching.take("started", 2);
  await launching.end();
  const ids = started.map((outcome) => outcome.worker.id);
  await manager.kill([...ids, "unknown"], 0, never);
  for (const task of platform.local.tasks()) {
    assert.match(task.lastStatus, /^(DEPROVISIONING|STOPPED)$/);
    assert.match(task.stoppedReason ?? "", /Rollcall/);
  }
  const reason = await manager.exitReason(ids[0] ?? "", never);
  assert.equal(reason?.kind, "stopped");
  assert.match(reason.message, /UserInitiated.*Rollcall/);
  await manager.kill(ids, 0, never);
});

void test("an aborted kill rejects with the reason of its signal", async () => {
  await using platform = await Platform.start();
  await platform.register();
  const manager = platform.manager();
  const launching = new Launching(manager);
  const [started] = await launching.take("started", 1);
  await launching.end();
  const reason = new Error("enough");
  await assert.rejects(manager.kill([started?.worker.id ?? ""], 30_000, AbortSignal.abort(reason)), reason);
});

void test("the reason of a running task's end is unknown until the signal gives up", async () => {
  await using platform = await Platform.start();
  await platform.register();
  const manager = platform.manager();
  const launching = new Launching(manager);
  const [started] = await launching.take("started", 1);
  await launching.end();
  const id = started?.worker.id ?? "";
  assert.equal(await manager.exitReason(id, AbortSignal.abort()), undefined);
  assert.equal(await manager.exitReason("unknown", never), undefined);
  const found = manager.exitReason(id, never);
  await manager.kill([id], 0, never);
  assert.equal((await found)?.kind, "stopped");
});

void test("capacity for some only: the rest fail with the reason of ECS, at once if told so", async () => {
  await using platform = await Platform.start({ instances: [{ cpu: 256, memory: 4096 }] });
  await platform.register();
  const manager = platform.manager({ workers: { min: 1, max: 4 }, timeouts: { capacityMs: 0 } });
  const launching = new Launching(manager);
  const [failed] = await launching.take("failed", 1);
  assert.equal(failed?.failure.count, 2);
  assert.equal(failed.failure.cause, "RESOURCE:CPU");
  assert.match(failed.failure.advice ?? "", /add instances/);
  const launched = await launching.take("launched", 2);
  await launching.end();
  await manager.kill(
    launched.map((outcome) => outcome.worker.id),
    0,
    never,
  );
});

void test("capacity that comes back in time is used", async () => {
  await using platform = await Platform.start();
  await platform.register();
  platform.local.faults.add({ kind: "no-capacity", reason: "AGENT", times: 2 });
  const manager = platform.manager({ workers: 2, command: ["node", "-e", ""] });
  const launching = new Launching(manager);
  await launching.take("exited", 2);
  assert.deepEqual(
    launching.outcomes.filter((outcome) => outcome.kind === "failed"),
    [],
  );
  await launching.end();
});

void test("what a launch waits for is told when its cause changes, not for each attempt", async () => {
  await using platform = await Platform.start();
  await platform.register();
  platform.local.faults.add({ kind: "throttle", operation: "RunTask", times: 3 });
  platform.local.faults.add({ kind: "no-capacity", reason: "RESOURCE:MEMORY", times: 2 });
  const manager = platform.manager({ workers: 1, command: ["node", "-e", ""] });
  const launching = new Launching(manager);
  await launching.take("exited", 1);
  const waits = launching.outcomes.flatMap((outcome) =>
    outcome.kind === "waiting" ? [outcome.failure] : [],
  );
  assert.deepEqual(
    waits.map(({ count, cause }) => ({ count, cause })),
    [
      { count: 1, cause: "ThrottlingException" },
      { count: 1, cause: "RESOURCE:MEMORY" },
    ],
  );
  assert.match(waits[1]?.advice ?? "", /add instances/);
  await launching.end();
});

void test("host ports that allow one worker for each instance are named in the failure", async () => {
  await using platform = await Platform.start();
  await platform.register({ portMappings: [{ containerPort: 9009 }] });
  const manager = platform.manager({ workers: 2, timeouts: { capacityMs: 0 } });
  const launching = new Launching(manager);
  const [failed] = await launching.take("failed", 1);
  assert.equal(failed?.failure.cause, "RESOURCE:PORTS");
  assert.match(failed.failure.message, /9009/);
  assert.match(failed.failure.advice ?? "", /remove its portMappings/);
  await launching.end();
});

for (const kind of ["lose-answer", "cut-connection"] as const) {
  void test(`after ${kind} the repeated request brings the tasks that were started, and no others`, async () => {
    await using platform = await Platform.start();
    await platform.register();
    platform.local.faults.add({ kind, operation: "RunTask", times: 2 });
    const manager = platform.manager({ workers: 2 });
    const launching = new Launching(manager);
    await launching.take("started", 2);
    assert.equal(platform.local.tasks().length, 2);
    await launching.end();
  });
}

void test("throttling and a failing service slow a launch down and do not fail it", async () => {
  await using platform = await Platform.start();
  await platform.register();
  for (const operation of ["DescribeTaskDefinition", "RunTask", "DescribeTasks"]) {
    platform.local.faults.add({ kind: "throttle", operation });
    platform.local.faults.add({ kind: "fail", operation });
  }
  const launching = new Launching(platform.manager());
  await launching.take("started", 1);
  await launching.end();
});

void test("StopTask is repeated when it is throttled", async () => {
  await using platform = await Platform.start();
  await platform.register();
  const manager = platform.manager();
  const launching = new Launching(manager);
  const [started] = await launching.take("started", 1);
  await launching.end();
  platform.local.faults.add({ kind: "throttle", operation: "StopTask", times: 2 });
  await manager.kill([started?.worker.id ?? ""], 0, never);
  assert.deepEqual(platform.running(), []);
});

void test("tasks that nobody was told of are stopped when the launch is over", async () => {
  await using platform = await Platform.start();
  await platform.register();
  const launching = new Launching(platform.manager({ workers: 3 }));
  const { value } = await launching.next();
  assert.equal(value?.kind, "launched");
  await launching.end();
  assert.deepEqual(platform.notStopped(), [value.worker.id]);
});

void test("tasks of which ECS tells only when the launch is over are STOPPED before it has ended", async () => {
  await using platform = await Platform.start();
  await platform.register({ stopTimeout: 20 });
  // It takes its time to end, so that being told to stop and being STOPPED are two moments.
  const slow = `
    process.on("SIGTERM", () => setTimeout(() => process.exit(), 300));
    setTimeout(() => {}, 60_000);
    console.log("ready");`;
  const manager = platform.manager({ workers: 2, command: ["node", "-e", slow] });
  const held = platform.holdAnswers("RunTaskCommand");
  const launching = new Launching(manager);
  const pending = launching.next();
  await held.arrived;
  await platform.lines(2);
  const ended = launching.end();
  held.release();
  await ended;
  assert.equal((await pending).done, true);
  assert.equal(platform.local.tasks().length, 2);
  assert.deepEqual(platform.notStopped(), []);
});

void test("tasks of a RunTask whose answer never came are found by their mark and stopped", async () => {
  await using platform = await Platform.start();
  await platform.register();
  platform.local.faults.add({ kind: "lose-answer", operation: "RunTask", times: Infinity });
  const launching = new Launching(platform.manager({ startedBy: "mine" }));
  const started = new Promise<void>((resolve) => platform.local.onTaskChange(() => resolve()));
  const pending = launching.next();
  await started;
  await launching.end();
  await pending;
  assert.deepEqual(platform.notStopped(), []);
});

const refused = [
  {
    title: "an unknown task definition",
    options: { taskDefinition: "nothing" },
    message: /there is no task definition "nothing".*check taskDefinition/s,
  },
  {
    title: "a container name that the task definition does not have",
    options: { containerName: "sidecar" },
    message: /has no container "sidecar"; its containers are worker: set containerName/,
  },
  {
    title: "an unknown ECS cluster",
    options: { ecsCluster: "nowhere" },
    message: /there is no ECS cluster "nowhere".*check ecsCluster/s,
  },
];
for (const { title, options, message } of refused) {
  void test(`${title} refuses the launch and starts nothing`, async () => {
    await using platform = await Platform.start();
    await platform.register();
    const launching = new Launching(platform.manager(options));
    await assert.rejects(
      launching.next(),
      (error: unknown) => error instanceof ClusterManagerError && message.test(error.message),
    );
    assert.deepEqual(platform.local.tasks(), []);
  });
}

void test("a launch whose runTask cannot be sent is refused, names its members and starts nothing", async () => {
  await using platform = await Platform.start();
  await platform.register();
  platform.client.middlewareStack.add(
    (next, context) => (sent) => {
      if (context.commandName === "RunTaskCommand") {
        (sent.request as { body: unknown }).body = Uint8Array.of(0xbf, 0xff);
      }
      return next(sent);
    },
    { step: "serialize", priority: "low" },
  );
  const launching = new Launching(platform.manager({ runTask: { novel: 1 } }));
  await assert.rejects(
    launching.next(),
    (error: unknown) => error instanceof ClusterManagerError && error.message.startsWith("runTask: novel"),
  );
  assert.deepEqual(platform.local.tasks(), []);
});

void test("workers of a local endpoint find the rendezvous on loopback", async () => {
  await using platform = await Platform.start();
  await platform.register();
  assert.deepEqual(await platform.manager().rendezvousAddress(never), {
    advertiseHost: "127.0.0.1",
    bindHost: "127.0.0.1",
    ports: { from: 0, to: 0 },
  });
  const manager = platform.manager({ rendezvous: { host: "10.1.2.3", port: 4000 } });
  assert.deepEqual(await manager.rendezvousAddress(never), {
    advertiseHost: "10.1.2.3",
    bindHost: "0.0.0.0",
    ports: { from: 4000, to: 4000 },
  });
});

void test("two launches of one manager do not mix", async () => {
  await using platform = await Platform.start();
  await platform.register();
  const manager = platform.manager({ command: SLEEPER });
  const one = new Launching(manager);
  const two = new Launching(manager);
  const [first] = await one.take("started", 1);
  const [second] = await two.take("started", 1);
  assert.notEqual(first?.worker.id, second?.worker.id);
  await one.end();
  await two.end();
  assert.equal(platform.running().length, 2);
});
