import { randomBytes } from "node:crypto";
import { HandshakeError } from "../errors.js";
import { ConnectionPurpose, keyIdOf, NONCE_SIZE, RejectCode, type Hello } from "../protocol/handshake.js";
import type { Codec } from "../protocol/codec.js";
import { MessageType } from "../protocol/message.js";
import { ControlChannel, type ControlHandlers } from "../rpc/control-channel.js";
import { acceptHandshake, type AuthenticatedConnection, type Refusal } from "../rpc/handshake-exchange.js";
import { Strangers } from "../rpc/strangers.js";
import { listenInRange } from "../transport/listen-in-range.js";
import type { Connection, Listener, Transport } from "../transport/transport.js";
import { ANY_PORT, formatPortRange } from "../util/port-range.js";
import { deferred } from "../util/deferred.js";
import { sharedAbortController } from "../util/shared-abort.js";
import { abortable, withTimeLimit } from "../util/time-limit.js";
import type { RendezvousAddress, WorkerReport } from "./cluster-manager.js";
import { JoinTokens } from "./join-tokens.js";

/** A worker that was asked to dial back has not done so yet. */
interface Expected {
  readonly key: Uint8Array;
  readonly connected: (peer: AuthenticatedConnection) => void;
}

/** Connections that have not proved themselves: how many at once, and for how long each. */
const MAX_STRANGERS = 1_024;
const HANDSHAKE_MS = 10_000;
/** From a worker's proof to its report. */
const REPORT_MS = 10_000;

/** A worker that has proved itself and said where it is. Its control channel is ours to close from here on. */
export interface Arrival {
  readonly launchId: string;
  readonly report: WorkerReport;
  readonly control: ControlChannel;
  /** The address it came from, as seen here. */
  readonly remoteHost: string;
  /** The secret that this worker and the manager share. */
  readonly keyId: string;
  readonly key: Uint8Array;
  /** Counts it against its join token, once it is known to be one that was launched; false if that is used up. */
  useToken(): boolean;
  /** Sets who is told of the control channel's messages and its end. */
  setHandlers(handlers: ControlHandlers): void;
}

export interface RendezvousHandlers {
  arrived(arrival: Arrival): void;
  /** A control connection of the worker that holds this key; undefined if there is none. */
  keyOf(keyId: string): Uint8Array | undefined;
  /** A member's control thread has connected. */
  reconnected(keyId: string, peer: AuthenticatedConnection): void;
  /** A connection was turned away. Strangers are part of life; a wrong secret is worth telling. */
  refused(remoteHost: string, error: Error): void;
}

/**
 * The port that a manager opens for its workers to report in. Nobody takes a slot, or more than a little memory and
 * time, before they have proved that they know a secret.
 */
export class Rendezvous {
  readonly tokens = new JoinTokens();
  readonly #transport: Transport;
  readonly #codec: Codec;
  readonly #maxMessageBytes: number;
  readonly #handlers: RendezvousHandlers;
  readonly #listeners = new Map<string, Promise<Listener>>();
  readonly #closing = sharedAbortController();
  readonly #strangers = new Strangers(MAX_STRANGERS);
  /** By key id. */
  readonly #expected = new Map<string, Expected>();

  constructor(transport: Transport, codec: Codec, maxMessageBytes: number, handlers: RendezvousHandlers) {
    this.#transport = transport;
    this.#codec = codec;
    this.#maxMessageBytes = maxMessageBytes;
    this.#handlers = handlers;
  }

  /** Listens where it does not yet; returns the port. */
  async listen({ bindHost, ports = ANY_PORT }: RendezvousAddress): Promise<number> {
    this.#closing.signal.throwIfAborted();
    const key = `${bindHost} ${formatPortRange(ports)}`;
    let listening = this.#listeners.get(key);
    if (listening === undefined) {
      listening = listenInRange(this.#transport, {
        host: bindHost,
        ports,
        start: 0,
        accept: (connection) => void this.#accept(connection),
      });
      this.#listeners.set(key, listening);
      listening.catch(() => this.#listeners.delete(key));
    }
    return (await listening).port;
  }

