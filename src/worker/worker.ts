import { randomBytes } from "node:crypto";
import type { FoundProcess, ProcessDirectory } from "../calls/call-process.js";
import { WorkerDirectory } from "../peers/worker-directory.js";
import { LocalProcess } from "../calls/local-process.js";
import { ConnectionClosedError, HandshakeError } from "../errors.js";
import type { CodeMessage, CodeQuestion } from "../protocol/code-messages.js";
import { newCodec } from "../protocol/codec.js";
import type {
  JoinedMessage,
  JoinMessage,
  LeavingMessage,
  ReportMessage,
  ShutdownMessage,
  StatusMessage,
  StoppedMessage,
  StopMessage,
} from "../protocol/control-messages.js";
import { ConnectionPurpose, keyIdOf, NONCE_SIZE, RejectCode, type Hello } from "../protocol/handshake.js";
import { DEFAULT_MAX_MESSAGE } from "../protocol/limits.js";
import { MessageType } from "../protocol/message.js";
import type { MembersMessage, UndeliverableMessage } from "../protocol/peer-messages.js";
import { CallBoard } from "../rpc/call-board.js";
import type { LoadFunction } from "../rpc/call-server.js";
import { CodeRequests } from "../rpc/code-requests.js";
import { ControlChannel } from "../rpc/control-channel.js";
import { acceptHandshake, type AuthenticatedConnection } from "../rpc/handshake-exchange.js";
import { Session } from "../rpc/session.js";
import { References } from "../references/references.js";
import { Strangers } from "../rpc/strangers.js";
import type { Connection, Listener, Transport } from "../transport/transport.js";
import { sharedAbortController } from "../util/shared-abort.js";
import { delay, withTimeLimit } from "../util/time-limit.js";
import { drainLimits } from "./drain-limits.js";
import { meetManager, type Credentials } from "./meet-manager.js";
import { openPort, placeOf, type PlatformNetwork } from "./own-port.js";
import type { WorkerEnvironment } from "./worker-environment.js";

/** Why a worker leaves, in the order of who decides: its manager, the platform, or the loss of the manager. */
export type LeaveCause =
  | "shutdown"
  | "launch-over"
  | "manager-gone"
  | "supervisor-gone"
  | "refused"
  | "cannot-listen"
  | "terminated";

/** A report without the addresses, which the worker itself adds. */
export interface WorkerDescription extends Omit<ReportMessage, "hosts" | "port"> {
  /** What the platform says of this worker's network. */
  readonly network: PlatformNetwork;
}

/** What a worker needs of the process that it lives in. */
export interface WorkerHost {
  readonly environment: WorkerEnvironment;
  readonly transport: Transport;
  readonly load: LoadFunction;
  /** Where what runs can be seen by the thread that stops it, if there is one. */
  readonly board?: CallBoard;
  /** Everything of the report but the addresses. */
  readonly describe: () => Promise<WorkerDescription>;
  /** The address of the machine, as its platform has it; asked for only where it is of use. */
  readonly instanceAddress: () => Promise<string | undefined>;
  /** The worker has become a member. */
  readonly joined: (membership: Membership) => void;
  /** The worker is about to leave in good order. Resolves after `limitMs` at the latest; never rejects. */
  readonly cleanUp: (limitMs: number) => Promise<void>;
  /** The worker is over; called once. The process should exit. */
  readonly left: (cause: LeaveCause, message: string) => void;
}

/** What a member knows of its cluster. */
export interface Membership extends JoinMessage {
  /** With these a further control connection proves that it comes from this worker. */
  readonly keyId: string;
  readonly key: Uint8Array;
  /** The processes that this one can call. */
  readonly directory: ProcessDirectory;
  /** This process as the target of its own calls. */
  readonly self: FoundProcess;
  readonly references: References;
}

const HANDSHAKE_MS = 10_000;
/** Silent or unknown connections that the data port holds at the most. */
const MAX_STRANGERS = 64;
const IDLE_CHECK_MS = 25;
/** What is left of a worker's grace when it has cleaned up: to end its connections and its process. */
const FAREWELL_MS = 200;

