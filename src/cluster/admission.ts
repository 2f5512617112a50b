import { hostname } from "node:os";
import { ProcessExitedError, type ExitReason } from "../errors.js";
import type { CodeMessage, CodeWantedMessage } from "../protocol/code-messages.js";
import type { Codec } from "../protocol/codec.js";
import { MessageType } from "../protocol/message.js";
import type { WhoIsMessage } from "../protocol/peer-messages.js";
import type { LoadFunction } from "../rpc/call-server.js";
import type { ControlChannel, ControlHandlers } from "../rpc/control-channel.js";
import type { AuthenticatedConnection } from "../rpc/handshake-exchange.js";
import type { ReferenceTraffic } from "../rpc/reference-traffic.js";
import type { Transport } from "../transport/transport.js";
import type { Emit } from "./cluster-events.js";
import type { ClusterManager } from "./cluster-manager.js";
import type { CheckedClusterOptions } from "./cluster-options.js";
import { joinWorker } from "./join.js";
import type { LaunchOptions } from "./launch-options.js";
import { Member } from "./member.js";
import type { Members } from "./members.js";
import type { PeerBroker } from "./peer-broker.js";
import type { Arrival } from "./rendezvous.js";
import type { JoiningWorker } from "./set-up.js";
import type { WorkerInfo } from "./worker-info.js";

/** What a worker that joins needs of its cluster. */
export interface AdmissionNeeds {
  readonly codec: Codec;
  readonly load: LoadFunction;
  readonly references: ReferenceTraffic;
  readonly answerCode: (question: CodeWantedMessage) => Promise<CodeMessage>;
  /** Prepares a worker that joins, and then calls `admit`. */
  readonly setUp: (worker: JoiningWorker, signal: AbortSignal, admit: () => void) => Promise<void>;
  readonly emit: Emit;
}

/** What it needs of the membership. */
export interface AdmissionContext extends AdmissionNeeds {
  readonly members: Members;
  readonly transport: Transport;
  readonly broker: PeerBroker;
  /** Asks the worker to open the data connection itself. */
  readonly dialBack: (arrival: Arrival, limit: AbortSignal) => Promise<AuthenticatedConnection>;
  readonly controlHandlers: (channel: ControlChannel, memberOf: () => Member | undefined) => ControlHandlers;
  /** It is a member from here on. */
  readonly admitted: (member: Member) => void;
  readonly lost: (member: Member, known?: ExitReason, by?: Error) => void;
  readonly exitReason: (member: Member, by: Error | undefined) => Promise<ExitReason>;
}

interface Joining {
  readonly key: Uint8Array;
  /** Once it has been reached. */
  member: Member | undefined;
}

/** Makes members of workers that have reported in: reaches each, joins it, has it prepared, and only then admits it. */
export class Admission {
  readonly #options: CheckedClusterOptions;
  readonly #context: AdmissionContext;
  /** Workers that may be members in their own eyes and are not yet in ours, by the ids of their keys. */
  readonly #joining = new Map<string, Joining>();

  constructor(options: CheckedClusterOptions, context: AdmissionContext) {
    this.#options = options;
    this.#context = context;
  }

  /** The key of a worker that is joining. */
  keyOf(keyId: string): Uint8Array | undefined {
    return this.#joining.get(keyId)?.key;
  }

  memberOf(keyId: string): Member | undefined {
    return this.#joining.get(keyId)?.member;
  }

  /** Resolves when it is a member. Until then nobody sees it, and it is up to the launch to stop it if this rejects. */
  async admit(
    arrival: Arrival,
    id: string,
    manager: ClusterManager,
    options: LaunchOptions,
    signal: AbortSignal,
  ): Promise<WorkerInfo> {
    const { members, transport, codec, load, references, answerCode, broker } = this.#context;
    const pid = members.newPid();
    const { maxMessageBytes, managerGraceMs, drainMs, topology, lazy } = this.#options;
    const { intervalMs, lostMs } = this.#options.heartbeat;
    const joining: Joining = { key: arrival.key, member: undefined };
    let ended: { readonly reason: Error | undefined } | undefined;
    let isMember = false;
    const onEnd = (reason: Error | undefined): void => {
      ended = { reason };
      const { member } = joining;
      if (isMember) this.#context.lost(member!, undefined, reason);
      else if (member !== undefined) void this.#lostInSetUp(member, reason);
    };
    arrival.setHandlers(this.#context.controlHandlers(arrival.control, () => joining.member));
    this.#joining.set(arrival.keyId, joining);
    try {
      const { session, ...place } = await joinWorker(arrival, {
        transport,
        codec,
        load,
        references,
        answerCode,
        message: {
          pid,
          output: manager.output,
          heartbeat: { intervalMs, lostMs },
          managerGraceMs,
          drainMs,
          maxMessageBytes,
          topology,
          lazy,
          hostname: hostname(),
        },
        dialBack: (limit) => this.#context.dialBack(arrival, limit),
        signal,
        onMessage: (type, content) => {
          if (type === MessageType.whoIs && joining.member !== undefined) {
            broker.whoIs(joining.member, content as WhoIsMessage);
          }
        },
        onPeerMessage: (message) => {
          if (joining.member !== undefined) broker.forward(joining.member, message);
        },
        onAbandoned: (call) => joining.member?.stops.abandoned(call),
        onClosed: onEnd,
      });
      const info = {
        pid,
        ...place,
        report: arrival.report,
        labels: options.labels,
        manager: manager.name,
        launched: manager.describe(id) ?? { id, details: {} },
      };
      const { control, keyId, key } = arrival;
      const member = new Member(
        info,
        manager,
        session,
        control,
        keyId,
        key,
        this.#options.heartbeat,
        options.acquaintance,
        (message) => {
          if (isMember) this.#context.lost(member, { kind: "stopped", message });
        },
      );
      joining.member = member;
      const initialize = await Promise.all(options.initialize);
      await this.#context.setUp({ info: member.info, session, initialize }, signal, () => {
        isMember = true;
        this.#context.admitted(member);
        options.onJoined?.(pid);
        this.#context.emit("joined", { pid, worker: member.info });
        if (ended !== undefined) this.#context.lost(member, undefined, ended.reason);
      });
      return member.info;
    } catch (error) {
      joining.member?.session.fail(error as Error);
      throw error;
    } finally {
      this.#joining.delete(arrival.keyId);
    }
  }

  /** Fails what the worker was running: its join, that is. */
  async #lostInSetUp(member: Member, by: Error | undefined): Promise<void> {
    member.session.fail(new ProcessExitedError(member.pid, await this.#context.exitReason(member, by)));
  }
}
