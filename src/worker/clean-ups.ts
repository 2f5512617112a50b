import { AsyncResource } from "node:async_hooks";

/** What `initialize` functions gave this worker to run when it leaves. */
export class CleanUps {
  readonly #all: (() => unknown)[] = [];

  add(cleanUp: () => unknown): void {
    // It runs as the worker that added it, where several share a process.
    this.#all.push(AsyncResource.bind(cleanUp));
  }

  /** Runs them once, the last one first. One that fails, or what takes longer than `limitMs`, is told on standard error. */
  async run(limitMs: number): Promise<void> {
    if (this.#all.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        process.stderr.write(`rollcall worker: clean-ups did not end within ${limitMs} ms, and are left\n`);
        resolve();
      }, limitMs);
    });
    await Promise.race([this.#runAll(), late]);
    clearTimeout(timer);
  }

  async #runAll(): Promise<void> {
    for (let cleanUp = this.#all.pop(); cleanUp !== undefined; cleanUp = this.#all.pop()) {
      try {
        await cleanUp();
      } catch (error) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        process.stderr.write(`rollcall worker: a clean-up failed: ${text}\n`);
      }
    }
  }
}
