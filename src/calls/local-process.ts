import { CallInterruptedError, FunctionNotFoundError } from "../errors.js";
import type { Codec } from "../protocol/codec.js";
import type { AnyFunction, LoadFunction } from "../rpc/call-server.js";
import { runAs } from "../rpc/current-call.js";
import { decodeFailure, encodeFailure, failureKindOf } from "../rpc/failure.js";
import { isInternal, type CallReference } from "../rpc/internal-functions.js";
import { OpenCall } from "../rpc/open-call.js";
import type { PendingCall } from "../rpc/pending-calls.js";
import type { KeepAs, ReferenceTraffic } from "../rpc/reference-traffic.js";
import type { StopRule } from "../rpc/stop-rule.js";
import type { CallableProcess } from "./call-process.js";
import { copiedValue, type Copying } from "./copied-value.js";

/** Calls run in one go for at most this long; then the process does what else there is to do. */
const SLICE_MS = 8;

export interface LocalProcessOptions {
  readonly pid: number;
  readonly load: LoadFunction;
  readonly codec: Codec;
  readonly references: ReferenceTraffic;
  /** What this process should see to before it computes; undefined if there is nothing. */
  readonly before?: () => Promise<void> | undefined;
}

interface LocalCall {
  readonly id: number;
  readonly open: OpenCall;
  readonly result: Promise<unknown>;
  /** Its caller, or, once that has given up, who wants to know of its end. */
  settling: PendingCall;
}

/** Nobody waits for it. */
const unheard: PendingCall = { resolve: () => {}, reject: () => {} };

/**
 * A process as the target of its own calls. They behave as those of others: arguments and results are copied, and what
 * is thrown arrives as a `RemoteError`.
 */
export class LocalProcess implements CallableProcess {
  readonly #load: LoadFunction;
  readonly #copying: Copying;
  /** Calls that can be abandoned. */
  readonly #calls = new Map<number, LocalCall>();
  #nextCall = 0;
  #callsWaiting = 0;

  readonly #before: () => Promise<void> | undefined;
  #turn: Promise<void> | undefined;
  #sliceEnd = 0;

  constructor({ pid, load, codec, references, before = () => undefined }: LocalProcessOptions) {
    this.#copying = { pid, codec, references };
    this.#load = load;
    this.#before = before;
  }

  get isOpen(): boolean {
    return true;
  }

  get hasRoom(): boolean {
    return this.#before() === undefined;
  }

  get callsWaiting(): number {
    return this.#callsWaiting;
  }

  async room(): Promise<void> {
    await this.#before();
  }

  call(reference: CallReference, args: readonly unknown[], call: PendingCall, limitMs?: number): number {
    const copied = this.#copyArguments(args, call);
    if (copied === undefined) return -1;
    const started = this.#start(reference, copied, call, limitMs);
    void this.#answer(started);
    return started.id;
  }

  callAndKeep(
    reference: CallReference,
    args: readonly unknown[],
    keepAs: KeepAs,
    call: PendingCall,
    limitMs?: number,
  ): number {
    const copied = this.#copyArguments(args, call);
    if (copied === undefined) return -1;
    const { references } = this.#copying;
    references.begin(keepAs);
    const started = this.#start(reference, copied, call, limitMs);
    started.result.then(
      (value) => {
        references.settle(keepAs, { value });
        started.settling.resolve(undefined);
      },
      (error: unknown) => {
        references.settle(keepAs, { error });
        started.settling.reject(this.#failure(error));
      },
    );
    return started.id;
  }

  callAndForget(reference: CallReference, args: readonly unknown[]): void {
    this.#start(reference, this.#copy(args, "args") as never[], unheard).result.catch((error: unknown) => {
      process.stderr.write(`remoteDo failed: ${String(error)}\n`);
    });
  }

  /** What it has built of a function goes with the function. */
  forget(): void {}

  /** The function is told through its signal; nothing in its own process could break it off. */
  abandon(id: number, _rule?: StopRule, ended: () => void = () => {}): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    call.settling = { resolve: ended, reject: ended };
    call.open.abort(new DOMException("the caller does not wait for this call any more", "AbortError"));
  }

  #start(reference: CallReference, copied: never[], settling: PendingCall, limitMs?: number): LocalCall {
    const id = this.#nextCall++;
    const { pid } = this.#copying;
    const open = new OpenCall(limitMs === undefined ? Infinity : performance.now() + limitMs, pid);
    const result = this.#invoke(reference, copied, open).finally(() => {
      this.#calls.delete(id);
      open.end();
    });
    const call: LocalCall = { id, open, result, settling };
    this.#calls.set(id, call);
    return call;
  }

  /** As on a worker, arguments that cannot travel are refused before anything runs. */
  #copyArguments(args: readonly unknown[], call: PendingCall): never[] | undefined {
    try {
      return this.#copy(args, "args") as never[];
    } catch (error) {
      call.reject(error);
      return undefined;
    }
  }

  async #answer(call: LocalCall): Promise<void> {
    let copied: unknown;
    try {
      copied = this.#copy(await call.result, "result");
    } catch (error) {
      call.settling.reject(this.#failure(error));
      return;
    }
    call.settling.resolve(copied);
  }

  async #invoke(reference: CallReference, copied: never[], call: OpenCall): Promise<unknown> {
    this.#callsWaiting++;
    try {
      // Internal ones begin at once, in the order in which they are called.
      if (isInternal(reference)) return await this.#internal(reference.name).apply(undefined, copied);
      const fn = await this.#load(reference);
      if (performance.now() > this.#sliceEnd) await this.#nextTurn();
      if (call.isAborted) throw new CallInterruptedError("the call was cancelled before it began");
      return await runAs(call, fn, copied);
    } finally {
      this.#callsWaiting--;
    }
  }

  #internal(name: string): AnyFunction {
    const fn = this.#copying.references.internal.get(name);
    if (fn === undefined) throw new FunctionNotFoundError(`this version of Rollcall has no function ${name}`);
    return fn;
  }

  #failure(error: unknown): Error {
    const { pid, codec, references } = this.#copying;
    const { body, segments, carried } = encodeFailure(codec.encoder, error);
    if (carried.length > 0) references.sent(carried, pid);
    try {
      return decodeFailure(codec.decoder, failureKindOf(error), pid, body, segments);
    } finally {
      references.takeArrived();
    }
  }

  /** One for all calls that wait. */
  #nextTurn(): Promise<void> {
    this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined;
        this.#sliceEnd = performance.now() + SLICE_MS;
        resolve();
      });
    });
    return this.#turn;
  }

  #copy(value: unknown, name: string): unknown {
    return copiedValue(this.#copying, value, name);
  }
}
