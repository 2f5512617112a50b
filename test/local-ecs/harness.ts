import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import {
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  type ContainerDefinition,
  type RegisterTaskDefinitionCommandInput,
  type RunTaskCommandInput,
  type Task,
} from "@aws-sdk/client-ecs";
import { startLocalECS, type LocalECS, type LocalECSOptions } from "#dist/local-ecs/index.js";
import assert from "node:assert/strict";
import type { TestContext } from "node:test";

/** An endpoint with clients of the real SDK; all of it ends with the test. */
export interface TestEndpoint {
  readonly ecs: LocalECS;
  readonly client: ECSClient;
  readonly logs: CloudWatchLogsClient;
  /** Registers a host-mode definition of one container `main` and returns `family:revision`. */
  readonly register: (
    container: Partial<ContainerDefinition>,
    definition?: Partial<RegisterTaskDefinitionCommandInput>,
  ) => Promise<string>;
  /** Runs one task that must be placed. */
  readonly runOne: (
    taskDefinition: string,
    request?: Partial<RunTaskCommandInput>,
  ) => Promise<Task & { taskArn: string }>;
}

export async function startEndpoint(t: TestContext, options: LocalECSOptions = {}): Promise<TestEndpoint> {
  const ecs = await startLocalECS(options);
  // The SDK must not wait before it tries again: no test looks at its back-off.
  const config = { ...ecs.clientConfig, maxAttempts: 1 };
  const client = new ECSClient(config);
  const logs = new CloudWatchLogsClient(config);
  t.after(async () => {
    client.destroy();
    logs.destroy();
    await ecs.close();
  });
  return {
    ecs,
    client,
    logs,
    register: (container, definition) => register(client, container, definition),
    runOne: async (taskDefinition, request) => {
      const { tasks, failures } = await client.send(new RunTaskCommand({ taskDefinition, ...request }));
      assert.deepEqual(failures, []);
      const task = tasks?.[0];
      assert.ok(task?.taskArn);
      return { ...task, taskArn: task.taskArn };
    },
  };
}

async function register(
  client: ECSClient,
  container: Partial<ContainerDefinition>,
  definition: Partial<RegisterTaskDefinitionCommandInput> = {},
): Promise<string> {
  const { taskDefinition } = await client.send(
    new RegisterTaskDefinitionCommand({
      family: "work",
      networkMode: "host",
      containerDefinitions: [{ name: "main", image: "none", memory: 64, ...container }],
      ...definition,
    }),
  );
  return `${taskDefinition?.family}:${taskDefinition?.revision}`;
}

/** A container definition that runs this JavaScript. */
export function script(source: string): Partial<ContainerDefinition> {
  return { command: [process.execPath, "--input-type=module", "-e", source] };
}

/** Writes its first line at once, and then waits to be stopped. */
export const IDLE = script(`console.log("ready"); setInterval(() => {}, 1000);`);

export const AWSLOGS: Partial<ContainerDefinition> = {
  logConfiguration: {
    logDriver: "awslogs",
    options: { "awslogs-group": "/work", "awslogs-stream-prefix": "run", "awslogs-region": "us-east-1" },
  },
};

/** Resolves with the next line that satisfies the condition, of any task. */
export function nextLine(ecs: LocalECS, matches: (line: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    const remove = ecs.onOutput(({ line }) => {
      if (!matches(line)) return;
      remove();
      resolve(line);
    });
  });
}

export function isRunning({ lastStatus }: { readonly lastStatus: string }): boolean {
  return lastStatus === "RUNNING";
}

export function isStopped({ lastStatus }: { readonly lastStatus: string }): boolean {
  return lastStatus === "STOPPED";
}

/** Whether a process is there; one that has ended and waits to be collected is not. */
export { isAlive } from "../fixtures/processes.js";
