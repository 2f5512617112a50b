/** The command `rollcall local-ecs` as a process. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

export const CLI = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

export interface RunningCli {
  readonly child: ChildProcess;
  readonly endpoint: string;
  /** Resolves with the first line on stderr that matches. */
  readonly nextError: (pattern: RegExp) => Promise<string>;
}

/** Resolves when it listens. It is killed at the end of the test at the latest. */
export async function startCli(t: TestContext, ...args: string[]): Promise<RunningCli> {
  const child = spawn(process.execPath, [CLI, "local-ecs", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  const errors = createInterface({ input: child.stderr });
  for await (const line of createInterface({ input: child.stdout })) {
    const [, endpoint] = /^ECS endpoint: (\S+)$/.exec(line) ?? [];
    if (endpoint === undefined) continue;
    return {
      child,
      endpoint,
      nextError: (pattern) =>
        new Promise((resolve) => {
          errors.on("line", (text) => {
            if (pattern.test(text)) resolve(text);
          });
        }),
    };
  }
  throw new Error("the command ended without an endpoint");
}
