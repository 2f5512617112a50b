import { SerializationError } from "../errors.js";
import type { Codec, Decoder, EncodedValue, Encoder } from "../protocol/codec.js";
import { authenticatedLimits } from "../protocol/limits.js";
import { CallFlag, isBetweenWorkers, MessageType, type Message } from "../protocol/message.js";
import type { Connection } from "../transport/transport.js";
import type { CallBoard } from "./call-board.js";
import { CallServer, type LoadFunction } from "./call-server.js";
import { decodeFailure } from "./failure.js";
import type { AuthenticatedConnection } from "./handshake-exchange.js";
import type { CallReference } from "./internal-functions.js";
import { isAbandoned, PendingCalls, type PendingCall } from "./pending-calls.js";
import { noReferences, type KeepAs, type ReferenceTraffic } from "./reference-traffic.js";
import { DEFAULT_STOP, type AbandonedCall, type StopRule } from "./stop-rule.js";

export interface SessionOptions {
  readonly peer: AuthenticatedConnection;
  /** The process at the other end; may be set later, when it has its id. */
  readonly peerPid: number;
  readonly codec: Codec;
  readonly load: LoadFunction;
  readonly maxMessageBytes: number;
  /** Default: none travel. The codec must be made with their extensions. */
  readonly references?: ReferenceTraffic;
  /** What this process runs for its peers, where another thread can see it. */
  readonly board?: CallBoard;
  /** A call's caller has given up, and it is not answered. Who is told sees to it that it ends. */
  readonly onAbandoned?: (call: AbandonedCall) => void;
  /** Messages that are not about calls, with their decoded body. */
  readonly onMessage: (type: number, content: unknown) => void;
  /** Messages between workers, as they are; the body is valid until this returns. */
  readonly onPeerMessage?: (message: Message) => void;
  /**
   * Called once, when the connection has ended. Calls that wait are settled by `fail`, which the owner must call as
   * soon as it knows why.
   */
  readonly onClosed: (reason: Error | undefined) => void;
}

/** A function that the peer knows, or is about to know, by number. */
interface Definition {
  readonly id: number;
  /** It travels in pieces, and smaller messages may arrive before it. */
  readonly isLarge: boolean;
}

/**
 * One data connection between two processes, each of which may call functions of the other. Owns the connection. Its
 * connection ends in `#close`, once, whatever the cause.
 */