  /**
   * Asks a worker that has reported in to open its data connection itself; resolves with that connection, proved with the
   * worker's key.
   */
  async dialBack({ keyId, key, control }: Arrival, signal: AbortSignal): Promise<AuthenticatedConnection> {
    const { promise, resolve } = deferred<AuthenticatedConnection>();
    this.#expected.set(keyId, { key, connected: resolve });
    control.post(MessageType.dialBack);
    try {
      return await abortable(promise, signal);
    } finally {
      this.#expected.delete(keyId);
    }
  }

  close(): void {
    this.#closing.abort(new Error("the cluster was closed"));
    for (const listening of this.#listeners.values()) {
      listening.then(
        (listener) => listener.close(),
        () => {},
      );
    }
    this.#listeners.clear();
  }

  async #accept(connection: Connection): Promise<void> {
    this.#strangers.add(connection);
    try {
      const peer = await withTimeLimit(HANDSHAKE_MS, "no handshake", this.#closing.signal, (signal) =>
        acceptHandshake(connection, {
          nonce: randomBytes(NONCE_SIZE),
          secretOf: (hello) => this.#secretOf(hello),
          maxMessageBytes: this.#maxMessageBytes,
          signal,
        }),
      );
      this.#strangers.remove(connection);
      if (peer.purpose === ConnectionPurpose.control) this.#handlers.reconnected(peer.keyId, peer);
      else if (peer.purpose === ConnectionPurpose.data) this.#dialledBack(peer);
      else await this.#receiveReport(peer);
    } catch (error) {
      connection.destroy(error as Error);
      if (!this.#closing.signal.aborted) this.#handlers.refused(connection.remoteHost, error as Error);
    } finally {
      this.#strangers.remove(connection);
    }
  }

  #secretOf({ purpose, keyId }: Hello): Uint8Array | Refusal {
    if (purpose === ConnectionPurpose.control) {
      return (
        this.#handlers.keyOf(keyId) ?? {
          code: RejectCode.unknownKey,
          message: "no member of this cluster has that key",
        }
      );
    }
    if (purpose === ConnectionPurpose.data) {
      return (
        this.#expected.get(keyId)?.key ?? {
          code: RejectCode.unknownKey,
          message: "no worker with that key was asked to open its data connection",
        }
      );
    }
    const verdict = purpose === ConnectionPurpose.report ? this.tokens.look(keyId) : undefined;
    if (verdict?.kind === "valid") return verdict.secret;
    if (verdict?.kind === "over") return { code: RejectCode.launchOver, message: "the launch is over" };
    return { code: RejectCode.unknownKey, message: "this manager did not issue that join token" };
  }

  #dialledBack(peer: AuthenticatedConnection): void {
    const expected = this.#expected.get(peer.keyId);
    if (expected === undefined) throw new HandshakeError("ERR_HANDSHAKE_TOKEN", "it came too late");
    this.#expected.delete(peer.keyId);
    expected.connected(peer);
  }

  #receiveReport(peer: AuthenticatedConnection): Promise<void> {
    return withTimeLimit(
      REPORT_MS,
      "an authenticated worker did not report",
      this.#closing.signal,
      (signal) =>
        new Promise((resolve, reject) => {
          const handlers: { current: ControlHandlers } = {
            current: {
              message: (type, content) => {
                const verdict = this.tokens.look(peer.keyId);
                if (type !== MessageType.report || verdict.kind !== "valid") {
                  return reject(new HandshakeError("ERR_HANDSHAKE_TOKEN", "its join token is used up"));
                }
                // One connection is one worker, whatever else it sends before somebody listens to it.
                handlers.current = { message: () => {}, closed: () => {} };
                this.#handlers.arrived({
                  launchId: verdict.launchId,
                  report: content as WorkerReport,
                  control: channel,
                  remoteHost: peer.connection.remoteHost,
                  keyId: keyIdOf(peer.key),
                  key: peer.key,
                  useToken: () => this.tokens.use(peer.keyId),
                  setHandlers: (next) => (handlers.current = next),
                });
                resolve();
              },
              closed: (reason) => reject(reason ?? new Error("the worker left before it reported")),
            },
          };
          const channel = new ControlChannel(peer, this.#codec, {
            message: (type, content) => handlers.current.message(type, content),
            closed: (reason) => handlers.current.closed(reason),
          });
          signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        }),
    );
  }
}
