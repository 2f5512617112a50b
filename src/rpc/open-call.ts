import { CallTimeoutError } from "../errors.js";
import type { CurrentCall, RunningCall } from "./current-call.js";

/** A call that a function of this process runs for, and that its caller may give up. */
export class OpenCall implements RunningCall {
  #context: CallContext | undefined;
  #abortedBy: { readonly reason: unknown } | undefined;

  constructor(
    /** When its time is up, by `performance.now()`; `Infinity` without a limit. */
    readonly deadline: number,
    readonly callerPid: number,
  ) {}

  get isAborted(): boolean {
    return this.#abortedBy !== undefined;
  }

  /** Made for those that ask. */
  get context(): CurrentCall {
    if (this.#context === undefined) {
      this.#context = new CallContext(this.deadline, this.callerPid);
      if (this.#abortedBy !== undefined) this.#context.abort(this.#abortedBy.reason);
    }
    return this.#context;
  }

  /** Nobody waits for it any more. */
  abort(reason: unknown): void {
    this.#abortedBy ??= { reason };
    this.#context?.abort(reason);
  }

  /** It is over: its signal will not abort any more. */
  end(): void {
    this.#context?.end();
  }
}

class CallContext implements CurrentCall {
  readonly deadline: number | undefined;
  readonly callerPid: number;
  readonly #limitMs: number;
  #controller: AbortController | undefined;
  #abortedBy: { readonly reason: unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(deadline: number, callerPid: number) {
    this.callerPid = callerPid;
    this.#limitMs = deadline;
    this.deadline = deadline === Infinity ? undefined : performance.timeOrigin + deadline;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortedBy !== undefined) this.#controller.abort(this.#abortedBy.reason);
      else if (this.#limitMs !== Infinity) this.#armTimer();
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#abortedBy ??= { reason };
    clearTimeout(this.#timer);
    this.#controller?.abort(reason);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  /** Timers count whole milliseconds from the begin of their turn, and may be early: the caller's time must be up first. */
  #armTimer(): void {
    const leftMs = this.#limitMs - performance.now();
    if (leftMs <= 0) return this.abort(new CallTimeoutError("the time of this call is up"));
    this.#timer = setTimeout(() => this.#armTimer(), Math.ceil(leftMs));
    this.#timer.unref();
  }
}
