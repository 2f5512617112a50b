import type { StopMessage, StopOutcome } from "../protocol/control-messages.js";
import { CallBoard } from "../rpc/call-board.js";
import { delay } from "../util/time-limit.js";
import type { BreakOffResult, Verdict } from "./break-off.js";
import { mayBreakOff, type StackState } from "./stack-check.js";

export interface CallStopperOptions {
  readonly board: CallBoard;
  /** Script of the main thread's program. */
  readonly ownUrl: string;
  /** Asks the main thread to stop what it can. It says so with `reacted`, as soon as it comes to it. */
  readonly ask: (message: StopMessage) => void;
  readonly breakOff: (limitMs: number, decide: (state: StackState) => Verdict) => Promise<BreakOffResult>;
  /** Tells the main thread that it was broken off. */
  readonly brokenOff: () => void;
}

/** A thread that has not looked at its events for so long is held up. */
const REACT_MS = 100;
/** How long the main thread may take to stop where it is; in native code it does not. */
const BREAK_OFF_MS = 1_000;
/** It may be in a place that it leaves in a moment. */
const ATTEMPTS = 10;
const BETWEEN_ATTEMPTS_MS = 10;

/**
 * Stops calls of the main thread, from the control thread: by asking, and by force where the main thread does not come
 * to hear it because of the very call. Nothing else that the main thread does is ever broken off.
 */
export class CallStopper {
  readonly #options: CallStopperOptions;
  /** Ends the wait for the main thread's reaction, by request. */
  readonly #waiting = new Map<number, () => void>();
  /** One at a time uses the debugger interface. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: CallStopperOptions) {
    this.#options = options;
  }

  /** The main thread has done what it was asked. */
  reacted(request: number): void {
    this.#waiting.get(request)?.();
  }

  async stop(message: StopMessage): Promise<StopOutcome> {
    const reaction = new AbortController();
    this.#waiting.set(message.request, () => reaction.abort());
    this.#options.ask(message);
    try {
      await delay(REACT_MS, reaction.signal);
    } catch {
      return "told";
    } finally {
      this.#waiting.delete(message.request);
    }
    const forced = this.#last.then(() => this.#force(message, reaction.signal));
    this.#last = forced;
    return forced;
  }

  async #force(message: StopMessage, reaction: AbortSignal): Promise<StopOutcome> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (reaction.aborted) return "told";
      if (!this.#isAtWork(message)) return "held-up";
      const result = await this.#options.breakOff(BREAK_OFF_MS, (state) => this.#decide(message, state));
      if (result === "broken-off") {
        this.#options.brokenOff();
        return "broken-off";
      }
      if (result === "stuck") return "stuck";
      await delay(BETWEEN_ATTEMPTS_MS, NEVER);
    }
    return this.#isAtWork(message) ? "stuck" : "held-up";
  }

  #isAtWork({ call }: StopMessage): boolean {
    const mark = call === undefined ? undefined : CallBoard.markOf(call);
    const { board } = this.#options;
    return board.isOnStack(mark) || board.isAllThatOverlaps(mark);
  }

  /** The main thread stands still meanwhile. */
  #decide(message: StopMessage, state: StackState): Verdict {
    if (!this.#isAtWork(message)) return "missed";
    const { board, ownUrl } = this.#options;
    const isOnStack = board.isOnStack();
    if (!mayBreakOff(state, { ownUrl, isOnStack })) return "refused";
    if (!isOnStack && message.call !== undefined) board.lost = CallBoard.markOf(message.call);
    return "break-off";
  }
}

const NEVER = new AbortController().signal;
