import type { Socket } from "node:net";
import { FrameDecoder } from "../protocol/frame-decoder.js";
import { FrameFlag, HEADER_SIZE, writeHeader } from "../protocol/frame.js";
import { unauthenticatedLimits, type ProtocolLimits } from "../protocol/limits.js";
import { MessageType, type Message } from "../protocol/message.js";
import { needsTransfer, OutgoingTransfers, type Chunk } from "../protocol/outgoing-transfers.js";
import { formatAddress } from "../util/address.js";
import type { Connection, ConnectionHandlers } from "./transport.js";
import { SendBuffer } from "./send-buffer.js";

/** One read of small frames. Large enough for a thousand of them, small enough to stay in the cache. */
const READ_BUFFER_SIZE = 64 * 1024;
/** While large parts arrive, reads of what lies between them are short. */
const SHORT_READ_SIZE = 4 * 1024;
const SEND_BUFFER_SIZE = 128 * 1024;

/** The part of a chunk that is still to come is read directly to its place if it is at least this long. */
const DIRECT_READ_MINIMUM = 16 * 1024;

/** Chunks that may wait in the socket: enough to keep the wire busy, few enough to let small messages through. */
const CHUNKS_IN_SOCKET = 2;

/** `hasRoom` is false above the first figure (bytes queued) and true again below the second. */
const HIGH_WATER = 32 * 1024 * 1024;
const LOW_WATER = 8 * 1024 * 1024;

/**
 * Messages over one TCP socket. Small frames of a turn are collected and leave in one write; large parts leave chunk
 * by chunk behind them, as views of the sender's memory. Reads land in one buffer that is used again and again, the
 * bytes of large parts directly in their final memory.
 */
export class TcpConnection implements Connection {
  remote = "";
  remoteHost = "";
  localHost = "";
  #socket!: Socket;
  readonly #sendBuffer = new SendBuffer(SEND_BUFFER_SIZE);
  readonly #transfers = new OutgoingTransfers();
  readonly #decoder: FrameDecoder;
  #handlers: ConnectionHandlers | undefined;
  #readBuffer: Buffer | undefined;
  #isReadingDirectly = false;
  #isFlushScheduled = false;
  #chunksInSocket = 0;
  #isFull = false;
  #isEnding = false;
  #isClosed = false;
  #closeReason: Error | undefined;

