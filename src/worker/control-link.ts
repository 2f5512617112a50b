import { randomBytes } from "node:crypto";
import { HandshakeError } from "../errors.js";
import { newCodec } from "../protocol/codec.js";
import type {
  LeavingMessage,
  OutputMessage,
  ShutdownMessage,
  StatusMessage,
  StoppedMessage,
  StopMessage,
  StopOutcome,
} from "../protocol/control-messages.js";
import { ConnectionPurpose, NONCE_SIZE } from "../protocol/handshake.js";
import { DEFAULT_MAX_MESSAGE } from "../protocol/limits.js";
import { MessageType } from "../protocol/message.js";
import { ControlChannel } from "../rpc/control-channel.js";
import { dialHandshake, type AuthenticatedConnection } from "../rpc/handshake-exchange.js";
import { Heartbeat } from "../rpc/heartbeat.js";
import type { Connection, Transport } from "../transport/transport.js";
import { delay, TimeLimitError, withTimeLimit } from "../util/time-limit.js";

export interface ControlLinkOptions {
  readonly transport: Transport;
  readonly host: string;
  readonly port: number;
  readonly keyId: string;
  readonly key: Uint8Array;
  /** How often the manager pings, and for how long it may be silent before it counts as lost. */
  readonly heartbeat: { readonly intervalMs: number; readonly lostMs: number };
  /** How long a lost manager is looked for before it counts as gone. */
  readonly graceMs: number;
  readonly onShutdown: (message: ShutdownMessage) => void;
  /** It should leave in good order, as if its platform took it away. */
  readonly onDrain: (message: LeavingMessage) => void;
  readonly onStop: (message: StopMessage) => Promise<StopOutcome>;
  /** The manager cannot be reached any more; called once, and nothing is tried afterwards. */
  readonly onManagerGone: (message: string) => void;
}

/** One attempt to dial. */
const DIAL_MS = 5_000;
/** A manager whose machine takes connections may leave them without an answer for about so long. */
const LONGEST_ANSWER_MS = 3_600_000;
const RETRY_MS = 200;
/** Characters of output that are kept while it cannot be sent; older lines are dropped. */
const MAX_KEPT = 4 * 1024 * 1024;

/**
 * A member's control channel: answers pings, carries output, hears the order to leave, and comes back by itself after
 * a break of the network. Lives in the control thread, so that it is served while the worker's program computes.
 */
export class ControlLink {
  readonly #options: ControlLinkOptions;
  readonly #codec = newCodec();
  readonly #closing = new AbortController();
  #channel: ControlChannel | undefined;
  #kept: OutputMessage[] = [];
  #keptSize = 0;
  #leaving: LeavingMessage | undefined;
  readonly #statuses = new Map<string, StatusMessage>();

  constructor(options: ControlLinkOptions) {
    this.#options = options;
    void this.#connect();
  }

  sendOutput(message: OutputMessage): void {
    this.#kept.push(message);
    this.#keptSize += sizeOf(message);
    this.#sendKept();
    while (this.#keptSize > MAX_KEPT) this.#keptSize -= sizeOf(this.#kept.shift()!);
  }

  #sendKept(): void {
    while (this.#channel?.hasRoom === true) {
      const next = this.#kept.shift();
      if (next === undefined) return;
      this.#keptSize -= sizeOf(next);
      this.#channel.post(MessageType.output, next);
    }
  }

  /** The last one of each key is sent again on a channel that follows: what was under way may be lost with a channel. */
  sendStatus(status: StatusMessage): void {
    this.#statuses.set(status.key, status);
    this.#channel?.post(MessageType.status, status);
  }

  /** Told as soon as there is a channel, and again on each that follows it. */
  sendLeaving(leaving: LeavingMessage): void {
    this.#leaving = leaving;
    this.#tellLeaving();
  }

  #tellLeaving(): void {
    if (this.#leaving === undefined) return;
    this.#channel?.post(MessageType.leaving, this.#leaving);
    this.#channel?.flush();
  }

  close(): void {
    this.#closing.abort(new Error("the control link was closed"));
    this.#channel?.end();
  }

