import assert from "node:assert/strict";
import { test } from "node:test";
import type { ECSClient, Task } from "@aws-sdk/client-ecs";
import { ECSManager } from "#dist/managers/ecs/index.js";
import { Launching } from "./launching.js";

const ACCOUNT = "arn:aws:ecs:eu-central-1:123456789012";

interface Command {
  readonly constructor: { readonly name: string };
  readonly input: {
    readonly count?: number;
    readonly tasks?: readonly string[];
    readonly clientToken?: string;
  };
}

/** Stands for the service: starts nothing, and notes when it was asked for what. */
class Recorder {
  readonly calls: { readonly operation: string; readonly at: number; readonly input: Command["input"] }[] =
    [];
  mostAtOnce = 0;
  #atOnce = 0;
  #tasks = 0;

  readonly send = async (command: Command): Promise<object> => {
    const operation = command.constructor.name.replace(/Command$/, "");
    this.calls.push({ operation, at: performance.now(), input: command.input });
    if (operation === "DescribeTasks") this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    // As any answer over a network it comes later.
    await new Promise((resolve) => setImmediate(resolve));
    if (operation === "DescribeTasks") this.#atOnce -= 1;
    return this.#answer(operation, command.input);
  };

  of(...operations: readonly string[]): readonly number[] {
    return this.calls.filter(({ operation }) => operations.includes(operation)).map(({ at }) => at);
  }

  #answer(operation: string, { count = 0, tasks = [] }: Command["input"]): object {
    switch (operation) {
      case "DescribeTaskDefinition":
        return {
          taskDefinition: {
            taskDefinitionArn: `${ACCOUNT}:task-definition/worker:1`,
            status: "ACTIVE",
            networkMode: "host",
            containerDefinitions: [{ name: "worker", image: "i" }],
          },
        };
      case "RunTask":
        return {
          tasks: Array.from({ length: count }, () => ({
            taskArn: `${ACCOUNT}:task/default/${String(++this.#tasks).padStart(32, "0")}`,
            lastStatus: "PROVISIONING",
          })),
        };
      case "DescribeTasks":
        return { tasks: tasks.map((taskArn): Task => ({ taskArn, lastStatus: "RUNNING", version: 2 })) };
      default:
        return {};
    }
  }
}

/** The least that is left in a token bucket that these calls take from. */
function leastLeft(times: readonly number[], burst: number, perSecond: number): number {
  let [tokens, least] = [burst, burst];
  let last = times[0] ?? 0;
  for (const at of times) {
    tokens = Math.min(burst, tokens + ((at - last) * perSecond) / 1000) - 1;
    least = Math.min(least, tokens);
    last = at;
  }
  return least;
}

void test("a thousand workers are started and watched within half of what an account may ask", async () => {
  const recorder = new Recorder();
  const manager = new ECSManager({
    client: recorder as unknown as ECSClient,
    taskDefinition: "worker",
    workers: 1000,
  });
  const launching = new Launching(manager);
  await launching.take("started", 1000);
  assert.equal(recorder.of("DescribeTaskDefinition").length, 1);
  const runs = recorder.calls.filter(({ operation }) => operation === "RunTask");
  assert.equal(runs.length, 100, "ten in each call");
  assert.equal(new Set(runs.map(({ input }) => input.clientToken)).size, 100, "each with its own token");
  // Amazon ECS API reference, "Request throttling": 100 and 40 a second for changes, 100 and 20 a second for reads.
  assert.ok(leastLeft(recorder.of("RunTask", "StopTask"), 100, 40) >= 45);
  assert.ok(leastLeft(recorder.of("DescribeTasks", "ListTasks"), 100, 20) >= 50);
  const looks = recorder.calls.filter(({ operation }) => operation === "DescribeTasks");
  assert.ok(looks.every(({ input }) => (input.tasks?.length ?? 0) <= 100));
  assert.equal(recorder.mostAtOnce, 1, "one poller for all");
  await launching.end();
  const after = recorder.calls.length;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(recorder.calls.length, after, "nobody is watched any more");
  await manager.close();
});

void test("a worker that ends on AWS is told with its pages in the console", async () => {
  const recorder = new Recorder();
  const manager = new ECSManager({
    client: {
      send: async (command: Command) => {
        const answer = await recorder.send(command);
        if (!("tasks" in answer) || command.constructor.name !== "DescribeTasksCommand") return answer;
        const [task] = answer.tasks as Task[];
        return { tasks: [{ ...task, lastStatus: "STOPPED", stopCode: "SpotInterruption" }] };
      },
    } as unknown as ECSClient,
    taskDefinition: "worker",
    workers: 1,
    pollMs: 20,
  });
  const launching = new Launching(manager);
  const [exited] = await launching.take("exited", 1);
  assert.equal(exited?.reason.cause, "Spot interruption");
  const [link] = exited.reason.links ?? [];
  assert.match(
    link?.url ?? "",
    /^https:\/\/eu-central-1\.console\.aws\.amazon\.com\/ecs\/v2\/clusters\/default\/tasks\/0+1\//,
  );
  await launching.end();
  await manager.close();
});