  constructor() {
    this.#decoder = new FrameDecoder(unauthenticatedLimits, (message) => {
      if (!this.#isClosed) this.#handlers!.message(message);
    });
  }

  get isOpen(): boolean {
    return !this.#isClosed && !this.#isEnding;
  }

  get hasRoom(): boolean {
    return !this.#isFull;
  }

  /** Takes ownership of a connected socket and begins to read. Without `onread` it reads by `data` events. */
  start(socket: Socket, hasOnRead: boolean): void {
    this.#socket = socket;
    this.remoteHost = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    this.remote = formatAddress(this.remoteHost, socket.remotePort ?? 0);
    this.localHost = (socket.localAddress ?? "").replace(/^::ffff:/, "");
    socket.on("error", (error) => this.#close(error));
    socket.on("close", () => this.#close(undefined));
    socket.on("end", () => this.#close(undefined));
    if (!hasOnRead) socket.on("data", (bytes: Buffer) => this.#push(bytes));
    socket.resume();
  }

  /** Where the socket should read to next. */
  readTarget(): Uint8Array {
    const target = this.#decoder.target(DIRECT_READ_MINIMUM);
    this.#isReadingDirectly = target !== undefined;
    if (target !== undefined) return target;
    this.#readBuffer ??= Buffer.allocUnsafeSlow(READ_BUFFER_SIZE);
    // What comes behind the header of a chunk would have to be copied out of this buffer.
    return this.#decoder.transfersUnderWay === 0
      ? this.#readBuffer
      : this.#readBuffer.subarray(0, SHORT_READ_SIZE);
  }

  /** Takes what the socket has read into the last `readTarget()`. Always asks for more. */
  readInto(count: number): boolean {
    if (!this.#isReadingDirectly) this.#push(this.#readBuffer!.subarray(0, count));
    else if (!this.#isClosed) this.#guarded(() => this.#decoder.advance(count));
    return true;
  }

  setHandlers(handlers: ConnectionHandlers): void {
    this.#handlers = handlers;
  }

  setLimits(limits: ProtocolLimits): void {
    this.#decoder.limits = limits;
  }

  send(message: Message): boolean {
    if (this.#isClosed || this.#isEnding) return true;
    const { type, flags, id, aux, body } = message;
    if (needsTransfer(message)) {
      const { flags: tableFlags, table, inlineBody } = this.#transfers.add(message);
      this.#queueFrame(type, flags | tableFlags, id, aux, table, inlineBody);
    } else {
      this.#queueFrame(type, flags & FrameFlag.typeBits, id, aux, body, undefined);
    }
    if (this.#transfers.bytesWaiting + this.#socket.writableLength > HIGH_WATER) this.#isFull = true;
    return !this.#isFull;
  }

  flush(): void {
    if (this.#isClosed) return;
    if (this.#sendBuffer.length > 0) this.#writeSendBuffer();
    this.#pumpChunks();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    if (this.#isClosed || this.#isEnding) return;
    this.flush();
    this.#isEnding = true;
    if (this.#transfers.bytesWaiting === 0) this.#socket.end();
  }

  destroy(reason?: Error): void {
    if (this.#isClosed) return;
    // No longer: what is queued is lost, whether or not its peer would have read it.
    this.#isEnding = false;
    this.#close(reason);
    this.#socket.destroy();
  }

  #queueFrame(
    type: number,
    flags: number,
    id: number,
    aux: number,
    body: Uint8Array,
    more: Uint8Array | undefined,
  ): void {
    const payload = body.length + (more === undefined ? 0 : more.length);
    if (HEADER_SIZE + payload > SEND_BUFFER_SIZE) {
      this.#writeLongFrame(type, flags, id, aux, body, more);
      return;
    }
    if (!this.#sendBuffer.fits(HEADER_SIZE + payload)) this.#writeSendBuffer();
    const { block, at } = this.#sendBuffer.reserve(HEADER_SIZE + payload);
    writeHeader(block, at, payload, type, flags, id, aux);
    block.set(body, at + HEADER_SIZE);
    if (more !== undefined) block.set(more, at + HEADER_SIZE + body.length);
    if (!this.#isFlushScheduled) {
      this.#isFlushScheduled = true;
      process.nextTick(flushLater, this);
    }
  }

  /** An announcement of very many segments. */
  #writeLongFrame(
    type: number,
    flags: number,
    id: number,
    aux: number,
    body: Uint8Array,
    more: Uint8Array | undefined,
  ): void {
    const parts = more === undefined ? [body] : [body, more];
    const frame = Buffer.concat([Buffer.alloc(HEADER_SIZE), ...parts]);
    writeHeader(frame, 0, frame.length - HEADER_SIZE, type, flags, id, aux);
    this.#writeSendBuffer();
    this.#socket.write(frame, this.#onWritten);
    this.flush();
  }

  /** For `flushLater` only. */
  flushScheduled(): void {
    this.#isFlushScheduled = false;
    this.flush();
  }

  #writeSendBuffer(): void {
    this.#socket.write(this.#sendBuffer.take(), this.#onWritten);
    // Node has given everything to the kernel already, unless the kernel was full.
    if (this.#socket.writableLength === 0) this.#sendBuffer.recycle();
    else this.#sendBuffer.detach();
  }

  readonly #onWritten = (): void => {
    if (this.#isFull && this.#transfers.bytesWaiting + this.#socket.writableLength < LOW_WATER) {
      this.#isFull = false;
      if (!this.#isClosed) this.#handlers!.drained();
    }
  };

  #pumpChunks(): void {
    while (this.#chunksInSocket < CHUNKS_IN_SOCKET && !this.#isClosed) {
      const chunk = this.#transfers.next();
      if (chunk === undefined) break;
      this.#writeChunk(chunk);
    }
    if (this.#isEnding && this.#transfers.bytesWaiting === 0) this.#socket.end();
  }

  #writeChunk({ transferId, position, bytes }: Chunk): void {
    const header = Buffer.allocUnsafe(HEADER_SIZE);
    writeHeader(header, 0, bytes.length, MessageType.chunk, 0, transferId, position);
    this.#chunksInSocket++;
    this.#socket.cork();
    this.#socket.write(header);
    this.#socket.write(bytes, this.#onChunkWritten);
    this.#socket.uncork();
  }

  readonly #onChunkWritten = (): void => {
    this.#chunksInSocket--;
    this.#onWritten();
    this.flush();
  };

  #push(bytes: Uint8Array): void {
    if (!this.#isClosed) this.#guarded(() => this.#decoder.push(bytes));
  }

  /** A peer that breaks the rules loses its connection; nothing else does. */
  #guarded(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#close(error as Error);
    }
  }

  /** The one place where the connection ends. */
  #close(reason: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeReason = reason;
    this.#transfers.clear();
    this.#decoder.clear();
    this.#readBuffer = undefined;
    // A socket that has ended in good order still sends what is queued; one that failed or was destroyed does not.
    if (this.#isEnding || (reason === undefined && this.#socket.readableEnded)) this.#socket.end();
    else this.#socket.destroy();
    process.nextTick(() => this.#handlers?.closed(this.#closeReason));
  }
}

function flushLater(connection: TcpConnection): void {
  connection.flushScheduled();
}
