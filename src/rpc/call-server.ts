import { FunctionNotFoundError, SerializationError } from "../errors.js";
import type { FunctionReference } from "../functions/function-reference.js";
import type { Decoder, Encoder } from "../protocol/codec.js";
import { CallFlag, MessageType, type Message } from "../protocol/message.js";
import type { Connection } from "../transport/transport.js";
import { encodeFailure, FailureKind, failureKindOf } from "./failure.js";

export type AnyFunction = (...args: never[]) => unknown;

/** Finds the function that a reference names; rejects with a `FunctionNotFoundError`. */
export type LoadFunction = (reference: FunctionReference) => Promise<AnyFunction>;

/** Calls run in one go for at most this long, then what has arrived in the meantime (a cancel, say) is read. */
const SLICE_MS = 8;
/** Results do not wait for later calls of the slice longer than this. */
const FLUSH_AFTER_MS = 0.5;
/** Reading stops above this many calls that wait, and goes on below half of it. */
const MAX_WAITING = 10_000;

interface WaitingCall {
  readonly id: number;
  readonly flags: number;
  readonly target: FunctionSlot;
  readonly args: never[];
  /** Where a kept result goes; comes after the arguments. */
  readonly reference: number;
}

/** A function of the peer's: at first on its way, then there, or failed. */
interface FunctionSlot {
  fn: AnyFunction | undefined;
  loading: Promise<void> | undefined;
  error: unknown;
  /** Ends `loading` of one that was called before its definition came. */
  loaded?: () => void;
}

type Kept = { readonly value: unknown } | { readonly error: unknown };

export interface CallServerOptions {
  readonly connection: Connection;
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly load: LoadFunction;
  readonly maxMessageBytes: number;
}

/**
 * Runs the calls that a peer sends. They start in the order in which they came, except that a function which is still
 * being loaded holds up its own calls only; asynchronous ones overlap. Every call
 * is answered exactly once, whatever happens to it, unless its caller wants no answer.
 */
export class CallServer {
  readonly #connection: Connection;
  readonly #encoder: Encoder;
  readonly #decoder: Decoder;
  readonly #load: LoadFunction;
  maxMessageBytes: number;
  readonly #functions = new Map<number, FunctionSlot>();
  readonly #kept = new Map<number, Kept>();
  #waiting: (WaitingCall | undefined)[] = [];
  #next = 0;
  /** Calls whose turn came before their function was loaded. */
  readonly #loading = new Set<WaitingCall>();
  #running = 0;
  #isScheduled = false;
  #isPaused = false;
  #isClosed = false;

  constructor(options: CallServerOptions) {
    this.#connection = options.connection;
    this.#encoder = options.encoder;
    this.#decoder = options.decoder;
    this.#load = options.load;
    this.maxMessageBytes = options.maxMessageBytes;
  }

  /** Calls that wait or run. */
  get size(): number {
    return this.#waiting.length - this.#next + this.#loading.size + this.#running;
  }

