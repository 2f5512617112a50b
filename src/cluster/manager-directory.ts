import { EventEmitter } from "node:events";
import { hostname } from "node:os";
import type { FoundProcess, KnownWorker, ProcessDirectory } from "../calls/call-process.js";
import type { LocalProcess } from "../calls/local-process.js";
import type { ProcessPlace } from "../calls/process-filter.js";
import { ClusterClosedError, NoWorkersError, ProcessExitedError, type ExitReason } from "../errors.js";
import { deferred } from "../util/deferred.js";
import { abortable } from "../util/time-limit.js";
import type { Members } from "./members.js";
import type { Supply } from "./supply.js";
import type { WorkerInfo } from "./worker-info.js";

/** The processes of a cluster as its manager knows them, at first hand: nobody need be asked, and nobody dialled. */
export class ManagerDirectory implements ProcessDirectory {
  readonly myPid = 1;
  readonly #members: Members;
  readonly #local: LocalProcess;
  readonly #supply: Supply;
  /** Apart from the cluster's events, which belong to the program. */
  readonly #news = new EventEmitter();
  #isClosed = false;

  constructor(members: Members, local: LocalProcess, supply: Supply) {
    this.#members = members;
    this.#local = local;
    this.#supply = supply;
    // Each running map listens for workers that come and go.
    this.#news.setMaxListeners(0);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get workers(): readonly KnownWorker[] {
    return this.#members.available.map(({ pid, info }) => ({
      pid,
      labels: info.labels,
      place: placeOf(info),
    }));
  }

  get callable(): readonly FoundProcess[] {
    return this.#members.available.map(({ pid, session }) => ({ pid, process: session }));
  }

  find(pid: number | "any", signal?: AbortSignal): FoundProcess | Promise<FoundProcess> {
    if (pid === 1) return { pid, process: this.#local };
    const member = pid === "any" ? this.#members.leastLoaded() : this.#members.get(pid);
    if (member === undefined) return this.#firstToCome(signal);
    if (!member.takesCalls) {
      throw new ProcessExitedError(member.pid, { kind: "removed", message: "it is leaving the cluster" });
    }
    return { pid: member.pid, process: member.session };
  }

  /** For a call to any worker while there is none. Rejects when none is on its way any more. */
  async #firstToCome(signal: AbortSignal | undefined): Promise<FoundProcess> {
    const isOver = this.#supply.underWay({ waiting: 1 });
    try {
      for (;;) {
        const member = this.#members.leastLoaded();
        if (member !== undefined) return { pid: member.pid, process: member.session };
        if (this.#isClosed) throw new ClusterClosedError("the cluster was closed; its workers are gone");
        if (!this.#supply.mayGrow()) {
          throw new NoWorkersError("the cluster has no workers; add some with addProcs", {
            cause: this.#supply.lastLaunchError(),
          });
        }
        const changed = deferred<void>();
        const stop = this.onChange(() => changed.resolve());
        try {
          await (signal === undefined ? changed.promise : abortable(changed.promise, signal));
        } finally {
          stop();
        }
      }
    } finally {
      isOver();
    }
  }

  reach(pid: number): FoundProcess {
    return { pid, process: pid === 1 ? this.#local : this.#members.get(pid).session };
  }

  placeOf(pid: number): ProcessPlace {
    if (pid === 1) return { host: undefined, hostname: hostname() };
    return placeOf(this.#members.get(pid).info);
  }

  confirm(pid: number): void {
    this.placeOf(pid);
  }

  onExited(listener: (pid: number, reason: ExitReason) => void): () => void {
    this.#news.on("exited", listener);
    return () => this.#news.off("exited", listener);
  }

  onChange(listener: () => void): () => void {
    this.#news.on("change", listener);
    return () => this.#news.off("change", listener);
  }

  exited(pid: number, reason: ExitReason): void {
    this.#news.emit("exited", pid, reason);
  }

  changed(): void {
    this.#news.emit("change");
  }

  close(): void {
    this.#isClosed = true;
  }
}

function placeOf(worker: WorkerInfo): ProcessPlace {
  return { host: worker.host, hostname: worker.report.hostname };
}
