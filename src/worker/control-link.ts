import { randomBytes } from "node:crypto";
import { HandshakeError } from "../errors.js";
import { newCodec } from "../protocol/codec.js";
import type {
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
import { dialHandshake } from "../rpc/handshake-exchange.js";
import type { Transport } from "../transport/transport.js";
import { delay, withTimeLimit } from "../util/time-limit.js";

export interface ControlLinkOptions {
  readonly transport: Transport;
  readonly host: string;
  readonly port: number;
  readonly keyId: string;
  readonly key: Uint8Array;
  /** How long a lost manager is looked for before it counts as gone. */
  readonly graceMs: number;
  readonly onShutdown: (message: ShutdownMessage) => void;
  readonly onStop: (message: StopMessage) => Promise<StopOutcome>;
  /** The manager cannot be reached any more; called once, and nothing is tried afterwards. */
  readonly onManagerGone: (message: string) => void;
}

const HANDSHAKE_MS = 5_000;
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
  #leaving: string | undefined;
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
  sendLeaving(reason: string): void {
    this.#leaving = reason;
    this.#tellLeaving();
  }

  #tellLeaving(): void {
    if (this.#leaving === undefined) return;
    this.#channel?.post(MessageType.leaving, { reason: this.#leaving });
    this.#channel?.flush();
  }

  close(): void {
    this.#closing.abort(new Error("the control link was closed"));
    this.#channel?.end();
  }

  async #connect(): Promise<void> {
    const { graceMs } = this.#options;
    try {
      await withTimeLimit(graceMs, "the manager was not reached", this.#closing.signal, async (signal) => {
        while (this.#channel === undefined) {
          try {
            await this.#dial(signal);
          } catch (error) {
            // It answers but does not know us, or its machine says that nothing listens: waiting changes nothing.
            if (error instanceof HandshakeError || isRefused(error) || signal.aborted) throw error;
            await delay(RETRY_MS, signal);
          }
        }
      });
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.onManagerGone((error as Error).message);
    }
  }

  /** If the channel has broken meanwhile, the manager asks again over the next one. */
  async #stop(message: StopMessage): Promise<void> {
    const outcome = await this.#options.onStop(message);
    this.#channel?.post(MessageType.stopped, {
      request: message.request,
      outcome,
    } satisfies StoppedMessage);
  }

  async #dial(limit: AbortSignal): Promise<void> {
    const { transport, host, port, keyId, key, onShutdown } = this.#options;
    const peer = await withTimeLimit(HANDSHAKE_MS, "the manager did not answer", limit, async (signal) =>
      dialHandshake(await transport.dial({ host, port, signal }), {
        purpose: ConnectionPurpose.control,
        keyId,
        secret: key,
        nonce: randomBytes(NONCE_SIZE),
        maxMessageBytes: DEFAULT_MAX_MESSAGE,
        signal,
      }),
    );
    const channel = new ControlChannel(peer, this.#codec, {
      message: (type, content) => {
        if (type === MessageType.ping) channel.post(MessageType.pong);
        else if (type === MessageType.shutdown) onShutdown(content as ShutdownMessage);
        else if (type === MessageType.stop) void this.#stop(content as StopMessage);
      },
      drained: () => this.#sendKept(),
      closed: () => {
        this.#channel = undefined;
        if (!this.#closing.signal.aborted) void this.#connect();
      },
    });
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