  /** The peer calls this function by `id`. Loading begins at once. */
  define(id: number, reference: FunctionReference): void {
    const slot = this.#slot(id);
    const loaded = (): void => {
      slot.loading = undefined;
      slot.loaded?.();
    };
    const loading = this.#load(reference).then(
      (fn) => {
        slot.fn = fn;
        loaded();
      },
      (error: unknown) => {
        slot.error = error;
        loaded();
      },
    );
    if (slot.loaded === undefined) slot.loading = loading;
  }

  #slot(id: number): FunctionSlot {
    let slot = this.#functions.get(id);
    if (slot === undefined) {
      slot = { fn: undefined, loading: undefined, error: undefined };
      this.#functions.set(id, slot);
    }
    return slot;
  }

  /** A large definition takes its time, and the first calls, which are sent after it, may be here before. */
  #called(id: number, flags: number): FunctionSlot {
    const known = this.#functions.get(id);
    if (known !== undefined) return known;
    if ((flags & CallFlag.awaitDefinition) === 0) {
      throw new FunctionNotFoundError(`function ${id} was never defined here`);
    }
    const slot = this.#slot(id);
    slot.loading = new Promise((resolve) => (slot.loaded = resolve));
    return slot;
  }

  /** The peer will not call it again. Calls that have come already still run. */
  forget(id: number): void {
    this.#functions.delete(id);
  }

  /** Takes a call message; never throws. */
  receive(message: Message): void {
    const { id, flags, aux } = message;
    try {
      const target = this.#called(aux, flags);
      const content = this.#decoder.decode(message.body, message.segments) as never[];
      const isKept = (flags & CallFlag.keepResult) !== 0;
      const reference = isKept ? (content as unknown as number[]).pop()! : 0;
      this.#waiting.push({ id, flags, target, args: content, reference });
    } catch (error) {
      this.#fail(id, flags, error);
      return;
    }
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      // After this read has been taken apart, so that its calls are answered together.
      process.nextTick(this.#runSlice);
    }
    if (this.#waiting.length - this.#next > MAX_WAITING && !this.#isPaused) {
      this.#isPaused = true;
      this.#connection.pause();
    }
  }

  /** Drops a call that has not begun. One that runs goes on; its caller no longer listens. */
  cancel(id: number): void {
    for (let index = this.#next; index < this.#waiting.length; index++) {
      const call = this.#waiting[index];
      if (call !== undefined && call.id === id && (call.flags & CallFlag.noReply) === 0) {
        this.#waiting[index] = undefined;
        this.#cancelled(id);
        return;
      }
    }
    for (const call of this.#loading) {
      if (call.id === id && (call.flags & CallFlag.noReply) === 0) {
        this.#loading.delete(call);
        this.#cancelled(id);
        return;
      }
    }
  }

  /** Answers call `id` with the kept result of `reference`. */
  fetch(id: number, reference: number): void {
    const kept = this.#kept.get(reference);
    if (kept === undefined) {
      this.#reply(
        FailureKind.unknownReference,
        id,
        new Error(`reference ${reference} was released or never existed`),
      );
    } else if ("error" in kept) this.#fail(id, 0, kept.error);
    else this.#succeed(id, kept.value);
  }

  release(reference: number): void {
    this.#kept.delete(reference);
  }

  /** The peer reads again. */
  drained(): void {
    this.#schedule();
  }

  /** The connection has ended: what waits is dropped, what runs goes on unheard. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#next = 0;
    this.#loading.clear();
    this.#kept.clear();
    this.#functions.clear();
  }

  #cancelled(id: number): void {
    this.#reply(FailureKind.cancelled, id, new Error("the call was cancelled before it began"));
  }

  #schedule(): void {
    if (this.#isScheduled || this.#next === this.#waiting.length) return;
    this.#isScheduled = true;
    setImmediate(this.#runSlice);
  }

  readonly #runSlice = (): void => {
    this.#isScheduled = false;
    const start = performance.now();
    let flushed = start;
    while (this.#next < this.#waiting.length && this.#connection.hasRoom) {
      const call = this.#waiting[this.#next];
      this.#waiting[this.#next++] = undefined;
      if (call === undefined) continue;
      this.#run(call);
      const now = performance.now();
      if (now - flushed > FLUSH_AFTER_MS) {
        this.#connection.flush();
        flushed = now;
      }
      if (now - start > SLICE_MS) break;
    }
    this.#compact();
    if (this.#connection.hasRoom) this.#schedule();
  };

  #compact(): void {
    if (this.#next === this.#waiting.length || this.#next > 1000) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    if (this.#isPaused && this.#waiting.length - this.#next < MAX_WAITING / 2) {
      this.#isPaused = false;
      this.#connection.resume();
    }
  }

  #run(call: WaitingCall): void {
    const { target } = call;
    if (target.loading !== undefined) {
      this.#loading.add(call);
      void target.loading.then(() => {
        if (this.#loading.delete(call)) this.#run(call);
      });
      return;
    }
    let result: unknown;
    try {
      if (target.fn === undefined) throw target.error;
      result = target.fn.apply(undefined, call.args);
    } catch (error) {
      this.#settleFailure(call, error);
      return;
    }
    if (isThenable(result)) {
      this.#running++;
      result.then(
        (value) => {
          this.#running--;
          this.#settle(call, value);
        },
        (error: unknown) => {
          this.#running--;
          this.#settleFailure(call, error);
        },
      );
    } else this.#settle(call, result);
  }

  #settle({ id, flags, reference }: WaitingCall, value: unknown): void {
    if (this.#isClosed || (flags & CallFlag.noReply) !== 0) return;
    if ((flags & CallFlag.keepResult) === 0) this.#succeed(id, value);
    else {
      this.#kept.set(reference, { value });
      this.#succeed(id, undefined);
    }
  }

  #settleFailure({ id, flags, reference }: WaitingCall, error: unknown): void {
    if (this.#isClosed) return;
    if ((flags & CallFlag.keepResult) !== 0) this.#kept.set(reference, { error });
    this.#fail(id, flags, error);
  }

  #succeed(id: number, value: unknown): void {
    try {
      const { body, segments } = this.#encoder.encode(value, "result");
      const size = sizeOf(body, segments);
      if (size > this.maxMessageBytes) {
        throw new SerializationError(
          "ERR_MESSAGE_TOO_LARGE",
          `the result takes ${size} bytes; the limit is ${this.maxMessageBytes}. Return less at once, or raise ` +
            `maxMessageBytes of the cluster`,
        );
      }
      this.#connection.send({ type: MessageType.result, flags: 0, id, aux: 0, body, segments });
    } catch (error) {
      this.#reply(failureKindOf(error), id, error);
    }
  }

  #fail(id: number, flags: number, error: unknown): void {
    if ((flags & CallFlag.noReply) === 0) this.#reply(failureKindOf(error), id, error);
    else {
      // Nobody listens; Julia's remote_do prints it on the worker too.
      process.stderr.write(
        `remoteDo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
    }
  }

  #reply(kind: FailureKind, id: number, error: unknown): void {
    if (this.#isClosed) return;
    const { body, segments } = encodeFailure(this.#encoder, error);
    const size = sizeOf(body, segments);
    if (size > this.maxMessageBytes) {
      const message = `what the function threw takes ${size} bytes; the limit is ${this.maxMessageBytes}`;
      return this.#reply(FailureKind.tooLarge, id, new SerializationError("ERR_MESSAGE_TOO_LARGE", message));
    }
    this.#connection.send({ type: MessageType.failure, flags: 0, id, aux: kind, body, segments });
  }
}

function sizeOf(body: Uint8Array, segments: readonly Uint8Array[]): number {
  return segments.reduce((sum, segment) => sum + segment.length, body.length);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
