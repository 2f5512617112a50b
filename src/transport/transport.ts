import type { ProtocolLimits } from "../protocol/limits.js";
import type { Message } from "../protocol/message.js";

/** What the owner of a connection gives it. Never called concurrently, and never after `closed`. */
export interface ConnectionHandlers {
  /** A message arrived. Its body is valid until this returns. */
  message(message: Message): void;
  /** There is room again after `send` returned false. */
  drained(): void;
  /** The connection has ended; called exactly once. Without a reason the peer ended it in good order. */
  closed(reason: Error | undefined): void;
}

/**
 * A way for messages between two processes: ordered for small messages; one with large parts may be overtaken by
 * small ones sent after it. Who opened or accepted it owns it and closes it.
 */
export interface Connection {
  /** The peer's address as seen from here, for people and logs. */
  readonly remote: string;
  /** The peer's host address alone. */
  readonly remoteHost: string;
  /** Our own address on this connection: what the peer sees, where no NAT is between. */
  readonly localHost: string;
  readonly isOpen: boolean;
  /** False while more is queued than should be. Senders who can wait, wait for `drained`. */
  readonly hasRoom: boolean;

  /** Sets who is told. Must be called before the turn of the event loop in which the connection was made ends. */
  setHandlers(handlers: ConnectionHandlers): void;
  /** What is accepted from the peer from the next message on. */
  setLimits(limits: ProtocolLimits): void;

  /**
   * Queues a message; everything queued in one turn leaves together. The body is copied before this returns; the
   * segments are not: they must not be changed until they have left. Does nothing once the connection has ended.
   * Returns `hasRoom`.
   */
  send(message: Message): boolean;
  /** Sends what is queued now rather than at the end of the turn. */
  flush(): void;

  /** Stops and resumes taking messages from the peer, so that a fast sender fills its own memory and not ours. */
  pause(): void;
  resume(): void;

  /** Ends the connection after what is queued has been sent. */
  end(): void;
  /** Ends it now; what is queued is lost. `closed` is told `reason`. */
  destroy(reason?: Error): void;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Stops listening; connections that were accepted live on. */
  close(): void;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** Ends the attempt; the promise then rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Told of each new connection; must set its handlers before it returns. */
  readonly accept: (connection: Connection) => void;
}

/** A kind of network. */
export interface Transport {
  dial(options: DialOptions): Promise<Connection>;
  listen(options: ListenOptions): Promise<Listener>;
}
