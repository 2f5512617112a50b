/** An endpoint without sockets, processes, clock and chance: requests in, answers and effects out. */
import { answer, type ApiAnswer } from "#dist/local-ecs/api.js";
import { Faults } from "#dist/local-ecs/faults.js";
import { createState } from "#dist/local-ecs/initial-state.js";
import { LogStore } from "#dist/local-ecs/log-store.js";
import { forgetExpired, type LocalState, type Task } from "#dist/local-ecs/state.js";
import { step, type TaskEffect, type TaskEvent } from "#dist/local-ecs/task-lifecycle.js";
import type { JsonObject } from "#dist/local-ecs/validation.js";
import assert from "node:assert/strict";

export class PureEndpoint {
  now = 1_000_000;
  readonly faults = new Faults();
  readonly logs = new LogStore(4096);
  readonly state: LocalState;
  /** Effects that nobody has performed yet. */
  effects: TaskEffect[] = [];
  #ids = 0;

  constructor(instances: readonly { cpu?: number; memory?: number; capacityProvider?: string }[] = [{}, {}]) {
    this.state = createState(
      { region: "eu-west-1", accountId: "123456789012" },
      instances.map(({ cpu = 1024, memory = 1024, ...provider }, index) => ({
        ...provider,
        cpu,
        memory,
        availabilityZone: `eu-west-1${"ab"[index % 2]}`,
        privateIpv4Address: `10.0.0.${index + 1}`,
        attributes: {},
        cluster: "default",
      })),
      this.#newId,
      this.now,
    );
  }

  readonly #newId = (): string => (this.#ids += 1).toString(16).padStart(32, "0");

  send(operation: string, body: unknown = {}, service = "AmazonEC2ContainerServiceV20141113"): ApiAnswer {
    forgetExpired(this.state, this.now);
    const answered = answer(
      {
        state: this.state,
        logs: this.logs,
        faults: this.faults,
        now: this.now,
        newId: this.#newId,
        random: () => 0.5,
        whyUnsupported: () => undefined,
      },
      {
        target: `${service}.${operation}`,
        authorization: "AWS4-HMAC-SHA256 ...",
        body: typeof body === "string" ? body : JSON.stringify(body),
      },
    );
    this.effects.push(...answered.effects);
    return answered;
  }

  /** The response of a request that must succeed. */
  ok(operation: string, body: unknown = {}): JsonObject {
    const { status, body: response } = this.send(operation, body);
    assert.equal(status, 200, JSON.stringify(response));
    return response;
  }

  /** `<code>: <message>` of a request that must be refused. */
  refused(operation: string, body: unknown = {}): string {
    const { status, body: response } = this.send(operation, body);
    assert.notEqual(status, 200, JSON.stringify(response));
    return `${String(response["__type"])}: ${String(response["message"])}`;
  }

  /** Registers a definition of one container `main` and returns its ARN. */
  register(container: JsonObject = {}, definition: JsonObject = {}): string {
    const { taskDefinition } = this.ok("RegisterTaskDefinition", {
      family: "work",
      networkMode: "host",
      containerDefinitions: [{ name: "main", image: "none", memory: 256, cpu: 256, ...container }],
      ...definition,
    }) as { taskDefinition: { taskDefinitionArn: string } };
    return taskDefinition.taskDefinitionArn;
  }

  run(body: JsonObject = {}): {
    tasks: { taskArn: string; containerInstanceArn: string; capacityProviderName?: string }[];
    failures: { arn?: string; reason: string }[];
  } {
    return this.ok("RunTask", { taskDefinition: "work", ...body }) as ReturnType<PureEndpoint["run"]>;
  }

  task(arn: string): Task {
    const task = this.state.tasks.get(arn.slice(arn.lastIndexOf("/") + 1));
    assert.ok(task, `no task ${arn}`);
    return task;
  }

  apply(task: Task, event: TaskEvent): void {
    this.effects.push(...step(task, event, this.now));
  }

  /** Performs the `advance` effects until none is left and returns the kinds of the others, apart from `changed`. */
  settle(): string[] {
    const others: string[] = [];
    for (let effect = this.effects.shift(); effect !== undefined; effect = this.effects.shift()) {
      if (effect.kind === "advance") this.apply(effect.task, { kind: "advance", from: effect.from });
      else if (effect.kind !== "changed") others.push(effect.kind);
    }
    return others;
  }

  /** Takes a task from PROVISIONING to RUNNING. */
  start(task: Task): void {
    this.settle();
    for (const container of task.containers)
      this.apply(task, { kind: "container-started", container, runtimeId: "r", networkBindings: [] });
    this.settle();
  }

  /** Takes a running task to STOPPED. */
  end(task: Task, exitCode = 0): void {
    for (const container of task.containers)
      this.apply(task, { kind: "container-exited", container, exitCode });
    this.settle();
  }
}
