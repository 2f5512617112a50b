import { ProtocolError } from "../errors.js";
import { authenticatedLimits, type ProtocolLimits } from "../protocol/limits.js";
import { MessageType, RelayFlag, type Message } from "../protocol/message.js";
import { readUint32 } from "../protocol/frame.js";
import type { Connection, ConnectionHandlers } from "../transport/transport.js";

/** Bytes that may be under way, unread by the other end: all that the manager ever holds of one direction of a relay. */
export const RELAY_WINDOW = 1024 * 1024;
/** Type, flags, id and aux of the message inside. */
export const RELAY_OVERHEAD = 10;
const CREDIT_SIZE = 8;

/**
 * A connection between two workers that cannot reach each other: its messages travel within those that each exchanges
 * with the manager, which passes them on unread. A message larger than the window travels alone.
 */
export class RelayConnection implements Connection {
  readonly remote: string;
  readonly remoteHost = "";
  readonly localHost = "";
  readonly #stream: number;
  readonly #toManager: (message: Message) => void;
  readonly #onEnd: () => void;
  #handlers: ConnectionHandlers | undefined;
  #limits: ProtocolLimits = authenticatedLimits();
  readonly #outbox: Message[] = [];
  /** Sent, and not read by the other end as far as is known. */
  #underWay = 0;
  #isCrowded = false;
  #inbox: Message[] = [];
  /** Read here, and not told yet. */
  #read = 0;
  #isPaused = false;
  #isEnding = false;
  #isClosed = false;

  /**
   * @param stream The number of this relay; who opens it chooses one that the two have not used.
   * @param toManager Sends on the session with the manager.
   * @param onEnd The relay is over.
   */
  constructor(
    /** The worker at the other end. */
    readonly pid: number,
    stream: number,
    toManager: (message: Message) => void,
    onEnd: () => void,
  ) {
    this.remote = `worker ${pid} (through the manager)`;
    this.#stream = stream;
    this.#toManager = toManager;
    this.#onEnd = onEnd;
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  get hasRoom(): boolean {
    return this.#outbox.length === 0 && this.#underWay < RELAY_WINDOW;
  }

  /** Tells the other end that there is this connection. */
  open(): void {
    this.#post(RelayFlag.open);
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  setLimits(limits: ProtocolLimits): void {
    this.#limits = limits;
  }

  send(message: Message): boolean {
    if (this.#isClosed || this.#isEnding) return true;
    const wrapped = this.#wrap(message);
    if (this.#outbox.length === 0 && this.#fits(wrapped)) this.#sendOne(wrapped);
    else this.#outbox.push(wrapped);
    if (!this.hasRoom) this.#isCrowded = true;
    return this.hasRoom;
  }

  flush(): void {}

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    setImmediate(() => this.#deliver());
  }

  end(): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#isEnding = true;
    this.#endIfRead();
  }

  destroy(reason?: Error): void {
    if (this.#isClosed) return;
    this.#post(RelayFlag.end);
    this.#close(reason);
  }

  /** A message of this relay has come from the manager. Its body is valid until this returns. */
  receive(message: Message): void {
    if (this.#isClosed) return;
    if ((message.flags & RelayFlag.end) !== 0) return this.#close(undefined);
    if (this.#isPaused || this.#inbox.length > 0) {
      this.#inbox.push({ ...message, body: new Uint8Array(message.body) });
    } else this.#take(message);
  }

  /** The other end says how many bytes it has read. */
  credited({ body }: Message): void {
    if (this.#isClosed || body.length !== CREDIT_SIZE) return;
    this.#underWay -= new DataView(body.buffer, body.byteOffset).getFloat64(0, true);
    while (this.#outbox.length > 0 && this.#fits(this.#outbox[0]!)) this.#sendOne(this.#outbox.shift()!);
    this.#endIfRead();
    if (!this.#isCrowded || !this.hasRoom || this.#isClosed) return;
    this.#isCrowded = false;
    this.#handlers?.drained();
  }

  /** The end would overtake a large message that is under way. */
  #endIfRead(): void {
    if (this.#isEnding && this.#outbox.length === 0 && this.#underWay === 0) this.destroy();
  }

  #fits(message: Message): boolean {
    return this.#underWay === 0 || this.#underWay + sizeOf(message) <= RELAY_WINDOW;
  }

  #sendOne(message: Message): void {
    this.#underWay += sizeOf(message);
    this.#toManager(message);
  }

  #wrap({ type, flags, id, aux, body, segments }: Message): Message {
    const wrapped = new Uint8Array(RELAY_OVERHEAD + body.length);
    const view = new DataView(wrapped.buffer);
    wrapped[0] = type;
    wrapped[1] = flags;
    view.setUint32(2, id, true);
    view.setUint32(6, aux, true);
    wrapped.set(body, RELAY_OVERHEAD);
    return { type: MessageType.relayed, flags: 0, id: this.#stream, aux: this.pid, body: wrapped, segments };
  }

  #post(flags: number): void {
    const body = new Uint8Array(0);
    this.#toManager({
      type: MessageType.relayed,
      flags,
      id: this.#stream,
      aux: this.pid,
      body,
      segments: [],
    });
  }

  #deliver(): void {
    while (!this.#isPaused && !this.#isClosed) {
      const next = this.#inbox.shift();
      if (next === undefined) return;
      this.#take(next);
    }
  }

  #take(message: Message): void {
    const { body, segments } = message;
    const size = sizeOf(message);
    try {
      if (body.length < RELAY_OVERHEAD)
        throw new ProtocolError("ERR_BAD_FRAME", "a relayed message is cut off");
      if (size - RELAY_OVERHEAD > this.#limits.maxMessage) {
        throw new ProtocolError(
          "ERR_FRAME_TOO_LARGE",
          `a message of ${size} bytes arrived; the limit here is ${this.#limits.maxMessage} (option maxMessageBytes)`,
        );
      }
      this.#handlers?.message({
        type: body[0]!,
        flags: body[1]!,
        id: readUint32(body, 2),
        aux: readUint32(body, 6),
        body: body.subarray(RELAY_OVERHEAD),
        segments,
      });
    } catch (error) {
      return this.destroy(error as Error);
    }
    if (this.#read === 0) setImmediate(() => this.#tellRead());
    this.#read += size;
  }

  #tellRead(): void {
    if (this.#isClosed) return;
    const body = new Uint8Array(CREDIT_SIZE);
    new DataView(body.buffer).setFloat64(0, this.#read, true);
    this.#read = 0;
    const type = MessageType.relayCredit;
    this.#toManager({ type, flags: 0, id: this.#stream, aux: this.pid, body, segments: [] });
  }

  #close(reason: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#inbox = [];
    this.#outbox.length = 0;
    this.#onEnd();
    setImmediate(() => this.#handlers?.closed(reason));
  }
}

function sizeOf({ body, segments }: Message): number {
  return segments.reduce((sum, segment) => sum + segment.length, body.length);
}
