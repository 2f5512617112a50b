import type { WorkerLine } from "#dist/index.js";

/** A test that waits this long for something that is a moment away waits in vain. */
const WAIT_MS = 20_000;

/** Takes the lines of a cluster's workers, and lets a test wait for one. */
export class WorkerLines {
  readonly all: WorkerLine[] = [];
  readonly #listeners = new Set<(line: WorkerLine) => void>();

  /** For the option `output`. */
  readonly sink = (line: WorkerLine): void => {
    this.all.push(line);
    for (const listener of this.#listeners) listener(line);
  };

  /** The first line that satisfies the condition, whether it has come already or is still to come. */
  first(matches: (line: WorkerLine) => boolean, what = "a line of a worker"): Promise<WorkerLine> {
    const known = this.all.find(matches);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        this.#listeners.delete(listen);
        end();
      };
      const listen = (line: WorkerLine): void => {
        if (matches(line)) settle(() => resolve(line));
      };
      const seen = (): string => this.all.map(({ text }) => text).join("\n");
      const timer = setTimeout(
        () => settle(() => reject(new Error(`${what} did not come; what came:\n${seen()}`))),
        WAIT_MS,
      );
      this.#listeners.add(listen);
    });
  }
}
