import type { StoppedMessage, StopMessage, StopOutcome } from "../protocol/control-messages.js";
import type { AbandonedCall } from "../rpc/stop-rule.js";
import { deferred, type Deferred } from "../util/deferred.js";

/** What stopping calls needs of the worker that they run on. */
export interface CallStopsOptions {
  /** Sends a `stop` over the control channel. */
  readonly post: (message: StopMessage) => void;
  /** The call is over, or nobody is about to stop it: its id may be used again. */
  readonly letGo: (call: AbandonedCall) => void;
  /** Ends the worker's process. */
  readonly kill: (message: string) => void;
}

/** A worker that does not even answer about it is not asked more often than this. */
const LONGEST_PAUSE_MS = 60_000;
/** How long a worker may take to say what became of a `stop` before one that may be killed is. */
const ANSWER_MS = 5_000;

/**
 * Sees to it that a worker's calls end, over its control channel: those whose callers have given up, after the time that
 * their rule gives them, and all of them when they are interrupted.
 */
export class CallStops {
  readonly #options: CallStopsOptions;
  readonly #requests = new Map<
    number,
    { readonly message: StopMessage; readonly answer: Deferred<StopOutcome> }
  >();
  #nextRequest = 1;
  #isClosed = false;

  constructor(options: CallStopsOptions) {
    this.#options = options;
  }

  /** The caller of this call has given up. */
  abandoned(call: AbandonedCall): void {
    if (call.rule.stop !== "signal") this.#later(call, call.rule.stopAfterMs);
  }

  /** Ends all calls of the worker; resolves with what has become of that, at the latest with the worker's end. */
  interrupt(): Promise<StopOutcome> {
    return this.#ask({});
  }

  answered({ request, outcome }: StoppedMessage): void {
    this.#requests.get(request)?.answer.resolve(outcome);
    this.#requests.delete(request);
  }

  /** The control channel is a new one: what was sent over the last one may be lost. */
  askAgain(): void {
    for (const { message } of this.#requests.values()) this.#options.post(message);
  }

  /** The worker is gone, and every call with it. */
  close(): void {
    this.#isClosed = true;
    for (const { answer } of this.#requests.values()) answer.resolve("told");
    this.#requests.clear();
  }

  #later(call: AbandonedCall, pauseMs: number): void {
    setTimeout(() => void this.#stop(call, pauseMs), pauseMs).unref();
  }

  async #stop(call: AbandonedCall, pausedMs: number): Promise<void> {
    if (call.isAnswered || this.#isClosed) return;
    // Answered meanwhile, its number must not have become another call's when the worker hears of it.
    call.isHeld = true;
    const mayKill = call.rule.stop === "kill";
    const limit = mayKill ? setTimeout(() => this.#kill(call), ANSWER_MS).unref() : undefined;
    const outcome = await this.#ask({ call: call.id });
    clearTimeout(limit);
    this.#options.letGo(call);
    if (call.isAnswered) return;
    // Told, it goes on; stuck, it can do nothing else. Held up by another call it has no part in that.
    if (mayKill && (outcome === "told" || outcome === "stuck")) return this.#kill(call);
    this.#later(call, Math.min(LONGEST_PAUSE_MS, 2 * pausedMs));
  }

  #kill({ rule, isAnswered }: AbandonedCall): void {
    if (isAnswered || this.#isClosed) return;
    this.#options.kill(
      `a call of its did not end within ${rule.stopAfterMs} ms after its caller had given up, and could not be broken off`,
    );
  }

  #ask(what: Omit<StopMessage, "request">): Promise<StopOutcome> {
    if (this.#isClosed) return Promise.resolve("told");
    const message: StopMessage = { request: this.#nextRequest++, ...what };
    const answer = deferred<StopOutcome>();
    this.#requests.set(message.request, { message, answer });
    this.#options.post(message);
    return answer.promise;
  }
}
