import type { FunctionReference } from "../functions/function-reference.js";
import type { Codec } from "../protocol/codec.js";
import type { AnyFunction, LoadFunction } from "../rpc/call-server.js";
import { decodeFailure, encodeFailure, failureKindOf } from "../rpc/failure.js";
import type { PendingCall } from "../rpc/pending-calls.js";
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

/**
 * A process as the target of its own calls. They behave as those of others: arguments and results are copied, and what
 * is thrown arrives as a `RemoteError`.
 */
export class LocalProcess implements CallableProcess {
  readonly #load: LoadFunction;
  readonly #codec: Codec;
  readonly #kept = new Map<number, Promise<unknown>>();
  readonly #pid: number;
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

  call(reference: FunctionReference, args: readonly unknown[], call: PendingCall): number {
    const copied = this.#copyArguments(args, call);
    if (copied === undefined) return -1;
    this.#run(reference, copied).then(
      (value) => call.resolve(value),
      (error: unknown) => call.reject(error),
    );
    return 0;
  }

  callAndKeep(
    reference: FunctionReference,
    args: readonly unknown[],
    keepAs: number,
    call: PendingCall,
  ): number {
    const copied = this.#copyArguments(args, call);
    if (copied === undefined) return -1;
    const result = this.#run(reference, copied);
    this.#kept.set(keepAs, result);
    result.then(
      () => call.resolve(undefined),
      (error: unknown) => call.reject(error),
    );
    return 0;
  }

  callAndForget(reference: FunctionReference, args: readonly unknown[]): void {
    this.#run(reference, this.#copy(args, "args") as never[]).catch((error: unknown) => {
      process.stderr.write(`remoteDo failed: ${String(error)}\n`);
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

  /** Its calls cannot be stopped, and settle as if they were awaited. */
  abandon(): void {}

  /** As on a worker, arguments that cannot travel are refused before anything runs. */
  #copyArguments(args: readonly unknown[], call: PendingCall): never[] | undefined {
    try {
      return this.#copy(args, "args") as never[];
    } catch (error) {
      call.reject(error);
      return undefined;
    }
  }

  async #run(reference: FunctionReference, copied: never[]): Promise<unknown> {
    this.#callsWaiting++;
    try {
      const fn: AnyFunction = await this.#load(reference);
      if (performance.now() > this.#sliceEnd) await this.#nextTurn();
      return this.#copy(await fn.apply(undefined, copied), "result");
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
