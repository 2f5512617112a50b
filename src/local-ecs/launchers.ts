import { DockerLauncher } from "./docker-launcher.js";
import type { Launcher } from "./launcher.js";
import type { ResolvedOptions } from "./options.js";
import { ProcessLauncher } from "./process-launcher.js";
import type { TaskDefinition } from "./state.js";

/** What runs the tasks of each container instance: its Docker engine, or the one launcher of processes. */
export class Launchers {
  /** By socket; `undefined` is the launcher of processes. Never empty, and all of one kind. */
  constructor(private readonly launchers: ReadonlyMap<string | undefined, Launcher>) {}

  of(dockerSocket: string | undefined): Launcher {
    const launcher = this.launchers.get(dockerSocket);
    if (launcher === undefined)
      throw new RangeError(`there is no launcher for ${dockerSocket ?? "processes"}`);
    return launcher;
  }

  /** As they are of one kind, what one of them can run all of them can. */
  whyUnsupported(definition: TaskDefinition): string | undefined {
    const [first] = this.launchers.values();
    return first?.whyUnsupported(definition);
  }

  async close(): Promise<void> {
    await Promise.all([...this.launchers.values()].map((launcher) => launcher.close()));
  }
}

/** Rejects if an engine does not answer. */
export async function openLaunchers(options: ResolvedOptions): Promise<Launchers> {
  const missingImages = new Set(options.missingImages);
  const engines = new Map(
    options.instances.flatMap(({ docker }) => (docker === undefined ? [] : [[docker.socketPath, docker]])),
  );
  if (engines.size === 0) {
    const { workingDirectory } = options;
    return new Launchers(new Map([[undefined, new ProcessLauncher({ workingDirectory, missingImages })]]));
  }
  const opened = [...engines.values()].map(
    async (docker) => [docker.socketPath, await DockerLauncher.open({ ...docker, missingImages })] as const,
  );
  return new Launchers(new Map(await Promise.all(opened)));
}
