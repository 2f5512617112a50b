/** What the ECS agent of an instance says on port 51678 (Developer Guide, "Amazon ECS container agent introspection"). */
import { dockerName, knownStatus, networkMetadata, portsOf } from "./metadata.js";
import type { ContainerInstance, LocalState, Task } from "./state.js";
import type { JsonObject } from "./validation.js";

/** The version of the agent that the endpoint speaks for. */
export const AGENT_VERSION = "1.105.1";

/** The answer to a GET of `url`, a path with perhaps a query; undefined where the real agent has nothing. */
export function introspect(
  state: LocalState,
  instance: ContainerInstance,
  { pathname, searchParams }: URL,
): JsonObject | undefined {
  switch (pathname) {
    case "/v1/metadata":
      return {
        Cluster: instance.cluster,
        ContainerInstanceArn: instance.arn,
        Version: `Amazon ECS Agent - v${AGENT_VERSION} (local)`,
      };
    case "/v1/tasks": {
      const tasks = [...state.tasks.values()].filter((task) => task.instance === instance);
      const arn = searchParams.get("taskarn");
      const dockerId = searchParams.get("dockerid");
      if (arn === null && dockerId === null) return { Tasks: tasks.map(describe) };
      const found = tasks.find(
        (task) =>
          task.arn === arn ||
          (dockerId !== null && task.containers.some(({ runtimeId }) => runtimeId?.startsWith(dockerId))),
      );
      return found === undefined ? undefined : describe(found);
    }
    default:
      return undefined;
  }
}

function describe(task: Task): JsonObject {
  const { definition } = task;
  return {
    Arn: task.arn,
    DesiredStatus: task.desiredStatus,
    KnownStatus: knownStatus(task),
    Family: definition.family,
    Version: `${definition.revision}`,
    Containers: task.containers.map((container) => ({
      DockerId: container.runtimeId ?? "",
      DockerName: dockerName(task, container),
      Name: container.definition.name,
      Ports: portsOf(container),
      Networks: [networkMetadata(task, container)],
    })),
  };
}
