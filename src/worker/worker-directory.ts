import { EventEmitter } from "node:events";
import type { CallableProcess, FoundProcess, KnownWorker, ProcessDirectory } from "../calls/call-process.js";
import type { ProcessPlace } from "../calls/process-filter.js";
import { NoSuchProcessError, type ExitReason } from "../errors.js";

/** The processes of a cluster as one of its workers knows them. */
export class WorkerDirectory implements ProcessDirectory {
  readonly #self: FoundProcess;
  readonly #manager: CallableProcess;
  readonly #news = new EventEmitter();
  #isClosed = false;

  constructor(self: FoundProcess, manager: CallableProcess) {
    this.#self = self;
    this.#manager = manager;
    this.#news.setMaxListeners(0);
  }

  get myPid(): number {
    return this.#self.pid;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get workers(): readonly KnownWorker[] {
    return [{ pid: this.#self.pid, labels: {}, place: this.placeOf(this.#self.pid) }];
  }

  get callable(): readonly FoundProcess[] {
    return [this.#self];
  }

  find(pid: number | "any"): FoundProcess {
    if (pid === 1) return { pid, process: this.#manager };
    if (pid === "any" || pid === this.#self.pid) return this.#self;
    throw new NoSuchProcessError(pid, [1, this.#self.pid]);
  }

  placeOf(_pid: number): ProcessPlace {
    return { host: undefined, hostname: "" };
  }

  onExited(listener: (pid: number, reason: ExitReason) => void): () => void {
    this.#news.on("exited", listener);
    return () => this.#news.off("exited", listener);
  }

  onChange(listener: () => void): () => void {
    this.#news.on("change", listener);
    return () => this.#news.off("change", listener);
  }

  close(): void {
    this.#isClosed = true;
    this.#news.emit("change");
  }
}