/**
 * One worker: reports in at the rendezvous, is dialled by the manager, joins, serves calls, leaves. Owns its listener,
 * its first control channel and its sessions; `close` ends them all.
 */
export class Worker {
  readonly #host: WorkerHost;
  readonly #board: CallBoard;
  readonly #references = new References();
  readonly #codec = newCodec(this.#references.extensions);
  #control: ControlChannel | undefined;
  #listener: Listener | undefined;
  #key: { readonly id: string; readonly secret: Uint8Array } | undefined;
  readonly #sessions = new Set<Session>();
  #directory: WorkerDirectory | undefined;
  /** What the manager was told, once it was. */
  #report: ReportMessage | undefined;
  #managers: Session | undefined;
  readonly #closing = sharedAbortController();
  readonly #strangers = new Strangers(MAX_STRANGERS);
  readonly #code = new CodeRequests();
  #isControlHandedOver = false;
  #isDraining = false;
  /** When a worker that finishes its calls goes, whatever still runs; on the clock of `performance`. */
  #drainUntil = Infinity;
  /** How long it may finish its calls when it is taken away without a deadline; undefined before it is a member. */
  #drainMs: number | undefined;
  #isLeaving = false;
  #hasLeft = false;

  constructor(host: WorkerHost) {
    this.#host = host;
    this.#board = host.board ?? new CallBoard();
  }

