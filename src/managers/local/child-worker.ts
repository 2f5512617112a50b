import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ExitReason } from "../../errors.js";
import { LineSplitter } from "../../util/line-splitter.js";

/** The last lines of a worker's output that an error shows. */
const MAX_TAIL = 20;
/** How long output is still read after the process has exited. */
const DRAIN_MS = 500;

const workerMain = fileURLToPath(new URL("../../worker/main.js", import.meta.url));

export interface ChildOptions {
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string | undefined;
  readonly onLine: (stream: "stdout" | "stderr", line: string) => void;
}

/** One worker process on this machine. Does not keep this process alive. */
export class ChildWorker {
  readonly #child: ChildProcess;
  readonly #tail: string[] = [];
  /** Resolves when the process has ended and its output has been read to the end. */
  readonly ended: Promise<ExitReason>;

  constructor({ execArgv, env, cwd, onLine }: ChildOptions) {
    this.#child = spawn(process.execPath, [...execArgv, workerMain], {
      env,
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#read(this.#child.stdout!, "stdout", onLine);
    this.#read(this.#child.stderr!, "stderr", onLine);
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) =>
        resolve({ kind: "exited", message: `the process could not be started: ${error.message}` }),
      );
      // A process that it has started may hold its pipes open for as long as it likes.
      let drain: NodeJS.Timeout | undefined;
      this.#child.once("exit", () => (drain = setTimeout(() => this.#endPipes(), DRAIN_MS)));
      this.#child.once("close", (code, signal) => {
        clearTimeout(drain);
        resolve(this.#exitReason(code, signal));
      });
    });
    this.#child.unref();
    for (const stream of [this.#child.stdout, this.#child.stderr])
      (stream as unknown as { unref(): void }).unref();
  }

  /** The operating system's process id; undefined if it could not be started. */
  get osPid(): number | undefined {
    return this.#child.pid;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Whether this process stays alive for as long as the worker lives: while somebody waits for its end. */
  setKeepsProcessAlive(keeps: boolean): void {
    if (keeps) this.#child.ref();
    else this.#child.unref();
  }

  #endPipes(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  #read(stream: Readable, name: "stdout" | "stderr", onLine: ChildOptions["onLine"]): void {
    const splitter = new LineSplitter((line) => {
      this.#tail.push(line);
      if (this.#tail.length > MAX_TAIL) this.#tail.shift();
      onLine(name, line);
    });
    stream.on("data", (chunk: Buffer) => splitter.push(chunk));
    stream.on("end", () => splitter.end());
    // A read error of a pipe means that its writer is gone, which `close` tells.
    stream.on("error", () => {});
  }

  #exitReason(code: number | null, signal: NodeJS.Signals | null): ExitReason {
    const output = [...this.#tail];
    return signal === null
      ? { kind: "exited", message: `its process exited with code ${code}`, exitCode: code ?? 0, output }
      : { kind: "signalled", message: `its process was ended by ${signal}`, signal, output };
  }
}
