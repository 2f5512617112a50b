import { RegisterTaskDefinitionCommand, RunTaskCommand, type ContainerDefinition } from "@aws-sdk/client-ecs";
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { isStopped, script, startEndpoint, type TestEndpoint } from "./harness.js";
import { PureEndpoint } from "./pure-endpoint.js";

void test("a container starts after those that it depends on have ended, wherever it stands in the list", async (t) => {
  const { ecs, run } = await endpointWith(t);
  const lines: string[] = [];
  ecs.onOutput(({ container, line }) => lines.push(`${container} ${line}`));
  const { containers } = await run([
    container("main", `console.log("begins")`, {
      dependsOn: [{ containerName: "init", condition: "SUCCESS" }],
    }),
    container("init", `setTimeout(() => console.log("ends"), 50)`, { essential: false }),
  ]);
  assert.deepEqual(lines, ["init ends", "main begins"]);
  assert.deepEqual(
    containers.map(({ exitCode }) => exitCode),
    [0, 0],
  );
});

void test("a container whose dependency fails does not start, and its task ends", async (t) => {
  const { run } = await endpointWith(t);
  const { stopCode, containers } = await run([
    container("main", "", { dependsOn: [{ containerName: "init", condition: "SUCCESS" }] }),
    container("init", "process.exit(3)", { essential: false }),
  ]);
  assert.equal(stopCode, "TaskFailedToStart");
  assert.match(containers[0]?.reason ?? "", /^TaskDependencyError: .* init, which did not exit with code 0$/);
});

void test("dependencies without an order are refused with their names", () => {
  const endpoint = new PureEndpoint();
  const refused = (...containerDefinitions: object[]): string =>
    endpoint.refused("RegisterTaskDefinition", { family: "work", containerDefinitions });
  const one = (name: string, on: string, condition = "START"): object => ({
    name,
    image: "none",
    memory: 64,
    dependsOn: [{ containerName: on, condition }],
  });
  assert.match(refused(one("a", "b")), /'a' depends on 'b', which is not in the task/);
  assert.match(refused(one("a", "b"), one("b", "c"), one("c", "a")), /'a' depends on itself/);
  assert.match(
    refused(one("a", "b", "COMPLETE"), one("b", "a")),
    /'a' waits for the end of 'b' .* essential/,
  );
  assert.match(refused(one("a", "b", "HEALTHY")), /dependsOn is not supported .* HEALTHY/);
});

function container(name: string, source: string, more: Partial<ContainerDefinition>): ContainerDefinition {
  return { name, image: "none", memory: 64, ...script(source), ...more };
}

interface Runner {
  readonly ecs: TestEndpoint["ecs"];
  /** Runs a task to its end. */
  readonly run: (containers: ContainerDefinition[]) => ReturnType<TestEndpoint["ecs"]["waitForTask"]>;
}

async function endpointWith(t: TestContext): Promise<Runner> {
  const { ecs, client } = await startEndpoint(t);
  return {
    ecs,
    run: async (containerDefinitions) => {
      await client.send(
        new RegisterTaskDefinitionCommand({ family: "work", networkMode: "host", containerDefinitions }),
      );
      const { tasks } = await client.send(new RunTaskCommand({ taskDefinition: "work" }));
      return await ecs.waitForTask(tasks?.[0]?.taskArn ?? "", isStopped);
    },
  };
}
