import { EventEmitter } from "node:events";
import type { FoundProcess, KnownWorker, ProcessDirectory } from "../calls/call-process.js";
import type { ProcessPlace } from "../calls/process-filter.js";
import { NoSuchProcessError, NoWorkersError, ProcessExitedError, type ExitReason } from "../errors.js";
import { MessageType } from "../protocol/message.js";
import type { MemberEntry, MembersMessage, WhoIsMessage } from "../protocol/peer-messages.js";
import type { Session } from "../rpc/session.js";
import { deferred, type Deferred } from "../util/deferred.js";
import { abortable } from "../util/time-limit.js";
import { EagerLinks } from "./eager-links.js";
import { MemberView } from "./member-view.js";
import { PeerProcess } from "./peer-process.js";
import { Peers, type PeersOptions } from "./peers.js";
import { mayLink, noLink, type Topology } from "./topology.js";

export interface WorkerDirectoryOptions extends Omit<
  PeersOptions,
  "addressOf" | "isGone" | "onChange" | "myPid"
> {
  /** This process as the target of its own calls. */
  readonly self: FoundProcess;
  readonly hostname: string;
  readonly managerHostname: string;
  readonly topology: Topology;
  /** Whether links are made when they are first needed. */
  readonly lazy: boolean;
}

/**
 * The processes of a cluster as one of its workers knows them: the manager tells it who comes and goes, and is asked
 * about a pid of which it has not heard. Owns the links to the others.
 */
export class WorkerDirectory implements ProcessDirectory {
  readonly #self: FoundProcess;
  readonly #manager: Session;
  readonly #topology: Topology;
  readonly #ownPlace: ProcessPlace;
  readonly #managerPlace: ProcessPlace;
  readonly #view = new MemberView();
  readonly #processes = new Map<number, PeerProcess>();
  readonly #asked = new Map<number, Deferred<void>>();
  readonly #news = new EventEmitter();
  readonly #eager: EagerLinks | undefined;
  readonly peers: Peers;
  #isClosed = false;

  constructor(options: WorkerDirectoryOptions) {
    const { self, manager, topology, lazy, hostname, managerHostname } = options;
    this.#self = self;
    this.#manager = manager;
    this.#topology = topology;
    this.#ownPlace = { host: undefined, hostname };
    this.#managerPlace = { host: undefined, hostname: managerHostname };
    this.#news.setMaxListeners(0);
    this.peers = new Peers({
      ...options,
      myPid: self.pid,
      addressOf: (pid) => this.#view.get(pid),
      isGone: (pid) => this.#view.exitOf(pid) !== undefined,
      onChange: () => this.#news.emit("change"),
    });
    this.#eager = lazy ? undefined : new EagerLinks((pid) => this.peers.link(pid).connect());
  }