  /** Reports in. Resolves when the report is sent; what follows is told through the host's callbacks. */
  async start(): Promise<void> {
    try {
      await this.#reportIn();
    } catch (error) {
      if (this.#hasLeft) return;
      this.leave(this.#causeOf(error), (error as Error).message);
    }
  }

  /** Asks the manager for code that functions need. Rejects with its refusal. */
  askForCode(question: CodeQuestion): Promise<unknown> {
    return this.#code.ask(question);
  }

  /** The control channel is served elsewhere from now on (the worker's control thread). */
  controlHandedOver(): void {
    this.#isControlHandedOver = true;
    this.#control?.end();
  }

  /** Sends it on the first control channel, for as long as that is the one. */
  sendStatus(status: StatusMessage): void {
    if (!this.#isControlHandedOver) this.#control?.post(MessageType.status, status);
  }

  /**
   * Leaves because the platform takes this worker away: tells the manager, which then sends no more, and goes when the
   * calls that are here have ended, or when the time for that is up (`drainLimits`). Told again it may have to go sooner,
   * never later.
   */
  async drain(leaving: LeavingMessage): Promise<void> {
    if (this.#hasLeft) return;
    const { reason, deadline, isPatient } = leaving;
    const remainingMs = deadline === undefined ? undefined : deadline - Date.now();
    const { callsMs, cleanUpMs } = drainLimits(this.#drainMs ?? 0, remainingMs, isPatient);
    this.#drainUntil = Math.min(this.#drainUntil, performance.now() + callsMs);
    if (this.#isDraining) return;
    // The time in which it was to leave is up.
    if (this.#isLeaving) return this.leave("terminated", reason);
    this.#isDraining = true;
    if (this.#drainMs !== undefined) {
      if (!this.#isControlHandedOver) this.#control?.post(MessageType.leaving, leaving);
      await this.#untilIdle();
    }
    await this.leaveInOrder("terminated", reason, cleanUpMs);
  }

  /** Drops a call that has not begun and tells one that runs, or ends them all. */
  stop({ call }: StopMessage): void {
    if (call !== undefined) this.#managers?.cancel(call);
    else for (const session of this.#serving) session.interruptAll();
  }

  /** What ran has been broken off, by force. */
  brokenOff(): void {
    for (const session of this.#serving) session.brokenOff();
  }

  /** The sessions of all that call functions here. */
  get #serving(): Session[] {
    return [...this.#sessions, ...(this.#directory?.peers.sessions ?? [])];
  }

  /** Does what the manager asks for. Nothing happens if it is doing so already. */
  async shutDown({ graceMs, drainMs }: ShutdownMessage): Promise<void> {
    if (drainMs > 0) {
      this.#drainUntil = Math.min(this.#drainUntil, performance.now() + drainMs);
      await this.#untilIdle();
    }
    await this.leaveInOrder("shutdown", "the manager asked for it", graceMs);
  }

  /** Cleans up, which may take most of `graceMs`, and leaves. Nothing happens if it is doing so already. */
  async leaveInOrder(cause: LeaveCause, message: string, graceMs: number): Promise<void> {
    if (this.#hasLeft || this.#isLeaving) return;
    this.#isLeaving = true;
    await this.#host.cleanUp(graceMs - Math.min(graceMs / 2, FAREWELL_MS));
    this.leave(cause, message);
  }

  /** Leaves the cluster at once. Idempotent: the first cause counts. */
  leave(cause: LeaveCause, message: string): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.close();
    this.#host.left(cause, message);
  }

  close(): void {
    this.#hasLeft = true;
    const reason = new ConnectionClosedError("the worker is leaving");
    this.#closing.abort(reason);
    this.#code.close(reason);
    this.#directory?.close(reason);
    this.#listener?.close();
    this.#control?.end();
    for (const session of this.#sessions) session.end();
  }

  /** Never rejects. Looks at intervals: it happens once in a worker's life, and costs calls nothing before. */
  async #untilIdle(): Promise<void> {
    // Twice in a row, for calls that were on their way when the manager was told.
    let quiet = 0;
    try {
      while (quiet < 2 && performance.now() < this.#drainUntil) {
        await delay(IDLE_CHECK_MS, this.#closing.signal);
        quiet = this.#callsServed === 0 ? quiet + 1 : 0;
      }
    } catch {
      // It has left meanwhile.
    }
  }

  get #callsServed(): number {
    let count = this.#directory?.peers.callsServed ?? 0;
    for (const session of this.#sessions) count += session.callsServed;
    return count;
  }

  #causeOf(error: unknown): LeaveCause {
    if (error instanceof HandshakeError)
      return error.code === "ERR_HANDSHAKE_LAUNCH_OVER" ? "launch-over" : "refused";
    return this.#control === undefined ? "manager-gone" : "cannot-listen";
  }

  async #reportIn(): Promise<void> {
    const { environment, transport, instanceAddress } = this.#host;
    const description = this.#host.describe();
    // Awaited below; a failure in between must not count as unhandled.
    description.catch(() => {});
    const { tokenId: keyId, tokenSecret: secret } = environment;
    const peer = await this.#meetManager({ purpose: ConnectionPurpose.report, keyId, secret });
    const { localHost } = peer.connection;
    this.#key = { id: keyIdOf(peer.key), secret: peer.key };
    this.#control = new ControlChannel(peer, this.#codec, {
      message: (type, content) => this.#onControl(type, content),
      closed: () => {
        if (!this.#isControlHandedOver) this.leave("manager-gone", "the manager closed the control channel");
      },
    });
    const accept = (stranger: Connection): void => void this.#accept(stranger);
    const listener = await openPort(transport, environment, localHost, accept);
    this.#listener = listener;
    if (this.#hasLeft) return listener?.close();
    const { network, ...self } = await description;
    const place = await placeOf(listener?.port, { environment, network, localHost, instanceAddress });
    const report: ReportMessage = { ...self, ...place };
    this.#report = report;
    this.#control.post(MessageType.report, report);
  }

  /** The manager found no way here, so it asks for the data connection to be opened from here. */
  async #dialBack(): Promise<void> {
    const { id: keyId, secret } = this.#key!;
    try {
      this.#serve(await this.#meetManager({ purpose: ConnectionPurpose.data, keyId, secret }));
    } catch {
      // It waits for a limited time, and then says what it has tried.
    }
  }

  #meetManager(credentials: Credentials): Promise<AuthenticatedConnection> {
    const { transport, environment } = this.#host;
    return meetManager(transport, environment, credentials, this.#closing.signal);
  }

  async #accept(connection: Connection): Promise<void> {
    this.#strangers.add(connection);
    try {
      const peer = await withTimeLimit(HANDSHAKE_MS, "no handshake", this.#closing.signal, (signal) =>
        acceptHandshake(connection, {
          nonce: randomBytes(NONCE_SIZE),
          secretOf: (hello) =>
            this.#secretOf(hello) ?? {
              code: RejectCode.unknownKey,
              message: "this worker does not know that key",
            },
          maxMessageBytes: DEFAULT_MAX_MESSAGE,
          signal,
        }),
      );
      if (peer.purpose === ConnectionPurpose.peer) this.#directory!.peers.accepted(peer);
      else this.#serve(peer);
    } catch {
      // A stranger: its connection has been ended, and nobody waits for it.
    } finally {
      this.#strangers.remove(connection);
    }
  }

  #secretOf({ purpose, keyId }: Hello): Uint8Array | undefined {
    if (purpose === ConnectionPurpose.peer) return this.#directory?.peers.secretOf(keyId);
    return purpose === ConnectionPurpose.data && keyId === this.#key?.id ? this.#key.secret : undefined;
  }

  #serve(peer: AuthenticatedConnection): void {
    const session = new Session({
      peer,
      peerPid: 1,
      codec: this.#codec,
      load: this.#host.load,
      board: this.#board,
      references: this.#references,
      maxMessageBytes: DEFAULT_MAX_MESSAGE,
      onMessage: (type, content) => {
        if (type === MessageType.join) this.#join(session, content as JoinMessage);
        else if (type === MessageType.members) this.#directory?.update(content as MembersMessage);
        else if (type === MessageType.undeliverable) {
          this.#directory?.peers.undeliverable((content as UndeliverableMessage).pid);
        } else if (type === MessageType.code) this.#code.answered(content as CodeMessage);
      },
      onPeerMessage: (message) => this.#directory?.peers.receive(message),
      onClosed: () => {
        this.#sessions.delete(session);
        session.fail(new ConnectionClosedError("the manager ended the connection"));
      },
    });
    this.#sessions.add(session);
  }

  #join(session: Session, join: JoinMessage): void {
    this.#managers = session;
    session.setMaxMessageBytes(join.maxMessageBytes);
    this.#drainMs = join.drainMs;
    this.#code.connect(session);
    const { pid } = join;
    const before = (): Promise<void> | undefined => this.#directory?.peers.pause;
    const process = new LocalProcess({
      pid,
      load: this.#host.load,
      codec: this.#codec,
      references: this.#references,
      before,
    });
    const self = { pid, process };
    this.#directory = new WorkerDirectory({
      self,
      hostname: this.#report!.hostname,
      managerHostname: join.hostname,
      topology: join.topology,
      lazy: join.lazy,
      manager: session,
      myAddress: this.#report!,
      transport: this.#host.transport,
      codec: this.#codec,
      load: this.#host.load,
      board: this.#board,
      references: this.#references,
      maxMessageBytes: join.maxMessageBytes,
    });
    this.#references.join(this.#directory);
    const { id: keyId, secret: key } = this.#key!;
    this.#host.joined({
      ...join,
      keyId,
      key,
      directory: this.#directory,
      self,
      references: this.#references,
    });
    session.post(MessageType.joined, { pid: join.pid } satisfies JoinedMessage);
  }

  #onControl(type: number, content: unknown): void {
    if (type === MessageType.ping) this.#control!.post(MessageType.pong);
    else if (type === MessageType.shutdown) {
      void this.shutDown(content as ShutdownMessage);
    } else if (type === MessageType.stop) {
      // Whoever can read this is not held up by any call.
      const message = content as StopMessage;
      this.stop(message);
      this.#control!.post(MessageType.stopped, {
        request: message.request,
        outcome: "told",
      } satisfies StoppedMessage);
    } else if (type === MessageType.drain) void this.drain(content as LeavingMessage);
    else if (type === MessageType.handedOver) this.controlHandedOver();
    else if (type === MessageType.dialBack) void this.#dialBack();
  }
}
