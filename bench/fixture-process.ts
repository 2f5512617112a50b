import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Closers } from "./bench.js";

/** The compiled file of a fixture. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

/**
 * A bare Node process to measure against. It runs a file of `fixtures/` and ends with its channel to this process, so
 * that it never outlives it.
 */
export class FixtureProcess {
  readonly #child: ChildProcess;

  constructor(name: string, args: readonly string[], closers: Closers) {
    this.#child = fork(fixture(name), args, { execArgv: [] });
    closers.add(() => this.#end());
  }

  /** The next message. Rejects if the process ends instead. */
  async next(): Promise<unknown> {
    const over = new AbortController();
    const { signal } = over;
    const exit = once(this.#child, "exit", { signal }).then(([code, killedBy]: unknown[]) => {
      throw new Error(`${this.#child.spawnfile} ended: ${String(killedBy ?? code)}`);
    });
    try {
      const [message] = (await Promise.race([once(this.#child, "message", { signal }), exit])) as [unknown];
      return message;
    } finally {
      over.abort();
      exit.catch(() => {});
    }
  }

  /** Sends a message and gives the next one that comes back. */
  ask(message: object): Promise<unknown> {
    const answer = this.next();
    this.#child.send(message);
    return answer;
  }

  async #end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}
