import { ECSClient, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import type { ContainerDefinition, RegisterTaskDefinitionCommandInput } from "@aws-sdk/client-ecs";
import { startLocalECS } from "#dist/local-ecs/index.js";
import type { LocalECS, LocalECSOptions } from "#dist/local-ecs/index.js";
import { deferred } from "#dist/util/deferred.js";
import type { LaunchOutcome, LaunchRequest } from "#dist/cluster/cluster-manager.js";
import { ECSManager } from "#dist/managers/ecs/index.js";
import type { ECSManagerOptions, ECSTaskDetails } from "#dist/managers/ecs/index.js";

export type Outcome = LaunchOutcome<ECSTaskDetails>;

export const SLEEPER = ["node", "-e", "setTimeout(() => {}, 60000)"];

/** An endpoint with an SDK client; both end with the test that holds it. */
export class Platform implements AsyncDisposable {
  private constructor(
    readonly local: LocalECS,
    readonly client: ECSClient,
  ) {}

  static async start(options: LocalECSOptions = {}): Promise<Platform> {
    const local = await startLocalECS({ stopTimeout: 2, closeGraceMs: 500, ...options });
    return new Platform(local, new ECSClient({ ...local.clientConfig, maxAttempts: 1 }));
  }

  async register(
    container: Partial<ContainerDefinition> = {},
    definition: Partial<RegisterTaskDefinitionCommandInput> = {},
  ): Promise<string> {
    const answer = await this.client.send(
      new RegisterTaskDefinitionCommand({
        family: "worker",
        networkMode: "host",
        containerDefinitions: [{ name: "worker", image: "node", cpu: 128, memory: 128, ...container }],
        ...definition,
      }),
    );
    return answer.taskDefinition?.taskDefinitionArn ?? "";
  }

  manager(options: Partial<ECSManagerOptions> = {}): ECSManager {
    return new ECSManager({
      client: this.client,
      taskDefinition: "worker",
      workers: 1,
      command: SLEEPER,
      pollMs: 40,
      ...options,
    });
  }

  /** ARNs of the tasks that ECS has not been told to stop. */
  running(): readonly string[] {
    return this.local
      .tasks()
      .filter((task) => task.desiredStatus === "RUNNING")
      .map((task) => task.taskArn);
  }

  /** ARNs of the tasks that are not STOPPED. */
  notStopped(): readonly string[] {
    return this.local
      .tasks()
      .filter((task) => task.lastStatus !== "STOPPED")
      .map((task) => task.taskArn);
  }

  /** Resolves when tasks have written so many lines more. */
  lines(count: number): Promise<void> {
    return new Promise((resolve) => {
      let seen = 0;
      const stop = this.local.onOutput(() => {
        if (++seen < count) return;
        stop();
        resolve();
      });
    });
  }

  /** Keeps answers of ECS to such commands (`RunTaskCommand`, ...) from the client until they are released. */
  holdAnswers(commandName: string): { readonly arrived: Promise<void>; release(): void } {
    const arrived = deferred<void>();
    const released = deferred<void>();
    this.client.middlewareStack.add(
      (next, context) => async (args) => {
        const answer = await next(args);
        if (context.commandName === commandName) {
          arrived.resolve();
          await released.promise;
        }
        return answer;
      },
      { step: "initialize" },
    );
    return { arrived: arrived.promise, release: () => released.resolve() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.local.close();
  }
}

let launches = 0;

/** A launch in progress, as a cluster would hold it. */
export class Launching {
  readonly outcomes: Outcome[] = [];
  readonly uses: number[] = [];
  readonly #over = new AbortController();
  readonly #iterator: AsyncIterator<Outcome>;

  constructor(manager: ECSManager, overrides: Partial<LaunchRequest> = {}) {
    const outcomes = manager.launch({
      launchId: `launch${String(++launches).padStart(6, "0")}`,
      projectRoot: process.cwd(),
      workers: manager.workers,
      workerEnvironment: (uses) => {
        this.uses.push(uses);
        return { ROLLCALL_JOIN: "secret-join-token" };
      },
      signal: this.#over.signal,
      ...overrides,
    });
    this.#iterator = outcomes[Symbol.asyncIterator]();
  }

  /** Takes outcomes until there are so many of this kind, and returns those. */
  async take<Kind extends Outcome["kind"]>(
    kind: Kind,
    count: number,
  ): Promise<readonly Extract<Outcome, { kind: Kind }>[]> {
    for (;;) {
      const found = this.outcomes.filter(
        (outcome): outcome is Extract<Outcome, { kind: Kind }> => outcome.kind === kind,
      );
      if (found.length >= count) return found;
      const { done, value } = await this.#iterator.next();
      if (done === true) throw new Error(`the launch ended with ${found.length} of ${count} ${kind}`);
      this.outcomes.push(value);
    }
  }

  /** The next outcome, whatever it is. */
  next(): Promise<IteratorResult<Outcome>> {
    return this.#iterator.next();
  }

  /** Ends the launch as a cluster does, and waits until the iteration has ended. */
  async end(): Promise<void> {
    this.#over.abort();
    for (;;) {
      if ((await this.#iterator.next()).done === true) return;
    }
  }
}
