import type { ExitReason } from "../errors.js";
import type { Acquaintance } from "../peers/topology.js";
import type { ShutdownMessage } from "../protocol/control-messages.js";
import { MessageType } from "../protocol/message.js";
import type { ControlChannel } from "../rpc/control-channel.js";
import { Heartbeat, type HeartbeatOptions } from "../rpc/heartbeat.js";
import type { Session } from "../rpc/session.js";
import { CallStops } from "./call-stops.js";
import type { ClusterManager, LeavingNotice } from "./cluster-manager.js";
import type { WorkerInfo } from "./worker-info.js";
import { nextWorkerState, takesCalls, type WorkerState, type WorkerStateEvent } from "./worker-state.js";

/** One worker of the cluster, as its manager holds it: owns its session and its control channel. */
export class Member {
  #state: WorkerState = "ready";
  #control: ControlChannel;
  #wasAskedToLeave = false;
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
    return this.#wasAskedToLeave;
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
    this.heard();
  }

  /** Asks the worker to finish its calls and then to exit. It may be asked again. */
  askToDrain(notice: LeavingNotice): void {
    this.#control.post(MessageType.drain, notice);
  }

  /** Asks the worker to exit when its calls are over; its control thread sees to it after both times at the latest. */
  askToLeave(graceMs: number, drainMs: number): void {
    this.#wasAskedToLeave = true;
    this.#control.post(MessageType.shutdown, { graceMs, drainMs } satisfies ShutdownMessage);
  }

  /** Ends every connection of this worker. */
  close(): void {
    // There may be nobody left to answer an orderly end.
    this.#control.abort();
    this.stops.close();
    this.session.end();
  }
}
