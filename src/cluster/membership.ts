import { randomBytes } from "node:crypto";
import {
  ClusterClosedError,
  type ExitReason,
  HandshakeError,
  InterruptError,
  ProcessExitedError,
} from "../errors.js";
import type { OutputMessage, StatusMessage, StoppedMessage } from "../protocol/control-messages.js";
import type { Codec } from "../protocol/codec.js";
import { MessageType } from "../protocol/message.js";
import { WorkerVariable } from "../protocol/worker-variables.js";
import { ControlChannel, type ControlHandlers } from "../rpc/control-channel.js";
import type { AuthenticatedConnection } from "../rpc/handshake-exchange.js";
import { tcpTransport } from "../transport/tcp.js";
import type { Transport } from "../transport/transport.js";
import { formatAddress } from "../util/address.js";
import { abortable, LONGEST_TIMER_MS, timeLimit } from "../util/time-limit.js";
import { Admission, type AdmissionNeeds } from "./admission.js";
import type { Emit } from "./cluster-events.js";
import type { ClusterManager, LaunchRequest, LeavingNotice, WorkerWatch } from "./cluster-manager.js";
import type { CheckedClusterOptions } from "./cluster-options.js";
import { Launch, type LaunchContext } from "./launch.js";
import type { LaunchOptions } from "./launch-options.js";
import { announcedExit, unexplainedExit } from "./lost-worker.js";
import type { Member } from "./member.js";
import { MemberNews } from "./member-news.js";
import type { Members } from "./members.js";
import { PeerBroker } from "./peer-broker.js";
import { Rendezvous } from "./rendezvous.js";
import { outputSink, type WorkerLine } from "./worker-output.js";

/** How long the platform is asked why a worker is gone before its calls fail without that knowledge. */
const EXIT_REASON_MS = 2_000;
const ASKED = "it was asked to leave";
/** From the end of a worker's grace until its connection has ended. */
const FORCED_END_MS = 1_000;
/** How long the platform may take to confirm the end of workers. */
const KILL_MS = 60_000;

/** What the members have in common. */
export interface MembershipContext extends AdmissionNeeds {
  readonly members: Members;
}

/**
 * The manager's side of a cluster: owns the rendezvous, the launches, the members and the heartbeat. A member comes in
 * through its `Admission` and goes through `#lost`, whatever the cause.
 */