  get myPid(): number {
    return this.#self.pid;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get workers(): readonly KnownWorker[] {
    const known = this.#view.available.map(({ pid, labels, host, hostname }) => ({
      pid,
      labels,
      place: { host, hostname },
    }));
    if (this.#view.get(this.myPid) !== undefined) return known;
    // The first news are still on their way.
    const self = { pid: this.myPid, labels: {}, place: this.#ownPlace };
    return [...known, self].toSorted((one, other) => one.pid - other.pid);
  }

  /** From the pid that follows its own, so that not all turn to the same one; this process, which has work, comes last. */
  get callable(): readonly FoundProcess[] {
    const others = this.#view.available.filter(({ pid }) => pid !== this.myPid && this.#mayCall(pid));
    const found = ({ pid }: MemberEntry): FoundProcess => ({ pid, process: this.#process(pid) });
    return [
      ...others.filter(({ pid }) => pid > this.myPid).map(found),
      ...others.filter(({ pid }) => pid < this.myPid).map(found),
      this.#self,
    ];
  }

  find(pid: number | "any", signal?: AbortSignal): FoundProcess | Promise<FoundProcess> {
    if (pid === 1) return { pid, process: this.#manager };
    const chosen = pid === "any" ? this.#leastLoaded() : pid;
    return this.#worker(chosen, false, signal);
  }

  reach(pid: number): FoundProcess | Promise<FoundProcess> {
    return pid === 1 ? { pid, process: this.#manager } : this.#worker(pid, true);
  }

  placeOf(pid: number): ProcessPlace {
    if (pid === 1) return this.#managerPlace;
    const entry = this.#view.get(pid);
    if (entry !== undefined) return { host: entry.host, hostname: entry.hostname };
    if (pid === this.myPid) return this.#ownPlace;
    throw this.#unknown(pid);
  }

  async confirm(pid: number): Promise<void> {
    if (pid !== 1 && pid !== this.myPid) await this.#heardOf(pid);
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

  /** The manager has news, or an answer. */
  update(message: MembersMessage): void {
    const exited = this.#view.apply(message);
    for (const { pid, reason } of exited) {
      this.peers.exited(pid, reason);
      this.#processes.delete(pid);
      this.#news.emit("exited", pid, reason);
    }
    const { joined = [], leaving = [], unknown = [] } = message;
    for (const { pid } of joined) this.peers.alive(pid);
    const answered = [...joined.map(({ pid }) => pid), ...exited.map(({ pid }) => pid), ...unknown];
    for (const pid of answered) this.#answered(pid);
    if (joined.length + leaving.length + exited.length > 0) this.#news.emit("change");
    for (const { pid } of joined) if (pid < this.myPid && this.#mayCall(pid)) this.#eager?.add(pid);
  }

  close(error: Error): void {
    this.#isClosed = true;
    this.peers.close(error);
    for (const asked of this.#asked.values()) asked.reject(error);
    this.#asked.clear();
    this.#news.emit("change");
  }

  #worker(pid: number, mayLeave: boolean, signal?: AbortSignal): FoundProcess | Promise<FoundProcess> {
    if (pid === this.myPid) return this.#self;
    const link = this.#view.get(pid) && this.#checked(pid, mayLeave);
    if (link?.session !== undefined) return { pid, process: this.#process(pid) };
    return this.#connect(pid, mayLeave, signal);
  }

  async #connect(pid: number, mayLeave: boolean, signal: AbortSignal | undefined): Promise<FoundProcess> {
    await until(this.#heardOf(pid), signal);
    await until(this.#checked(pid, mayLeave).connect(), signal);
    return { pid, process: this.#process(pid) };
  }

  /** The link to a worker that may be called. Throws why another one may not. */
  #checked(pid: number, mayLeave: boolean): ReturnType<Peers["link"]> {
    const reason = this.#view.exitOf(pid);
    if (reason !== undefined) throw new ProcessExitedError(pid, reason);
    if (this.#view.get(pid) === undefined) throw this.#unknown(pid);
    if (!this.#mayCall(pid)) throw noLink(this.#topology, this.myPid, pid);
    if (!mayLeave && this.#view.isLeaving(pid)) {
      throw new ProcessExitedError(pid, { kind: "removed", message: "it is leaving the cluster" });
    }
    return this.peers.link(pid);
  }

  #mayCall(pid: number): boolean {
    return mayLink(this.#topology, this.#view.get(this.myPid) ?? {}, this.#view.get(pid) ?? {});
  }

  #process(pid: number): PeerProcess {
    let process = this.#processes.get(pid);
    if (process === undefined) {
      process = new PeerProcess(this.peers.link(pid));
      this.#processes.set(pid, process);
    }
    return process;
  }

  /** The one with the fewest calls from here; this one, which is at work already, only if all the others have more. */
  #leastLoaded(): number {
    let best: { pid: number; load: number } | undefined;
    for (const { pid, process } of this.callable) {
      if (!process.isOpen) continue;
      const load = process.callsWaiting + (pid === this.myPid ? 1 : 0);
      if (best === undefined || load < best.load) best = { pid, load };
    }
    if (best === undefined) throw new NoWorkersError("no worker can be called from here");
    return best.pid;
  }

  /** Resolves when this worker knows what the manager knows of another one. */
  #heardOf(pid: number): Promise<void> {
    if (this.#view.get(pid) !== undefined || this.#view.exitOf(pid) !== undefined) return Promise.resolve();
    let asked = this.#asked.get(pid);
    if (asked === undefined) {
      asked = deferred();
      this.#asked.set(pid, asked);
      this.#manager.post(MessageType.whoIs, { pid, isLost: false } satisfies WhoIsMessage);
    }
    return asked.promise;
  }

  #answered(pid: number): void {
    this.#asked.get(pid)?.resolve();
    this.#asked.delete(pid);
  }

  #unknown(pid: number): Error {
    const reason = this.#view.exitOf(pid);
    if (reason !== undefined) return new ProcessExitedError(pid, reason);
    return new NoSuchProcessError(pid, [1, ...this.workers.map((worker) => worker.pid)]);
  }
}

function until<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined ? promise : abortable(promise, signal);
}
