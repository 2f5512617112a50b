import type { ExitReason } from "../errors.js";
import type { Acquaintance } from "../peers/topology.js";
import type { ShutdownMessage } from "../protocol/control-messages.js";
import { MessageType } from "../protocol/message.js";
import type { ControlChannel } from "../rpc/control-channel.js";
import { Heartbeat, type HeartbeatOptions } from "../rpc/heartbeat.js";
import type { Session } from "../rpc/session.js";
import { deferred } from "../util/deferred.js";
import { CallStops } from "./call-stops.js";
import type { ClusterManager, LeavingNotice } from "./cluster-manager.js";
import type { WorkerInfo } from "./worker-info.js";
import { nextWorkerState, takesCalls, type WorkerState, type WorkerStateEvent } from "./worker-state.js";

/** One worker of the cluster, as its manager holds it: owns its session and its control channel. */
export class Member {
  #state: WorkerState = "ready";
  #control: ControlChannel;
  /** What it was told, once it was asked to leave. */
  #leave: ShutdownMessage | undefined;
  readonly #heartbeat: Heartbeat;
  readonly #status = new Map<string, unknown>();
  readonly info: WorkerInfo;
  /** Its place in a custom topology. */
  readonly ident: string | undefined;
  readonly connectIdents: readonly string[] | undefined;
  readonly stops: CallStops;
  /** What it said of it, if it leaves on its own account. */
  notice: LeavingNotice | undefined;
  /** Why it is gone, once it is. */
  exit: ExitReason | undefined;
  readonly #gone = deferred<void>();

  constructor(
    info: Omit<WorkerInfo, "status">,
    readonly manager: ClusterManager,
    readonly session: Session,
    control: ControlChannel,
    readonly keyId: string,
    readonly key: Uint8Array,
    heartbeat: HeartbeatOptions,
    { ident, connectIdents }: Acquaintance,
    /** Ends its process, for the reason given. */
    kill: (message: string) => void,
  ) {
    this.info = { ...info, status: this.#status };
    this.ident = ident;
    this.connectIdents = connectIdents;
    this.#control = control;
    this.stops = new CallStops({
      post: (message) => this.#control.post(MessageType.stop, message),
      letGo: (call) => session.letGo(call),
      kill,
    });
    this.#heartbeat = new Heartbeat(heartbeat, performance.now());
  }

  get pid(): number {
    return this.info.pid;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** It goes because its manager wants it to, not on its own account. */
  get wasAskedToLeave(): boolean {
    return this.#leave !== undefined;
  }

  get takesCalls(): boolean {
    return takesCalls(this.#state);
  }

  /** Moves on; returns whether the state changed. */
  step(event: WorkerStateEvent): boolean {
    const next = nextWorkerState(this.#state, event);
    const isChanged = next !== this.#state;
    this.#state = next;
    return isChanged;
  }

  setStatus(key: string, value: unknown): void {
    this.#status.set(key, value);
  }

  /** Any message of the control channel is a sign of life. */
  heard(): void {
    this.#heartbeat.heard();
  }

  /** Asks for a sign of life; says what the silence so far means. */
  ping(now: number): "alive" | "suspect" | "lost" {
    const verdict = this.#heartbeat.tick(now);
    this.#control.post(MessageType.ping);
    return verdict;
  }

  replaceControl(channel: ControlChannel): void {
    const previous = this.#control;
    this.#control = channel;
    previous.post(MessageType.handedOver);
    this.stops.askAgain();
    // Whoever read the one before may be held up by what the worker computes.
    if (this.#leave !== undefined) this.askToLeave(this.#leave);
    this.heard();
  }

  /** Asks the worker to finish its calls and then to exit. It may be asked again. */
  askToDrain(notice: LeavingNotice): void {
    this.#control.post(MessageType.drain, notice);
  }

  /** Asks the worker to exit when its calls are over; its control thread sees to it after both times at the latest. */
  askToLeave(request: ShutdownMessage): void {
    this.#leave = request;
    this.#control.post(MessageType.shutdown, request);
  }

  /** Resolves when it is no member any more: its connection has ended, or nobody waits for that. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** Ends every connection of this worker. */
  close(): void {
    this.#gone.resolve();
    // There may be nobody left to answer an orderly end.
    this.#control.abort();
    this.stops.close();
    this.session.end();
  }
}
