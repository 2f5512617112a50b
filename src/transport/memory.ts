import { AsyncResource } from "node:async_hooks";
import { ConnectionClosedError, ProtocolError } from "../errors.js";
import { unauthenticatedLimits, type ProtocolLimits } from "../protocol/limits.js";
import type { Message } from "../protocol/message.js";
import type {
  Connection,
  ConnectionHandlers,
  DialOptions,
  Listener,
  ListenOptions,
  Transport,
} from "./transport.js";

/** `hasRoom` is false while more messages, or more bytes, than this lie unread at the other end. */
const MAX_UNREAD_MESSAGES = 10_000;
const MAX_UNREAD_BYTES = 32 * 1024 * 1024;

/** Without `from` a dial comes from the host that it goes to. */
export interface MemoryDialOptions extends DialOptions {
  readonly from?: string;
}

/**
 * A network inside one process, with the same guarantees as a real one: messages are copied, delivery is never
 * synchronous, an end of the connection is seen by both. Hosts are free text. Tests can cut every connection.
 */
export class MemoryNetwork implements Transport {
  readonly #listeners = new Map<string, ListenOptions>();
  readonly #connections = new Set<MemoryConnection>();
  /** What arrives from a network arrives outside of the sender's async context. */
  readonly #outside = new AsyncResource("MemoryNetwork");
  readonly #refused = new Set<string>();
  #nextPort = 1;

  /** Open connection ends; 0 when everything has been closed. */
  get openConnections(): number {
    return this.#connections.size;
  }

  get openListeners(): number {
    return this.#listeners.size;
  }

  /** The network as one of its hosts uses it: its dials come from there. */
  at(host: string): Transport {
    return {
      dial: (options) => this.dial({ ...options, from: host }),
      listen: (options) => this.listen(options),
    };
  }

  /** Refuses dials from one host to another from now on, as a firewall between them does. */
  refuse(from: string, to: string): void {
    this.#refused.add(`${from} ${to}`);
  }

  dial({ host, port, signal, from = host }: MemoryDialOptions): Promise<Connection> {
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        const isRefused = this.#refused.has(`${from} ${host}`);
        const listener = isRefused ? undefined : this.#listeners.get(`${host}:${port}`);
        if (signal.aborted) reject(signal.reason as Error);
        else if (listener === undefined) {
          reject(Object.assign(new Error(`connect ECONNREFUSED ${host}:${port}`), { code: "ECONNREFUSED" }));
        } else {
          const near = new MemoryConnection(`${host}:${port}`, host, from, this.#connections, this.#outside);
          const far = new MemoryConnection(`${from}:0`, from, host, this.#connections, this.#outside);
          near.peer = far;
          far.peer = near;
          this.#outside.runInAsyncScope(() => listener.accept(far));
          resolve(near);
        }
      });
    });
  }

  listen(options: ListenOptions): Promise<Listener> {
    const port = options.port === 0 ? this.#nextPort++ : options.port;
    const key = `${options.host}:${port}`;
    if (this.#listeners.has(key)) {
      return Promise.reject(Object.assign(new Error(`listen EADDRINUSE ${key}`), { code: "EADDRINUSE" }));
    }
    this.#listeners.set(key, options);
    return Promise.resolve({ host: options.host, port, close: () => void this.#listeners.delete(key) });
  }

  /** Ends every connection, or those between two hosts, at once, as when a cable is pulled and both ends notice. */
  cut(reason?: Error, between?: readonly [string, string]): void {
    for (const connection of Array.from(this.#connections)) {
      const ends = [connection.localHost, connection.remoteHost];
      if (between !== undefined && !between.every((host) => ends.includes(host))) continue;
      connection.destroy(reason ?? new ConnectionClosedError("the network was cut"));
    }
  }
}

class MemoryConnection implements Connection {
  peer!: MemoryConnection;
  #handlers: ConnectionHandlers | undefined;
  #limits: ProtocolLimits = unauthenticatedLimits;
  #inbox: (Message | "end")[] = [];
  #inboxBytes = 0;
  #isScheduled = false;
  #isPaused = false;
  #isClosed = false;
  readonly #open: Set<MemoryConnection>;
  readonly #outside: AsyncResource;

  constructor(
    readonly remote: string,
    readonly remoteHost: string,
    readonly localHost: string,
    open: Set<MemoryConnection>,
    outside: AsyncResource,
  ) {
    this.#outside = outside;
    this.#open = open;
    open.add(this);
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  get hasRoom(): boolean {
    return this.peer.#inbox.length < MAX_UNREAD_MESSAGES && this.peer.#inboxBytes <= MAX_UNREAD_BYTES;
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
    this.#schedule();
  }

  setLimits(limits: ProtocolLimits): void {
    this.#limits = limits;
  }

  send(message: Message): boolean {
    if (this.#isClosed) return true;
    this.peer.#receive({
      ...message,
      body: new Uint8Array(message.body),
      segments: message.segments.map((segment) => new Uint8Array(segment)),
    });
    return this.hasRoom;
  }

  flush(): void {}

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  end(): void {
    if (this.#isClosed) return;
    this.peer.#receive("end");
    this.#close(undefined);
  }

  destroy(reason?: Error): void {
    if (this.#isClosed) return;
    this.peer.#receive("end");
    this.#close(reason);
  }

  #receive(item: Message | "end"): void {
    if (this.#isClosed) return;
    this.#inbox.push(item);
    if (item !== "end") this.#inboxBytes += sizeOf(item);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#inbox.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#outside.runInAsyncScope(() => this.#deliver());
    });
  }

  #deliver(): void {
    const hadRoom = this.peer.hasRoom;
    while (!this.#isPaused && !this.#isClosed && this.#handlers !== undefined) {
      const item = this.#inbox.shift();
      if (item === undefined) break;
      if (item === "end") return this.#close(undefined);
      this.#inboxBytes -= sizeOf(item);
      // As on a real network, who breaks the rules, or a reader that fails, costs this connection and nothing else.
      try {
        this.#checkSize(item);
        this.#handlers.message(item);
      } catch (error) {
        return this.destroy(error as Error);
      }
    }
    if (!hadRoom && this.peer.hasRoom && this.peer.isOpen) this.peer.#handlers?.drained();
  }

  #checkSize(message: Message): void {
    const size = sizeOf(message);
    if (size <= this.#limits.maxMessage) return;
    throw new ProtocolError(
      "ERR_FRAME_TOO_LARGE",
      `a message of ${size} bytes arrived; the limit here is ${this.#limits.maxMessage} (option maxMessageBytes)`,
    );
  }

  #close(reason: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#inbox = [];
    this.#inboxBytes = 0;
    this.#open.delete(this);
    setImmediate(() => this.#outside.runInAsyncScope(() => this.#handlers?.closed(reason)));
  }
}

function sizeOf({ body, segments }: Message): number {
  return segments.reduce((sum, segment) => sum + segment.length, body.length);
}
