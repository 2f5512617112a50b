import { CallInterruptedError } from "../errors.js";
import type { FunctionReference } from "../functions/function-reference.js";
import type { Codec } from "../protocol/codec.js";
import type { AnyFunction, LoadFunction } from "../rpc/call-server.js";
import { runAs } from "../rpc/current-call.js";
import { decodeFailure, encodeFailure, failureKindOf } from "../rpc/failure.js";
import { OpenCall } from "../rpc/open-call.js";
import type { PendingCall } from "../rpc/pending-calls.js";
import type { StopRule } from "../rpc/stop-rule.js";
import type { CallableProcess } from "./call-process.js";
import { copiedValue } from "./copied-value.js";

/** Calls run in one go for at most this long; then the process does what else there is to do. */
const SLICE_MS = 8;

export interface LocalProcessOptions {
  readonly pid: number;
  readonly load: LoadFunction;
  readonly codec: Codec;
  /** What this process should see to before it computes; undefined if there is nothing. */
  readonly before?: () => Promise<void> | undefined;
}

interface LocalCall {
  readonly open: OpenCall;
  /** Its caller, or, once that has given up, who wants to know of its end. */
  settling: PendingCall;
}

/**
 * A process as the target of its own calls. They behave as those of others: arguments and results are copied, and what
 * is thrown arrives as a `RemoteError`.
 */
export class LocalProcess implements CallableProcess {
  readonly #load: LoadFunction;
  readonly #codec: Codec;
  readonly #kept = new Map<number, Promise<unknown>>();
  readonly #pid: number;
  /** Calls that can be abandoned. */
  readonly #calls = new Map<number, LocalCall>();
  #nextCall = 0;
  #nextReference = 1;
  #callsWaiting = 0;

  readonly #before: () => Promise<void> | undefined;
  #turn: Promise<void> | undefined;
  #sliceEnd = 0;

  constructor({ pid, load, codec, before = () => undefined }: LocalProcessOptions) {
    this.#pid = pid;
    this.#load = load;
    this.#before = before;
    this.#codec = codec;
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

  call(reference: FunctionReference, args: readonly unknown[], call: PendingCall, limitMs?: number): number {
    const copied = this.#copyArguments(args, call);
    if (copied === undefined) return -1;
    return this.#start(reference, copied, call, limitMs).id;
  }

  callAndKeep(
    reference: FunctionReference,
    args: readonly unknown[],
    keepAs: number,
    call: PendingCall,
    limitMs?: number,
  ): number {
    const copied = this.#copyArguments(args, call);
    if (copied === undefined) return -1;
    const settling: PendingCall = {
      resolve: () => call.resolve(undefined),
      reject: (error) => call.reject(error),
    };
    const { id, result } = this.#start(reference, copied, settling, limitMs);
    this.#kept.set(keepAs, result);
    return id;
  }

  callAndForget(reference: FunctionReference, args: readonly unknown[]): void {
    this.#start(reference, this.#copy(args, "args") as never[], {
      resolve: () => {},
      reject: (error) => process.stderr.write(`remoteDo failed: ${String(error)}\n`),
    });
  }

  newReference(): number {
    return this.#nextReference++;
  }

  fetch(reference: number, call: PendingCall): void {
    const kept =
      this.#kept.get(reference) ?? Promise.reject(new Error(`reference ${reference} was released`));
    kept.then(
      (value) => call.resolve(this.#copy(value, "result")),
      (error: unknown) => call.reject(error),
    );
  }

  release(reference: number): void {
    this.#kept.delete(reference);
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

  /** Returns the call's id, and its outcome, with which `settling` is settled. */
  #start(
    reference: FunctionReference,
    copied: never[],
    settling: PendingCall,
    limitMs?: number,
  ): { readonly id: number; readonly result: Promise<unknown> } {
    const id = this.#nextCall++;
    const open = new OpenCall(limitMs === undefined ? Infinity : performance.now() + limitMs, this.#pid);
    const call: LocalCall = { open, settling };
    this.#calls.set(id, call);
    const result = this.#run(reference, copied, open).finally(() => {
      this.#calls.delete(id);
      open.end();
    });
    result.then(
      (value) => call.settling.resolve(value),
      (error: unknown) => call.settling.reject(error),
    );
    return { id, result };
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

  async #run(reference: FunctionReference, copied: never[], call: OpenCall): Promise<unknown> {
    this.#callsWaiting++;
    try {
      const fn: AnyFunction = await this.#load(reference);
      if (performance.now() > this.#sliceEnd) await this.#nextTurn();
      if (call.isAborted) throw new CallInterruptedError("the call was cancelled before it began");
      return this.#copy(await runAs(call, fn, copied), "result");
    } catch (error) {
      const { body, segments } = encodeFailure(this.#codec.encoder, error);
      throw decodeFailure(this.#codec.decoder, failureKindOf(error), this.#pid, body, segments);
    } finally {
      this.#callsWaiting--;
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
    return copiedValue(this.#codec, value, name);
  }
}
