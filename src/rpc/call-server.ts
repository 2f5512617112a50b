import { CallInterruptedError, CallTimeoutError, ConnectionClosedError } from "../errors.js";
import type { FunctionReference } from "../functions/function-reference.js";
import type { Decoder } from "../protocol/codec.js";
import { CallFlag, type Message } from "../protocol/message.js";
import type { Connection } from "../transport/transport.js";
import { CallBoard } from "./call-board.js";
import { noCallRuns, runAs } from "./current-call.js";
import { CallReplies, type CallRepliesOptions } from "./call-replies.js";
import { FailureKind } from "./failure.js";
import type { CallReference } from "./internal-functions.js";
import type { Arrived, KeepAs, KeptOutcome, ReferenceTraffic } from "./reference-traffic.js";
import { RunningCalls } from "./running-calls.js";
import { ServedCall } from "./served-call.js";
import { ServedFunctions, type FunctionSlot } from "./served-functions.js";

export type AnyFunction = (...args: never[]) => unknown;

/** Finds the function that a reference names; rejects with a `FunctionNotFoundError`. */
export type LoadFunction = (reference: FunctionReference) => Promise<AnyFunction>;

/** Calls run in one go for at most this long, then what has arrived in the meantime (a cancel, say) is read. */
const SLICE_MS = 8;
/** Results do not wait for later calls of the slice longer than this, unless one of them is slow for the first time. */
const FLUSH_AFTER_MS = 0.5;
/** After a call that took longer, results leave before so many further calls of its function begin. */
const CAREFUL_CALLS = 64;
const MANAGER_PID = 1;
/** Reading stops above this many calls that wait, and goes on below half of it. */
const MAX_WAITING = 10_000;

export interface CallServerOptions extends CallRepliesOptions {
  readonly decoder: Decoder;
  readonly load: LoadFunction;
  /** Where it shows what runs. */
  readonly board?: CallBoard;
}

/**
 * Runs the calls that a peer sends. They start in the order in which they came, except that a function which is still
 * being loaded holds up its own calls only; asynchronous ones overlap. Every call
 * is answered exactly once, whatever happens to it, unless its caller wants no answer.
 */
export class CallServer {
  readonly #connection: Connection;
  readonly #replies: CallReplies;
  readonly #decoder: Decoder;
  readonly #peerPid: number;
  readonly #board: CallBoard;
  readonly #functions: ServedFunctions;
  readonly #references: ReferenceTraffic;
  #waiting: (ServedCall | undefined)[] = [];
  #next = 0;
  #received = 0;
  /** Calls whose turn came before their function was loaded. */
  readonly #loading = new Set<ServedCall>();
  /** Whose synchronous part is on the stack. */
  #current: ServedCall | undefined;
  /** Those that go on asynchronously. */
  readonly #running = new RunningCalls();
  #isScheduled = false;
  #isPaused = false;
  #isClosed = false;
  #isEnding = false;