  /** Looks for the manager until there is a channel again. */
  async #connect(): Promise<void> {
    const { signal } = this.#closing;
    const { graceMs, heartbeat } = this.#options;
    // Looks again after twice the time: what a busy manager has not taken yet fills its queue of connections.
    let answerMs = heartbeat.lostMs;
    try {
      // The grace is for time without a connection, however often one is made and lost again.
      for (let leftMs = graceMs; leftMs > 0;) {
        const began = performance.now();
        const connection = await this.#reach(Math.ceil(leftMs));
        leftMs -= performance.now() - began + RETRY_MS;
        try {
          return this.#adopt(await this.#prove(connection, answerMs));
        } catch (error) {
          // It answers but does not know us: waiting changes nothing.
          if (error instanceof HandshakeError || signal.aborted) throw error;
          if (error instanceof TimeLimitError) {
            if ((answerMs *= 2) > LONGEST_ANSWER_MS) throw error;
            // Its machine was there all the time, as far as could be seen.
            leftMs = graceMs;
          }
        }
        await delay(RETRY_MS, signal);
      }
      throw new Error(`the manager was not reached within ${graceMs} ms`);
    } catch (error) {
      if (!signal.aborted) this.#options.onManagerGone((error as Error).message);
    }
  }

  /** Opens a connection to the manager's machine. */
  #reach(limitMs: number): Promise<Connection> {
    const { transport, host, port } = this.#options;
    const message = "the manager was not reached";
    return withTimeLimit(limitMs, message, this.#closing.signal, async (limit) => {
      for (;;) {
        try {
          return await withTimeLimit(DIAL_MS, message, limit, (signal) =>
            transport.dial({ host, port, signal }),
          );
        } catch (error) {
          // Its machine says that nothing listens: waiting changes nothing.
          if (isRefused(error) || limit.aborted) throw error;
          await delay(RETRY_MS, limit);
        }
      }
    });
  }

  /**
   * Its machine has taken the connection, so the manager's process is there; it may be computing, and answer when it is
   * done.
   */
  #prove(connection: Connection, limitMs: number): Promise<AuthenticatedConnection> {
    const { keyId, key } = this.#options;
    return withTimeLimit(limitMs, "the manager did not answer", this.#closing.signal, (signal) =>
      dialHandshake(connection, {
        purpose: ConnectionPurpose.control,
        keyId,
        secret: key,
        nonce: randomBytes(NONCE_SIZE),
        maxMessageBytes: DEFAULT_MAX_MESSAGE,
        signal,
      }),
    );
  }

  /** If the channel has broken meanwhile, the manager asks again over the next one. */
  async #stop(message: StopMessage): Promise<void> {
    const outcome = await this.#options.onStop(message);
    this.#channel?.post(MessageType.stopped, {
      request: message.request,
      outcome,
    } satisfies StoppedMessage);
  }

  #adopt(peer: AuthenticatedConnection): void {
    const { onShutdown, onDrain, heartbeat } = this.#options;
    const { intervalMs, lostMs } = heartbeat;
    const pings = new Heartbeat({ intervalMs, suspectMs: lostMs, lostMs }, performance.now());
    const channel = new ControlChannel(peer, this.#codec, {
      message: (type, content) => {
        pings.heard();
        if (type === MessageType.ping) channel.post(MessageType.pong);
        else if (type === MessageType.shutdown) onShutdown(content as ShutdownMessage);
        else if (type === MessageType.drain) onDrain(content as LeavingMessage);
        else if (type === MessageType.stop) void this.#stop(content as StopMessage);
      },
      drained: () => this.#sendKept(),
      closed: () => lost(),
    });
    const lost = (): void => {
      clearInterval(watch);
      if (this.#channel !== channel) return;
      this.#channel = undefined;
      if (!this.#closing.signal.aborted) void this.#connect();
    };
    const watch = setInterval(() => {
      if (pings.tick(performance.now()) !== "lost") return;
      // In good order: if the manager was only busy, it still reads what it was sent.
      channel.end();
      lost();
    }, intervalMs);
    this.#channel = channel;
    this.#tellLeaving();
    for (const status of this.#statuses.values()) channel.post(MessageType.status, status);
    this.#sendKept();
  }
}

function sizeOf({ lines }: OutputMessage): number {
  return lines.reduce((sum, line) => sum + line.length, 0);
}

function isRefused(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
}
