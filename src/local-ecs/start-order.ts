/** In which order the containers of a task start (ECS API Reference, ContainerDependency). */

export interface ContainerDependency {
  readonly containerName: string;
  /** It has started; or it has ended; or it has ended with exit code 0. */
  readonly condition: "START" | "COMPLETE" | "SUCCESS";
}

interface Dependent {
  readonly name: string;
  readonly essential: boolean;
  readonly dependsOn: readonly ContainerDependency[];
}

/** Each after all that it depends on, and otherwise as given. What `whyNotOrdered` refuses has no order. */
export function startOrder<Container extends Dependent>(containers: readonly Container[]): Container[] {
  const ordered = new Set<Container>();
  const visit = (container: Container): void => {
    for (const { containerName } of container.dependsOn) {
      const needed = containers.find(({ name }) => name === containerName);
      if (needed !== undefined && !ordered.has(needed)) visit(needed);
    }
    ordered.add(container);
  };
  containers.forEach(visit);
  return [...ordered];
}

/** Why there is no such order; undefined if there is one. */
export function whyNotOrdered(containers: readonly Dependent[]): string | undefined {
  const byName = new Map(containers.map((container) => [container.name, container]));
  for (const { name, dependsOn } of containers) {
    for (const { containerName, condition } of dependsOn) {
      const needed = byName.get(containerName);
      if (needed === undefined)
        return `Container '${name}' depends on '${containerName}', which is not in the task.`;
      if (condition !== "START" && needed.essential)
        return `Container '${name}' waits for the end of '${containerName}' (${condition}), which is essential.`;
    }
  }
  const cyclic = containers.find(({ name }) => dependsOnItself(name, byName));
  return cyclic === undefined
    ? undefined
    : `Container '${cyclic.name}' depends on itself, perhaps through others.`;
}

function dependsOnItself(name: string, byName: ReadonlyMap<string, Dependent>): boolean {
  const seen = new Set<string>();
  const waiting = [name];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const { containerName } of byName.get(next)?.dependsOn ?? []) {
      if (containerName === name) return true;
      if (seen.has(containerName)) continue;
      seen.add(containerName);
      waiting.push(containerName);
    }
  }
  return false;
}