  constructor(options: CallServerOptions) {
    this.#connection = options.connection;
    this.#replies = new CallReplies(options);
    this.#decoder = options.decoder;
    this.#peerPid = options.peerPid;
    this.#board = options.board ?? new CallBoard();
    this.#references = options.references;
    this.#functions = new ServedFunctions(options.load, options.references.internal, this.#board, (slot) =>
      this.#beginAll(slot),
    );
  }

  set maxMessageBytes(bytes: number) {
    this.#replies.maxMessageBytes = bytes;
  }

  /** Calls that wait or run, without those of internal functions that run. */
  get size(): number {
    return this.#waiting.length - this.#next + this.#loading.size + this.#running.size;
  }

  /** The peer calls this function by `id`. Loading begins at once. */
  define(id: number, reference: CallReference): void {
    this.#functions.define(id, reference);
  }

  /** The calls of a function that has been loaded take the places in which they came. */
  #beginAll(slot: FunctionSlot): void {
    const calls = [...this.#loading].filter(({ target }) => target === slot);
    if (calls.length === 0) return;
    for (const call of calls) this.#loading.delete(call);
    const others = this.#waiting.slice(this.#next).filter((call) => call !== undefined);
    this.#waiting = [...calls, ...others].toSorted((one, other) => one.serial - other.serial);
    this.#next = 0;
    this.#scheduleNow();
  }

  /** The peer will not call it again. Calls that have come already still run. */
  forget(id: number): void {
    this.#functions.forget(id);
  }

  /** Takes a call message; never throws. */
  receive(message: Message): void {
    const { id, flags, aux } = message;
    try {
      const target = this.#functions.called(aux, flags);
      const content = this.#decoder.decode(message.body, message.segments) as never[];
      const extras = content as unknown[];
      const limitMs = (flags & CallFlag.timeLimit) === 0 ? Infinity : (extras.pop() as number);
      const keepAs = (flags & CallFlag.keepResult) === 0 ? undefined : (extras.pop() as KeepAs);
      if (keepAs !== undefined) this.#references.begin(keepAs);
      const arrived = this.#references.takeArrived();
      const deadline = limitMs === Infinity ? Infinity : performance.now() + limitMs;
      this.#waiting.push(
        new ServedCall(this.#received++, message, target, content, keepAs, arrived, deadline, this.#peerPid),
      );
    } catch (error) {
      this.#drop(this.#references.takeArrived());
      this.#fail(id, flags, error);
      return;
    }
    // After this read has been taken apart, so that its calls are answered together.
    this.#scheduleNow();
    if (this.#waiting.length - this.#next > MAX_WAITING && !this.#isPaused) {
      this.#isPaused = true;
      this.#connection.pause();
    }
  }

  /** Drops a call that has not begun. One that runs is told, through its signal, and answered when it ends. */
  cancel(id: number): void {
    const isIt = (call: ServedCall | undefined): boolean =>
      call !== undefined && call.id === id && (call.flags & CallFlag.noReply) === 0;
    for (let index = this.#next; index < this.#waiting.length; index++) {
      const call = this.#waiting[index];
      if (call === undefined || !isIt(call)) continue;
      this.#waiting[index] = undefined;
      return this.#cancelled(call);
    }
    for (const call of this.#loading) {
      if (!isIt(call)) continue;
      this.#loading.delete(call);
      return this.#cancelled(call);
    }
    for (const call of this.#running) if (isIt(call)) return call.abort(givenUp(call));
  }

  /** Ends all calls now, those that run asynchronously too, whatever they still do. Their callers get an error. */
  interruptAll(): void {
    const waiting = this.#waiting.slice(this.#next).filter((call) => call !== undefined);
    const dropped = [...waiting.filter(({ target }) => !target.isInternal), ...this.#loading];
    // What the program has not called it cannot interrupt: who holds what must still be heard.
    this.#waiting = waiting.filter(({ target }) => target.isInternal);
    this.#next = 0;
    this.#loading.clear();
    this.#compact();
    for (const call of dropped) {
      this.#interrupted(call);
      this.#drop(call.arrived);
    }
    for (const call of this.#running) this.#interrupted(call);
  }

  /**
   * The thread was broken off, by force, while it ran a call: the one on the stack, or else the one that the board calls
   * lost.
   */
  brokenOff(): void {
    this.#endBrokenOff();
    // They may not come back, and nobody waits for them.
    for (const call of this.#running) if (call.isAnswered) this.#ended(call);
    // It may have been in the middle of a slice.
    this.#schedule();
  }

  /** The peer reads again. */
  drained(): void {
    this.#schedule();
  }

  /**
   * This process ends the connection, because it leaves, or its cluster was closed. That calls fail now which nobody waits for
   * is a part of that, and no news.
   */
  end(): void {
    this.#isEnding = true;
  }

  /** The connection has ended: what waits is dropped, what runs is told and goes on unheard. */
  close(): void {
    this.#isClosed = true;
    const dropped = [...this.#waiting.slice(this.#next), ...this.#loading];
    this.#waiting = [];
    this.#next = 0;
    this.#loading.clear();
    for (const call of dropped) if (call !== undefined) this.#neverBegins(call, "its caller is gone");
    this.#functions.clear();
    for (const call of this.#running) call.abort(new ConnectionClosedError("the caller's process is gone"));
  }

  /** A call that still seems to be on the stack when another event begins never came back. */
  #endBrokenOff(): void {
    const current = this.#current;
    if (current !== undefined) {
      this.#current = undefined;
      this.#board.ended();
      noCallRuns();
      this.#interrupted(current);
    }
    const { lost } = this.#board;
    if (lost === 0 || this.#peerPid !== MANAGER_PID) return;
    this.#board.lost = 0;
    for (const call of this.#running) {
      if (this.#markOf(call) !== lost) continue;
      this.#ended(call);
      this.#interrupted(call);
    }
  }

  #cancelled(call: ServedCall): void {
    call.isAnswered = true;
    this.#neverBegins(call, "it was cancelled");
    this.#replies.failure(
      call.id,
      new Error("the call was cancelled before it began"),
      FailureKind.cancelled,
    );
  }

  /** Nobody will see its arguments, and others may wait for its result. */
  #neverBegins({ keepAs, arrived }: ServedCall, reason: string): void {
    this.#drop(arrived);
    this.#keep(keepAs, { error: new Error(`the call that should give this value did not begin: ${reason}`) });
  }

  #drop(arrived: Arrived | undefined): void {
    if (arrived !== undefined) this.#references.dropped(arrived);
  }

  #keep(keepAs: KeepAs | undefined, outcome: KeptOutcome): void {
    if (keepAs !== undefined) this.#references.settle(keepAs, outcome);
  }

  #interrupted(call: ServedCall): void {
    if (call.isAnswered) return;
    const error = new CallInterruptedError("the call was interrupted");
    this.#settleFailure(call, error);
    call.abort(error);
  }

  /** Once per event, at the end of the one that is going on. */
  #scheduleNow(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(this.#runSlice);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#next === this.#waiting.length) return;
    this.#isScheduled = true;
    setImmediate(() => {
      // Node's own work on its list of immediates must not be on the stack of a call that may be broken off.
      process.nextTick(this.#runSlice);
    });
  }

  readonly #runSlice = (): void => {
    this.#isScheduled = false;
    // The notice may come after the next calls.
    this.#endBrokenOff();
    const start = performance.now();
    let flushed = start;
    let before = start;
    while (this.#next < this.#waiting.length && this.#connection.hasRoom) {
      const call = this.#waiting[this.#next];
      this.#waiting[this.#next++] = undefined;
      if (call === undefined) continue;
      const { target } = call;
      // It may compute for minutes, and may take the process along.
      if (target.unproven > 0) this.#connection.flush();
      this.#run(call);
      const now = performance.now();
      if (now - before > FLUSH_AFTER_MS) target.unproven = CAREFUL_CALLS;
      else if (target.unproven > 0 && !target.isLoading) target.unproven--;
      before = now;
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

  #run(call: ServedCall): void {
    const { target } = call;
    if (target.isLoading) {
      this.#loading.add(call);
      return;
    }
    if (call.deadline !== Infinity && call.deadline <= performance.now()) return this.#cancelled(call);
    if (target.isInternal) return void this.#runInternal(call);
    const mark = this.#markOf(call);
    let result: unknown;
    this.#current = call;
    this.#board.began(mark);
    try {
      if (target.fn === undefined) throw target.error;
      result = runAs(call, target.fn, call.args);
    } catch (error) {
      this.#current = undefined;
      this.#board.ended();
      this.#settleFailure(call, error);
      return;
    }
    this.#current = undefined;
    this.#board.ended();
    if (isThenable(result)) this.#await(call, mark, result);
    else this.#settle(call, result);
  }

  /** Not the program's code: nothing that could be broken off, and nothing that a worker should stay for. */
  async #runInternal(call: ServedCall): Promise<void> {
    const { fn, error: missing } = call.target;
    try {
      if (fn === undefined) throw missing;
      this.#settle(call, await fn.apply(undefined, call.args));
    } catch (error) {
      this.#settleFailure(call, error);
    }
  }

  #await(call: ServedCall, mark: number, result: PromiseLike<unknown>): void {
    this.#running.add(call);
    this.#board.overlaps(mark);
    result.then(
      (value) => {
        this.#ended(call);
        this.#settle(call, value);
      },
      (error: unknown) => {
        this.#ended(call);
        this.#settleFailure(call, error);
      },
    );
  }

  #ended(call: ServedCall): void {
    if (this.#running.delete(call)) this.#board.overlapEnded(this.#markOf(call));
  }

  #markOf({ id, flags }: ServedCall): number {
    const isNamed = this.#peerPid === MANAGER_PID && (flags & CallFlag.noReply) === 0;
    return CallBoard.markOf(isNamed ? id : undefined);
  }

  #settle(call: ServedCall, value: unknown): void {
    const { id, flags, keepAs } = call;
    call.end();
    if (call.isAnswered) return;
    call.isAnswered = true;
    this.#keep(keepAs, { value });
    if (this.#isClosed || (flags & CallFlag.noReply) !== 0) return;
    this.#replies.result(id, keepAs === undefined ? value : undefined);
  }

  #settleFailure(call: ServedCall, error: unknown): void {
    const { id, flags, keepAs } = call;
    call.end();
    if (call.isAnswered) return;
    call.isAnswered = true;
    this.#keep(keepAs, { error });
    this.#fail(id, flags, error);
  }

  #fail(id: number, flags: number, error: unknown): void {
    if (this.#isClosed) return;
    if ((flags & CallFlag.noReply) === 0) return this.#replies.failure(id, error);
    if (this.#isEnding) return;
    // Nobody listens; Julia's remote_do prints it on the worker too.
    process.stderr.write(
      `remoteDo failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
  }
}

/** Why nobody waits for a call that its caller has cancelled. */
function givenUp({ deadline }: ServedCall): unknown {
  if (deadline <= performance.now()) return new CallTimeoutError("the time of this call is up");
  return new DOMException("the caller does not wait for this call any more", "AbortError");
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function"
  );
}
