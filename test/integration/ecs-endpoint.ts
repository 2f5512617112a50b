import { ECSClient, RegisterTaskDefinitionCommand, type ContainerDefinition } from "@aws-sdk/client-ecs";
import { ECSManager, type ECSManagerOptions } from "#dist/managers/ecs/index.js";
import { startLocalECS, type LocalECS, type LocalECSOptions } from "#dist/local-ecs/index.js";
import { fileURLToPath } from "node:url";

/** What a container of a worker runs. */
export const WORKER_COMMAND: readonly string[] = [
  "node",
  fileURLToPath(import.meta.resolve("#dist/worker/main.js")),
];

/** So that an error can show the last output of a task. */
export const AWSLOGS: Partial<ContainerDefinition> = {
  logConfiguration: {
    logDriver: "awslogs",
    options: {
      "awslogs-group": "/workers",
      "awslogs-stream-prefix": "rollcall",
      "awslogs-region": "us-east-1",
    },
  },
};

/** An ECS endpoint with the definition `worker` and a client of the real SDK; both end with it. */
export class ECSEndpoint implements AsyncDisposable {
  private constructor(
    readonly local: LocalECS,
    readonly client: ECSClient,
  ) {}

  static async start(
    options: LocalECSOptions = {},
    container: Partial<ContainerDefinition> = {},
  ): Promise<ECSEndpoint> {
    const local = await startLocalECS({ stopTimeout: 5, closeGraceMs: 500, ...options });
    const client = new ECSClient({ ...local.clientConfig, maxAttempts: 1 });
    const endpoint = new ECSEndpoint(local, client);
    await endpoint.register(container);
    return endpoint;
  }

  /** Registers a revision of the definition `worker` in network mode host. */
  async register(container: Partial<ContainerDefinition> = {}): Promise<void> {
    await this.client.send(
      new RegisterTaskDefinitionCommand({
        family: "worker",
        networkMode: "host",
        containerDefinitions: [{ name: "worker", image: "node", cpu: 256, memory: 128, ...container }],
      }),
    );
  }

  manager(options: Partial<ECSManagerOptions> = {}): ECSManager {
    return new ECSManager({
      client: this.client,
      taskDefinition: "worker",
      workers: 1,
      command: WORKER_COMMAND,
      pollMs: 100,
      ...options,
    });
  }

  /** The tasks that still have containers, in words: in DEPROVISIONING those have stopped, as in STOPPED. */
  alive(): string[] {
    return this.local
      .tasks()
      .filter(({ lastStatus }) => lastStatus !== "DEPROVISIONING" && lastStatus !== "STOPPED")
      .map(({ taskArn, lastStatus }) => `${taskArn} is ${lastStatus}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.local.close();
  }
}