export class Session {
  readonly #connection: Connection;
  readonly #options: SessionOptions;
  readonly #encoder: Encoder;
  readonly #decoder: Decoder;
  readonly #pending = new PendingCalls();
  readonly #server: CallServer;
  /** Functions that the peer knows by number. Those that go by value may be many, and large, and end here. */
  readonly #defined = new WeakMap<CallReference, Definition>();
  readonly #collected = new FinalizationRegistry<number>((id) => this.#forget(id));
  /**
   * Functions of calls that smaller messages may overtake, by call id, and of such calls that nobody answers: that the
   * peer may forget one must not arrive before the call.
   */
  readonly #inUse = new Map<number, CallReference>();
  /** Calls that nobody waits for any more and that are not answered yet. */
  readonly #abandoned = new Map<number, AbandonedCall>();
  readonly #neverForgotten = new Set<CallReference>();
  readonly #references: ReferenceTraffic;
  #nextFunction = 1;
  #maxMessageBytes: number;
  #waitingForRoom: (() => void)[] = [];
  #isOpen = true;
  /** Why calls fail, once that is known. */
  #failure: Error | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#connection = options.peer.connection;
    this.#encoder = options.codec.encoder;
    this.#decoder = options.codec.decoder;
    this.#maxMessageBytes = options.maxMessageBytes;
    const { load, maxMessageBytes, references = noReferences } = options;
    this.#references = references;
    this.#server = new CallServer({
      connection: this.#connection,
      encoder: this.#encoder,
      decoder: this.#decoder,
      load,
      maxMessageBytes,
      peerPid: options.peerPid,
      references,
      ...(options.board === undefined ? {} : { board: options.board }),
    });
    options.peer.takeOver({
      message: (message) => this.#receive(message),
      drained: () => this.#drained(),
      closed: (reason) => this.#close(reason),
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Calls of ours that the peer has not answered. */
  get callsWaiting(): number {
    return this.#pending.size;
  }

  /** Calls of the peer's that we have not answered. */
  get callsServed(): number {
    return this.#server.size;
  }

  get hasRoom(): boolean {
    return this.#connection.hasRoom;
  }

  /** Resolves when more may be sent, or the session has ended. */
  room(): Promise<void> {
    if (this.#connection.hasRoom || !this.isOpen) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForRoom.push(resolve));
  }

  /**
   * Sends a call and settles `call` with its outcome. Returns the id under which it can be abandoned, or -1 if it has
   * been rejected already: because an argument cannot travel, or the session has ended.
   */
  call(
    reference: CallReference,
    args: readonly unknown[],
    call: PendingCall,
    /** After so many milliseconds the peer need not begin it, and tells it that its time is up. */
    limitMs?: number,
  ): number {
    if (limitMs === undefined) return this.#send(reference, args, 0, call);
    return this.#send(reference, [...args, limitMs], CallFlag.timeLimit, call);
  }

  /** As `call`, but the result stays with the peer under `keepAs`, and the call's own outcome is undefined. */
  callAndKeep(
    reference: CallReference,
    args: readonly unknown[],
    keepAs: KeepAs,
    call: PendingCall,
    limitMs?: number,
  ): number {
    if (limitMs === undefined) return this.#send(reference, [...args, keepAs], CallFlag.keepResult, call);
    const flags = CallFlag.keepResult | CallFlag.timeLimit;
    return this.#send(reference, [...args, keepAs, limitMs], flags, call);
  }

  /** Sends a call that nobody waits for; throws what `call` would reject with. */
  callAndForget(reference: CallReference, args: readonly unknown[]): void {
    let failed: { reason: unknown } | undefined;
    this.#send(reference, args, CallFlag.noReply, {
      resolve: () => {},
      reject: (reason) => (failed = { reason }),
    });
    if (failed !== undefined) throw failed.reason;
  }

  /**
   * The caller no longer waits. A call that has not begun will not; one that runs is told, and stopped as `rule` says.
   * Calls `ended` when the peer is done with it.
   */
  abandon(id: number, rule: StopRule = DEFAULT_STOP, ended?: () => void): void {
    if (!this.#pending.abandon(id, ended)) return;
    this.#connection.send({ ...emptyBody, type: MessageType.cancel, id, aux: 0 });
    const { onAbandoned } = this.#options;
    if (onAbandoned === undefined || !this.#isOpen) return;
    const call: AbandonedCall = { id, rule, isAnswered: false, isHeld: false };
    this.#abandoned.set(id, call);
    onAbandoned(call);
  }

  /** Its id may be given to another call, as soon as it is answered. */
  letGo(call: AbandonedCall): void {
    call.isHeld = false;
    if (call.isAnswered) this.#pending.free(call.id);
  }

  /** Ends all calls of the peer's that wait or run here; the peer gets an error for each. */
  interruptAll(): void {
    this.#server.interruptAll();
  }

  /** As the call server's. */
  brokenOff(): void {
    this.#server.brokenOff();
  }

  /** A call of the peer's is of no use any more. */
  cancel(id: number): void {
    this.#server.cancel(id);
  }

  /**
   * Lets the peer forget a function, which it is sent again if it is called again. One that a call under way may still
   * need is left to the garbage collector.
   */
  forget(reference: CallReference): void {
    const definition = this.#defined.get(reference);
    if (definition === undefined || this.#neverForgotten.has(reference)) return;
    for (const used of this.#inUse.values()) if (used === reference) return;
    this.#defined.delete(reference);
    this.#collected.unregister(reference);
    this.#forget(definition.id);
  }

  /** Sets the size limit of a message, also for what arrives. */
  setMaxMessageBytes(bytes: number): void {
    this.#maxMessageBytes = bytes;
    this.#server.maxMessageBytes = bytes;
    this.#connection.setLimits(authenticatedLimits(bytes));
  }

  /** Sends a message that is not about calls. */
  post(type: number, content: unknown): void {
    const { body, segments } = this.#encoder.encode(content);
    this.#connection.send({ type, flags: 0, id: 0, aux: 0, body, segments });
  }

  /** Sends a message as it is. */
  forward(message: Message): void {
    this.#connection.send(message);
  }

  /** Ends the session after what is queued has been sent. */
  end(): void {
    this.#server.end();
    this.#connection.end();
  }

  /** Ends the session now. */
  abort(reason?: Error): void {
    this.#connection.destroy(reason);
    this.#close(reason);
  }

  /** Says why the session is over: fails every call that waits and every later one. The first reason counts. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.abort(error);
    this.#pending.rejectAll(this.#failure);
  }

  #send(reference: CallReference, args: readonly unknown[], flags: number, call: PendingCall): number {
    if (this.#failure !== undefined) {
      call.reject(this.#failure);
      return -1;
    }
    let encoded;
    let definition;
    try {
      encoded = this.#encoder.encode(args, "args");
      this.#checkSize(encoded, "the arguments take", "Send less at once");
      definition = this.#defined.get(reference);
      if (definition === undefined) {
        definition = this.#define(reference);
        // Defining has used the encoder's memory.
        encoded = this.#encoder.encode(args, "args");
      }
    } catch (error) {
      call.reject(error);
      return -1;
    }
    const isAnswered = (flags & CallFlag.noReply) === 0;
    const id = isAnswered ? this.#pending.add(call) : 0;
    const { body, segments, carried } = encoded;
    if (definition.isLarge || segments.length > 0) {
      if (isAnswered) this.#inUse.set(id, reference);
      else this.#neverForgotten.add(reference);
    }
    this.#connection.send({
      type: MessageType.call,
      flags: definition.isLarge ? flags | CallFlag.awaitDefinition : flags,
      id,
      aux: definition.id,
      body,
      segments,
    });
    if (carried.length > 0) this.#references.sent(carried, this.#options.peerPid);
    return id;
  }

  /** Throws a `SerializationError` if it is larger than a message may be. */
  #define(reference: CallReference): Definition {
    const encoded = this.#encoder.encode(reference);
    this.#checkSize(
      encoded,
      `function ${reference.name}, with what it captures, takes`,
      "Let it capture less",
    );
    const id = this.#nextFunction++;
    const definition = { id, isLarge: encoded.segments.length > 0 };
    this.#defined.set(reference, definition);
    this.#collected.register(reference, id, reference);
    const { body, segments, carried } = encoded;
    this.#connection.send({ type: MessageType.defineFunction, flags: 0, id: 0, aux: id, body, segments });
    if (carried.length > 0) this.#references.sent(carried, this.#options.peerPid);
    return definition;
  }

  /** Nobody here can call the function again; so the peer need not keep it. */
  #forget(id: number): void {
    if (this.#isOpen)
      this.#connection.send({ ...emptyBody, type: MessageType.defineFunction, id: 0, aux: id });
  }

  #checkSize({ body, segments }: EncodedValue, subject: string, advice: string): void {
    let size = body.length;
    for (const segment of segments) size += segment.length;
    if (size > this.#maxMessageBytes) {
      throw new SerializationError(
        "ERR_MESSAGE_TOO_LARGE",
        `${subject} ${size} bytes; the limit is ${this.#maxMessageBytes}. ${advice}, or raise maxMessageBytes of the ` +
          `cluster`,
      );
    }
  }

  #receive(message: Message): void {
    switch (message.type) {
      case MessageType.call:
        return this.#server.receive(message);
      case MessageType.result:
        this.#inUse.delete(message.id);
        if (this.#abandoned.size > 0 && this.#abandonedIsAnswered(message.id)) return this.#drop(message);
        return this.#settle(message);
      case MessageType.failure:
        this.#inUse.delete(message.id);
        if (this.#abandoned.size > 0 && this.#abandonedIsAnswered(message.id)) return this.#drop(message);
        return this.#settleFailure(message);
      case MessageType.cancel:
        return this.#server.cancel(message.id);
      case MessageType.defineFunction: {
        if (message.body.length === 0) return this.#server.forget(message.aux);
        const reference = this.#decoder.decode(message.body, message.segments) as CallReference;
        // They are the function's from here on.
        this.#references.takeArrived();
        return this.#server.define(message.aux, reference);
      }
      default:
        if (isBetweenWorkers(message)) return this.#options.onPeerMessage?.(message);
        this.#options.onMessage(message.type, this.#decode(message));
    }
  }

  /** Whether the answer is to a call that nobody waits for any more. */
  #abandonedIsAnswered(id: number): boolean {
    const call = this.#abandoned.get(id);
    if (call === undefined) return false;
    call.isAnswered = true;
    this.#abandoned.delete(id);
    this.#pending.take(id, call.isHeld)?.resolve(undefined);
    return true;
  }

  #settle(message: Message): void {
    const call = this.#pending.take(message.id);
    if (call === undefined) return;
    let value: unknown;
    try {
      value = this.#decode(message);
    } catch (error) {
      this.#takeArrived(true);
      call.reject(error);
      return;
    }
    this.#takeArrived(isAbandoned(call));
    call.resolve(value);
  }

  #settleFailure(message: Message): void {
    const call = this.#pending.take(message.id);
    if (call === undefined) return;
    let error: unknown;
    try {
      error = decodeFailure(
        this.#decoder,
        message.aux,
        this.#options.peerPid,
        message.body,
        message.segments,
      );
    } catch (undecodable) {
      error = undecodable;
    }
    this.#takeArrived(isAbandoned(call));
    call.reject(error);
  }

  /** Nobody waits for this answer, and nobody will let go of the references in it. */
  #drop(message: Message): void {
    try {
      this.#decode(message);
    } catch {
      // Then there is nothing in it.
    }
    this.#takeArrived(true);
  }

  /** References that came with an answer are its caller's, if there is one. */
  #takeArrived(isDropped: boolean): void {
    const arrived = this.#references.takeArrived();
    if (arrived !== undefined && isDropped) this.#references.dropped(arrived);
  }

  #decode({ body, segments }: Message): unknown {
    return body.length === 0 ? undefined : this.#decoder.decode(body, segments);
  }

  #drained(): void {
    for (const resolve of this.#waitingForRoom.splice(0)) resolve();
    this.#server.drained();
  }

  #close(reason: Error | undefined): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#server.close();
    this.#inUse.clear();
    this.#neverForgotten.clear();
    for (const call of this.#abandoned.values()) call.isAnswered = true;
    this.#abandoned.clear();
    for (const resolve of this.#waitingForRoom.splice(0)) resolve();
    this.#options.onClosed(reason);
  }
}

const emptyBody = { flags: 0, body: new Uint8Array(0), segments: [] };
