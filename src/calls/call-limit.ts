import { CallTimeoutError, RemoteError } from "../errors.js";
import { DEFAULT_STOP, type StopRule } from "../rpc/stop-rule.js";
import { onceAborted } from "../util/abort-listeners.js";
import type { CallLimits, CheckedTarget } from "./call-target.js";

export type LimitOptions = {
  readonly [Name in keyof CallLimits]?: CallLimits[Name] | undefined;
};

/** How long the caller of one call waits. Owns a timer and a listener on the caller's signal; `end` lets go of both. */
export class CallLimit {
  /** Aborts with the caller's own signal, or when the time of the call is up. */
  readonly signal: AbortSignal;
  readonly rule: StopRule;
  readonly #timeoutMs: number | undefined;
  readonly #deadline: number | undefined;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #stopListening: () => void;

  /** Throws the reason of the caller's signal if that has aborted already. */
  constructor({ signal, timeoutMs, stop, stopAfterMs }: LimitOptions) {
    signal?.throwIfAborted();
    const controller = new AbortController();
    this.signal = controller.signal;
    this.rule = {
      stop: stop ?? DEFAULT_STOP.stop,
      stopAfterMs: stopAfterMs ?? DEFAULT_STOP.stopAfterMs,
    };
    this.#stopListening =
      signal === undefined ? () => {} : onceAborted(signal, () => controller.abort(signal.reason));
    this.#timeoutMs = timeoutMs;
    if (timeoutMs !== undefined) {
      this.#deadline = performance.now() + timeoutMs;
      this.#timer = setTimeout(() => controller.abort(this.#timeIsUp()), timeoutMs);
    }
  }

  /** What is left of the call's time, in milliseconds; undefined if it has as much as it likes. */
  get leftMs(): number | undefined {
    return this.#deadline === undefined ? undefined : Math.max(0, this.#deadline - performance.now());
  }

  /**
   * Why the call failed. The function may hear that the time is up, and throw, just before this process's own timer has its
   * turn: then too it is the time that was up.
   */
  reasonFor(error: unknown): unknown {
    return error instanceof RemoteError && this.leftMs === 0 ? this.#timeIsUp() : error;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#stopListening();
  }

  #timeIsUp(): CallTimeoutError {
    return new CallTimeoutError(`the call did not end within ${this.#timeoutMs} ms`);
  }
}

/** Whether these options ask for a limit, or for anything else that an ordinary call does without. */
export function isLimited({ signal, timeoutMs, retryDelays }: CheckedTarget): boolean {
  return signal !== undefined || timeoutMs !== undefined || retryDelays !== undefined;
}