export class Membership {
  readonly members: Members;
  readonly #options: CheckedClusterOptions;
  readonly #transport: Transport;
  readonly #emit: Emit;
  readonly #codec: Codec;
  readonly #rendezvous: Rendezvous;
  readonly #news: MemberNews;
  readonly #broker: PeerBroker;
  readonly #admission: Admission;
  readonly #watched = new Set<ClusterManager>();
  readonly #launches = new Map<string, Launch>();
  readonly #output: (line: WorkerLine) => void;
  readonly #heartbeat: NodeJS.Timeout;
  /** Ends of workers that are still being seen to. */
  readonly #endings = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: CheckedClusterOptions, context: MembershipContext) {
    const { members, codec, emit } = context;
    this.members = members;
    this.#options = options;
    this.#transport = options.transport ?? tcpTransport;
    this.#emit = emit;
    this.#codec = codec;
    this.#output = outputSink(options.output);
    this.#news = new MemberNews(codec.encoder, () => members.all);
    this.#broker = new PeerBroker(members, options.topology);
    this.#rendezvous = new Rendezvous(this.#transport, codec, options.maxMessageBytes, {
      arrived: (arrival) => this.#launches.get(arrival.launchId)?.arrive(arrival),
      keyOf: (keyId) => this.members.byKeyId(keyId)?.key ?? this.#admission.keyOf(keyId),
      reconnected: (keyId, peer) => this.#controlConnected(keyId, peer),
      refused: (remoteHost, error) => this.#connectionRefused(remoteHost, error),
    });
    this.#admission = new Admission(options, {
      ...context,
      transport: this.#transport,
      broker: this.#broker,
      dialBack: (arrival, limit) => this.#rendezvous.dialBack(arrival, limit),
      controlHandlers: (channel, memberOf) => this.#controlHandlers(channel, memberOf),
      admitted: (member) => this.#admitted(member),
      lost: (member, known, by) => this.#lost(member, known, by),
      exitReason: (member, by) => this.#exitReason(member, by),
    });
    this.#heartbeat = setInterval(() => this.#pingAll(), options.heartbeat.intervalMs);
    this.#heartbeat.unref();
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Starts a launch; throws a `ClusterClosedError` if the cluster is closed. */
  launch<Details>(manager: ClusterManager<Details>, options: LaunchOptions): Launch<Details> {
    if (this.isClosed) throw new ClusterClosedError("the cluster was closed; make a new one to add workers");
    this.#watch(manager);
    const id = launchId();
    const context: LaunchContext = {
      emit: this.#emit,
      prepare: async (limit) => {
        await abortable(Promise.all(options.initialize), limit);
        return this.#prepare(id, manager, limit);
      },
      join: (arrival, launchedId, limit) =>
        this.#admission.admit(arrival, launchedId, manager, options, limit),
      remove: (pids) => this.remove(pids, this.#options.leaveGraceMs),
      endTokens: () => {
        this.#rendezvous.tokens.end(id);
        // Who launched it will call them next.
        this.#news.flush();
      },
      onOutput: (launchedId, stream, text) => {
        const pid = this.members.byLaunchedId(launchedId)?.pid;
        this.#output({ pid, id: launchedId, stream, text });
      },
    };
    const { signal } = options;
    const signals = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal];
    const wanted = options.workers ?? manager.workers;
    const launch = new Launch(id, manager, wanted, context, AbortSignal.any(signals));
    this.#launches.set(id, launch as unknown as Launch);
    void launch.finished().then(() => this.#launches.delete(id));
    return launch;
  }

  /** Asks these workers to leave, forces those that do not, and resolves when the platform confirms that all are gone. */
  async remove(pids: readonly number[], graceMs: number, drainMs = 0): Promise<void> {
    const members = pids.map((pid) => this.members.get(pid));
    const allMs = Math.min(drainMs + graceMs, LONGEST_TIMER_MS);
    const byManager = new Map<ClusterManager, Member[]>();
    for (const member of members) {
      if (member.step("leave")) this.#leaving(member, { isAsked: true, reason: ASKED });
      member.askToLeave({ graceMs, drainMs });
      byManager.set(member.manager, [...(byManager.get(member.manager) ?? []), member]);
    }
    // A worker ends itself by force after both times.
    const limit = timeLimit(allMs + FORCED_END_MS);
    try {
      await Promise.all(
        [...byManager].map(([manager, group]) =>
          manager.kill(
            group.map((member) => member.info.launched.id),
            allMs,
            timeLimit(allMs + KILL_MS),
          ),
        ),
      );
      // A platform confirms the end of what it has started: where that is several workers together, not that of one of them.
      await abortable(Promise.all(members.map((member) => member.gone)), limit).catch(() => undefined);
    } finally {
      // Where the platform failed, the workers still find themselves without a manager, and exit.
      for (const member of members) this.#lost(member);
      await Promise.all(this.#endings);
    }
  }

  /** Ends all calls of these workers. Throws an `InterruptError` if one of them cannot be. */
  async interrupt(pids: readonly number[]): Promise<void> {
    const members = pids.map((pid) => this.members.get(pid));
    const outcomes = await Promise.all(members.map((member) => member.stops.interrupt()));
    const stuck = pids.filter((_, index) => outcomes[index] === "stuck" || outcomes[index] === "held-up");
    if (stuck.length > 0) throw new InterruptError(stuck);
  }

  /** Ends everything. Idempotent; resolves when no worker is left. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closing.abort(new ClusterClosedError("the cluster was closed"));
    clearInterval(this.#heartbeat);
    this.#news.close();
    this.#broker.close();
    await Promise.all([...this.#launches.values()].map((launch) => launch.finished()));
    try {
      await this.remove(
        this.members.all.map((member) => member.pid),
        this.#options.leaveGraceMs,
      );
    } finally {
      for (const member of this.members.all) this.#lost(member);
      await Promise.all(this.#endings);
      this.#rendezvous.close();
    }
  }

  async #prepare(
    id: string,
    manager: ClusterManager,
    signal: AbortSignal,
  ): Promise<Pick<LaunchRequest, "workerEnvironment" | "projectRoot">> {
    const address = await manager.rendezvousAddress(signal);
    const port = await this.#rendezvous.listen(address);
    return {
      projectRoot: this.#options.projectRoot,
      workerEnvironment: (uses) => ({
        [WorkerVariable.rendezvous]: formatAddress(address.advertiseHost, port),
        [WorkerVariable.token]: this.#rendezvous.tokens.issue(
          id,
          uses,
          randomBytes(12).toString("base64url"),
          randomBytes(32),
        ),
      }),
    };
  }

  /** The one way in. */
  #admitted(member: Member): void {
    this.members.add(member);
    this.#news.joined(member);
  }

  #controlHandlers(channel: ControlChannel, memberOf: () => Member | undefined): ControlHandlers {
    return {
      message: (type: number, content: unknown): void => {
        const member = memberOf();
        if (member === undefined) return;
        member.heard();
        if (member.state === "suspect" && member.step("answer")) {
          this.#emit("recovered", { pid: member.pid, worker: member.info });
        }
        if (type === MessageType.output) {
          const { stream, lines } = content as OutputMessage;
          for (const text of lines)
            this.#output({ pid: member.pid, id: member.info.launched.id, stream, text });
        } else if (type === MessageType.status) {
          this.#statusSet(member, content as StatusMessage);
        } else if (type === MessageType.stopped) {
          member.stops.answered(content as StoppedMessage);
        } else if (type === MessageType.leaving && member.step("leave")) {
          this.#announced(member, content as LeavingNotice);
        }
      },
      // A broken control channel comes back, or the heartbeat notices; one that was replaced is of no interest.
      closed: (): void => channel.end(),
    };
  }

  #statusSet(member: Member, { key, value: encoded }: StatusMessage): void {
    const value = this.#codec.decoder.decode(encoded, []);
    member.setStatus(key, value);
    this.#emit("status", { pid: member.pid, worker: member.info, key, value });
  }

  /** Its platform takes it away, as the worker says or its cluster manager. */
  #announced(member: Member, notice: LeavingNotice): void {
    member.notice = notice;
    member.manager.noticed?.(member.info.launched.id, notice);
    this.#leaving(member, { isAsked: false, ...notice });
  }

  #watch(manager: ClusterManager): void {
    if (manager.watch === undefined || this.#watched.has(manager)) return;
    this.#watched.add(manager);
    const watch: WorkerWatch = {
      members: () =>
        this.members.all.filter((member) => member.manager === manager).map(({ info }) => info.launched.id),
      leave: (id, notice) => {
        const member = this.members.byLaunchedId(id);
        if (member === undefined || member.wasAskedToLeave) return;
        if (member.step("leave")) this.#announced(member, notice);
        member.askToDrain(notice);
      },
      failed: (error) => {
        const failure = { count: 0, cause: "not watched", message: error.message };
        this.#emit("failed", { launchId: "", manager: manager.name, failure });
      },
    };
    manager.watch(watch, this.#closing.signal);
  }

  #leaving(
    member: Member,
    { isAsked, reason, deadline }: { readonly isAsked: boolean } & LeavingNotice,
  ): void {
    this.#news.leaving(member);
    const { pid, info: worker } = member;
    this.#emit("leaving", { pid, worker, isAsked, reason, ...(deadline !== undefined && { deadline }) });
  }

  #controlConnected(keyId: string, peer: AuthenticatedConnection): void {
    const member = this.members.byKeyId(keyId) ?? this.#admission.memberOf(keyId);
    if (member === undefined) return peer.connection.destroy();
    let handlers: ControlHandlers | undefined;
    const channel = new ControlChannel(peer, this.#codec, {
      message: (type, content) => handlers?.message(type, content),
      closed: (reason) => handlers?.closed(reason),
    });
    handlers = this.#controlHandlers(channel, () => member);
    member.replaceControl(channel);
  }

  #connectionRefused(remoteHost: string, error: Error): void {
    // While it closes, the control threads of leaving workers may come back once more.
    if (this.isClosed) return;
    if (error instanceof HandshakeError)
      for (const launch of this.#launches.values()) launch.connectionRefused();
    this.#emit("refused", { remoteHost, error });
  }

  #pingAll(): void {
    const now = performance.now();
    for (const member of this.members.all) {
      const verdict = member.ping(now);
      if (verdict === "lost") {
        this.#lost(member, {
          kind: "unresponsive",
          message: "it did not answer any more on its control channel",
        });
      } else if (verdict === "suspect" && member.step("silence")) {
        this.#emit("suspect", { pid: member.pid, worker: member.info });
      }
    }
  }

  /** The one way out of the cluster. Calls in flight fail as soon as it is known why. */
  #lost(member: Member, known?: ExitReason, by?: Error): void {
    const wasAsked = member.wasAskedToLeave;
    if (!member.step("lost")) return;
    const ending = this.#seeOff(member, known, wasAsked, by);
    this.#endings.add(ending);
    void ending.then(() => this.#endings.delete(ending));
  }

  async #seeOff(
    member: Member,
    known: ExitReason | undefined,
    wasAsked: boolean,
    by: Error | undefined,
  ): Promise<void> {
    const { id } = member.info.launched;
    const removed: ExitReason = { kind: "removed", message: ASKED };
    const found = wasAsked ? (known ?? removed) : await this.#exitReason(member, by, known);
    const { notice } = member;
    const reason = notice !== undefined && !wasAsked ? announcedExit(found, notice) : found;
    member.exit = reason;
    this.members.remove(member.pid, reason);
    this.#news.exited(member, reason);
    this.#broker.exited(member.pid, reason);
    // Told first: a worker that replaces it is on its way then, and maps whose calls fail below wait for that one.
    this.#emit("exited", { pid: member.pid, worker: member.info, reason });
    member.session.fail(new ProcessExitedError(member.pid, reason));
    member.close();
    for (const launch of this.#launches.values()) launch.memberLost(id, reason);
    if (wasAsked) return;
    // Whatever cut us off from it, its process must not live on, and be paid for, without us.
    try {
      // One that no longer answers, or that computes without an end, would not use a grace.
      const graceMs = known === undefined ? this.#options.managerGraceMs : 0;
      await member.manager.kill([id], graceMs, AbortSignal.timeout(KILL_MS));
    } catch (error) {
      const failure = { count: 1, cause: "not stopped", message: (error as Error).message, ids: [id] };
      this.#emit("failed", { launchId: "", manager: member.manager.name, failure });
    }
  }

  /** A silent worker may be one whose machine is gone: the platform can know what its connections do not tell. */
  async #exitReason(member: Member, by: Error | undefined, known?: ExitReason): Promise<ExitReason> {
    if (known !== undefined && known.kind !== "unresponsive") return known;
    try {
      const limit = AbortSignal.timeout(EXIT_REASON_MS);
      const reason = await member.manager.exitReason(member.info.launched.id, limit);
      if (reason !== undefined) return reason;
    } catch {
      // The platform could not say; that it is gone we know without it.
    }
    const { info, manager } = member;
    const launched = manager.describe(info.launched.id) ?? info.launched;
    if (known !== undefined) return unexplainedExit(known, launched);
    const why = by === undefined ? "and the platform could not say why" : `: ${by.message}`;
    const message = `its connection ended${by === undefined ? " " : ""}${why}`;
    return unexplainedExit({ kind: "connection-lost", message }, launched);
  }
}

/** 12 characters of a-z and 0-9. */
function launchId(): string {
  return Array.from(randomBytes(12), (byte) => (byte % 36).toString(36)).join("");
}
